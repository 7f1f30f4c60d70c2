"""The relativistic discriminator: real compared with fake."""

from __future__ import annotations

from typing import Any

import keras

from kgan.models.dcgan import DCGAN


@keras.saving.register_keras_serializable(package="kgan")
class RelativisticGAN(DCGAN):
    """The relativistic average game (RaSGAN); the arguments are those of `DCGAN`.

    `compile(loss="relativistic")` compares pairs instead (RpGAN).

    Example:
        >>> gan = kgan.RelativisticGAN((28, 28, 1), width=32)
        >>> gan.compile()
        >>> gan.fit(kgan.data.load("fashion_mnist", batch_size=32), epochs=12)

    Jolicoeur-Martineau, "The relativistic discriminator: a key element missing from standard GAN",
    2018, arXiv:1807.00734, section 4.3.
    """

    def compile_defaults(self) -> dict[str, Any]:
        return super().compile_defaults() | {"loss": "relativistic_average"}
