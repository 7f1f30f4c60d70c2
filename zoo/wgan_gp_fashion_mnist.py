"""WGAN-GP on Fashion-MNIST: a critic with a gradient penalty.

Gulrajani et al., "Improved Training of Wasserstein GANs", 2017, arXiv:1704.00028. The networks are
DCGAN's at a quarter of its width.
"""

from __future__ import annotations

import functools

import keras

import kgan
from kgan.zoo import _data

# Five critic updates of 32 images for each of the generator.
data = functools.partial(_data.data, batch_size=160)
epochs = 20


def model(image_shape: tuple[int, int, int] = (28, 28, 1), seed: int = 0) -> kgan.WGANGP:
    """The compiled GAN."""
    gan = kgan.WGANGP(image_shape, latent_dim=64, width=32, ema_halflife_images=20_000, seed=seed)
    gan.compile(
        generator_optimizer=keras.optimizers.Adam(5e-4, beta_1=0.0, beta_2=0.9),
        discriminator_optimizer=keras.optimizers.Adam(5e-4, beta_1=0.0, beta_2=0.9),
    )
    return gan
