"""WGAN on Fashion-MNIST: a critic with clipped weights.

Arjovsky, Chintala & Bottou, "Wasserstein GAN", 2017, arXiv:1701.07875. The networks are DCGAN's at
a quarter of its width. Rates ten times as high as the paper's learn faster in minutes, and let the
critic come near the optimum, whose estimate is the distance, before the generator has moved far.
"""

from __future__ import annotations

import functools

import keras

import kgan
from kgan.zoo import _data

# Five critic updates of 32 images for each of the generator.
data = functools.partial(_data.data, batch_size=160)
epochs = 20


def model(image_shape: tuple[int, int, int] = (28, 28, 1), seed: int = 0) -> kgan.WGAN:
    """The compiled GAN."""
    gan = kgan.WGAN(image_shape, latent_dim=64, width=32, ema_halflife_images=20_000, seed=seed)
    gan.compile(
        generator_optimizer=keras.optimizers.RMSprop(5e-4, rho=0.99),
        discriminator_optimizer=keras.optimizers.RMSprop(5e-4, rho=0.99),
    )
    return gan
