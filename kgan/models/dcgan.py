"""DCGAN: the convolutional GAN."""

from __future__ import annotations

from typing import Any

import keras

from kgan.checks import check_integer, check_precision
from kgan.models.gan import GAN
from kgan.networks import dcgan


@keras.saving.register_keras_serializable(package="kgan")
class DCGAN(GAN):
    """The networks of DCGAN in the two-player game.

    Makes square images of 8 to 256 pixels, in steps of 4, with 1 to 4 channels. `latent_dim` is the
    length of a latent, `width` the number of channels next to the image, in both networks; `dtype`
    is a Keras precision policy ("float32", "mixed_float16", "mixed_bfloat16"), by default the
    global one. The defaults of `compile` are the paper's: non-saturating loss, Adam(0.0002,
    β₁ = 0.5).

    Raises:
        UsageError: an image shape that the networks cannot make, a count below 1, another dtype.

    Radford, Metz & Chintala, "Unsupervised Representation Learning with Deep Convolutional
    Generative Adversarial Networks", 2016, arXiv:1511.06434.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (64, 64, 3),
        latent_dim: int = 100,
        width: int = 128,
        ema_halflife_images: float | None = 10_000.0,
        seed: int = 0,
        dtype: str | None = None,
        name: str | None = None,
    ):
        seed = check_integer("seed", seed, 0, 2**31 - 1)
        dtype = check_precision("dtype", dtype or keras.config.dtype_policy().name)
        super().__init__(
            dcgan.generator(image_shape, latent_dim, width, seed, dtype),
            dcgan.discriminator(image_shape, width, seed, dtype),
            ema_halflife_images,
            seed,
            name,
        )
        self.width = width
        self.precision = dtype

    def get_config(self) -> dict[str, Any]:
        return {
            "image_shape": list(self.image_shape),
            "latent_dim": self.latent_dim,
            "width": self.width,
            "ema_halflife_images": self.ema_halflife_images,
            "seed": self.seed,
            "dtype": self.precision,
            "name": self.name,
        }
