"""Conditional GAN on Fashion-MNIST: a garment of a given class.

Mirza & Osindero, "Conditional Generative Adversarial Nets", 2014, arXiv:1411.1784. The networks are
DCGAN's at a quarter of its width; loss (hinge) and rates are those that learn fast.
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
        image_shape, classes=10, latent_dim=64, width=32, ema_halflife_images=20_000, seed=seed
    )
    gan.compile(
        "hinge",
        generator_optimizer=keras.optimizers.Adam(1e-3, beta_1=0.5),
        discriminator_optimizer=keras.optimizers.Adam(1e-3, beta_1=0.5),
    )
    return gan
