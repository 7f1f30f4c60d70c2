"""LSGAN: least squares in place of cross-entropy."""

from __future__ import annotations

from typing import Any

import keras

from kgan.models.dcgan import DCGAN


@keras.saving.register_keras_serializable(package="kgan")
class LSGAN(DCGAN):
    """Least squares in place of cross-entropy; the arguments are those of `DCGAN`.

    Far from the decision boundary, where cross-entropy is flat, squares still have a slope.

    Example:
        >>> gan = kgan.LSGAN((28, 28, 1), width=32)
        >>> gan.compile()
        >>> gan.fit(kgan.data.load("fashion_mnist", batch_size=32), epochs=12)

    Mao et al., "Least Squares Generative Adversarial Networks", 2017, arXiv:1611.04076,
    equation 9.
    """

    def compile_defaults(self) -> dict[str, Any]:
        return super().compile_defaults() | {"loss": "least_squares"}
