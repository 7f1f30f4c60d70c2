"""SNGAN on Fashion-MNIST: spectral normalisation and the hinge loss.

Miyato et al., "Spectral Normalization for Generative Adversarial Networks", 2018, arXiv:1802.05957.
The networks are DCGAN's at a quarter of its width. One critic update a step and a rate that
begins ten times as high as the paper's, and falls on a cosine until the last epoch, learn faster.
"""

from __future__ import annotations

import keras

import kgan
from kgan.schedules import Cosine
from kgan.zoo._data import data as data

epochs = 77


def model(image_shape: tuple[int, int, int] = (28, 28, 1), seed: int = 0) -> kgan.SNGAN:
    """The compiled GAN."""
    gan = kgan.SNGAN(image_shape, latent_dim=64, width=32, ema_halflife_images=20_000, seed=seed)
    rate = Cosine(2e-3, 1e-4, steps=24_000)
    gan.compile(
        generator_optimizer=keras.optimizers.Adam(rate, beta_1=0.0, beta_2=0.99),
        discriminator_optimizer=keras.optimizers.Adam(rate, beta_1=0.0, beta_2=0.99),
        discriminator_steps=1,
    )
    return gan
