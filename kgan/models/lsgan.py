"""LSGAN: least squares in place of cross-entropy."""

from __future__ import annotations

from typing import Any

import keras

from kgan.models.dcgan import DCGAN


@keras.saving.register_keras_serializable(package="kgan")
class LSGAN(DCGAN):
    """Both players regress the discriminator's answer; the arguments are those of `DCGAN`.

    Far from the border the squares still have a slope where cross-entropy is flat.

    Mao et al., "Least Squares Generative Adversarial Networks", 2017, arXiv:1611.04076,
    equation 9.
    """

    def compile_defaults(self) -> dict[str, Any]:
        return super().compile_defaults() | {"loss": "least_squares"}
