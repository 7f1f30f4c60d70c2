"""ACGAN on Fashion-MNIST: a discriminator that also tells the class.

Odena, Olah & Shlens, "Conditional Image Synthesis with Auxiliary Classifier GANs", 2017,
arXiv:1610.09585. The networks are DCGAN's at a quarter of its width. In place of the paper's batch
normalisation, with which the class head told real from fake batches and all else collapsed, the
discriminator is normalised spectrally, with the hinge loss; the class weighs less, for diversity.
"""

from __future__ import annotations

import functools

import keras

import kgan
from kgan.zoo import _data

data = functools.partial(_data.data, labels=True)
epochs = 20


def model(image_shape: tuple[int, int, int] = (28, 28, 1), seed: int = 0) -> kgan.ACGAN:
    """The compiled GAN."""
    gan = kgan.ACGAN(
        image_shape,
        classes=10,
        latent_dim=64,
        width=32,
        class_weight=0.3,
        ema_halflife_images=20_000,
        seed=seed,
        normalization="spectral",
    )
    gan.compile(
        "hinge",
        generator_optimizer=keras.optimizers.Adam(2e-3, beta_1=0.0, beta_2=0.99),
        discriminator_optimizer=keras.optimizers.Adam(2e-3, beta_1=0.0, beta_2=0.99),
    )
    return gan
