"""WGAN-GP: a Wasserstein critic whose gradient is held at one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import keras

from kgan.models.dcgan import DCGAN


@keras.saving.register_keras_serializable(package="kgan")
class WGANGP(DCGAN):
    """A Wasserstein critic with a gradient penalty in place of clipping.

    The arguments are those of `DCGAN`. The critic normalises each image alone (layer
    normalisation), since the penalty is of each image's own gradient. Minus the logged
    `discriminator_loss` estimates the Wasserstein distance.

    Example:
        >>> gan = kgan.WGANGP((28, 28, 1), width=32)
        >>> gan.compile()
        >>> gan.fit(kgan.data.load("fashion_mnist", batch_size=5 * 32), epochs=60)

    Raises:
        UsageError: batch normalisation, or what `DCGAN` refuses.

    Gulrajani et al., "Improved Training of Wasserstein GANs", 2017, arXiv:1704.00028, algorithm 1.
    """

    paper_normalizations = ("layer", "none")
    refused_normalizations: ClassVar[Mapping[str, str]] = {
        "batch": "the penalty is one of each image's own gradient"
    }

    def compile_defaults(self) -> dict[str, Any]:
        return super().compile_defaults() | {
            "loss": "wasserstein",
            "generator_optimizer": keras.optimizers.Adam(1e-4, beta_1=0.0, beta_2=0.9),
            "discriminator_optimizer": keras.optimizers.Adam(1e-4, beta_1=0.0, beta_2=0.9),
            "penalties": ("gradient_penalty",),
            "discriminator_steps": 5,
        }
