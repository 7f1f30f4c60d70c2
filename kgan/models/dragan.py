"""DRAGAN: the gradient held at one around the real images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import keras

from kgan.models.dcgan import DCGAN


# "kgan>DRAGAN" is the penalty.
@keras.saving.register_keras_serializable(package="kgan.models")
class DRAGAN(DCGAN):
    """The non-saturating game with a gradient penalty around the real images.

    The arguments are those of `DCGAN`. The discriminator normalises each image alone, since the
    penalty is of each image's own gradient.

    Example:
        >>> gan = kgan.DRAGAN((28, 28, 1), width=32)
        >>> gan.compile()
        >>> gan.fit(kgan.data.load("fashion_mnist", batch_size=32), epochs=12)

    Raises:
        UsageError: batch normalisation, or what `DCGAN` refuses.

    Kodali et al., "On Convergence and Stability of GANs", 2017, arXiv:1705.07215, algorithm 1.
    """

    paper_normalizations = ("layer", "none")
    refused_normalizations: ClassVar[Mapping[str, str]] = {
        "batch": "the penalty is one of each image's own gradient"
    }

    def compile_defaults(self) -> dict[str, Any]:
        return super().compile_defaults() | {"penalties": ("dragan",)}
