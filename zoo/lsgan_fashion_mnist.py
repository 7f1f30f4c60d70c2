"""LSGAN on Fashion-MNIST: least squares in place of cross-entropy.

Mao et al., "Least Squares Generative Adversarial Networks", 2017, arXiv:1611.04076. The networks
are DCGAN's at a quarter of its width.
"""

from __future__ import annotations

import keras

import kgan
from kgan.zoo._data import data as data

epochs = 20


def model(image_shape: tuple[int, int, int] = (28, 28, 1), seed: int = 0) -> kgan.LSGAN:
    """The compiled GAN."""
    gan = kgan.LSGAN(image_shape, latent_dim=64, width=32, ema_halflife_images=20_000, seed=seed)
    gan.compile(
        generator_optimizer=keras.optimizers.Adam(1e-3, beta_1=0.5),
        discriminator_optimizer=keras.optimizers.Adam(1e-3, beta_1=0.5),
    )
    return gan
