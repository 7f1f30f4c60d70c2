"""The relativistic average GAN on Fashion-MNIST: real compared with fake.

Jolicoeur-Martineau, "The relativistic discriminator", 2018, arXiv:1807.00734. The networks are
DCGAN's at a quarter of its width, the discriminator normalised by spectral norms, as the paper's is
on CIFAR-10; with them rates ten times as high learn faster in minutes.
"""

from __future__ import annotations

import keras

import kgan
from kgan.zoo._data import data as data

epochs = 20


def model(image_shape: tuple[int, int, int] = (28, 28, 1), seed: int = 0) -> kgan.RelativisticGAN:
    """The compiled GAN."""
    gan = kgan.RelativisticGAN(
        image_shape,
        latent_dim=64,
        width=32,
        normalization="spectral",
        ema_halflife_images=20_000,
        seed=seed,
    )
    gan.compile(
        generator_optimizer=keras.optimizers.Adam(2e-3, beta_1=0.0, beta_2=0.99),
        discriminator_optimizer=keras.optimizers.Adam(2e-3, beta_1=0.0, beta_2=0.99),
    )
    return gan
