"""Conditional GAN with a projection discriminator on Fashion-MNIST.

Miyato & Koyama, "cGANs with Projection Discriminator", 2018, arXiv:1802.05637. The networks are
DCGAN's at a quarter of its width.
"""

from __future__ import annotations

import functools

import keras

import kgan
from kgan.zoo import _data

data = functools.partial(_data.data, labels=True)
epochs = 20


def model(image_shape: tuple[int, int, int] = (28, 28, 1), seed: int = 0) -> kgan.ConditionalGAN:
    """The compiled GAN."""
    gan = kgan.ConditionalGAN(
        image_shape,
        classes=10,
        latent_dim=64,
        width=32,
        conditioning="projection",
        ema_halflife_images=20_000,
        seed=seed,
    )
    gan.compile(
        generator_optimizer=keras.optimizers.Adam(2e-3, beta_1=0.0, beta_2=0.99),
        discriminator_optimizer=keras.optimizers.Adam(2e-3, beta_1=0.0, beta_2=0.99),
        discriminator_steps=1,
    )
    return gan
