"""DCGAN on Fashion-MNIST: recognisable garments in under three minutes on two CPU cores.

Radford, Metz & Chintala, "Unsupervised Representation Learning with Deep Convolutional Generative
Adversarial Networks", 2016, arXiv:1511.06434. The networks are the paper's at a
quarter of its width. Loss (hinge: Lim & Ye, "Geometric GAN", 2017, arXiv:1705.02894), learning
rate, batch and latents are what `benchmarks/default_recipe.py` found best for so short a training.
"""

from __future__ import annotations

import keras

import kgan
from kgan.zoo._data import data as data

epochs = 12


def model(image_shape: tuple[int, int, int] = (28, 28, 1), seed: int = 0) -> kgan.DCGAN:
    """The compiled GAN."""
    gan = kgan.DCGAN(image_shape, latent_dim=32, width=32, ema_halflife_images=10_000, seed=seed)
    gan.compile(
        loss="hinge",
        generator_optimizer=keras.optimizers.Adam(2e-3, beta_1=0.5),
        discriminator_optimizer=keras.optimizers.Adam(2e-3, beta_1=0.5),
    )
    return gan
