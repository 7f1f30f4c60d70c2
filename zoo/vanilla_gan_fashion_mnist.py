"""Vanilla GAN on Fashion-MNIST: multilayer perceptrons.

Goodfellow et al., "Generative Adversarial Networks", 2014, arXiv:1406.2661, with the non-saturating
loss of its section 3.
"""

from __future__ import annotations

import keras

import kgan
from kgan.zoo._data import data as data

epochs = 20


def model(image_shape: tuple[int, int, int] = (28, 28, 1), seed: int = 0) -> kgan.VanillaGAN:
    """The compiled GAN."""
    gan = kgan.VanillaGAN(
        image_shape, latent_dim=64, width=256, ema_halflife_images=20_000, seed=seed
    )
    gan.compile(
        "non_saturating",
        generator_optimizer=keras.optimizers.Adam(2e-4, beta_1=0.5),
        discriminator_optimizer=keras.optimizers.Adam(2e-4, beta_1=0.5),
    )
    return gan
