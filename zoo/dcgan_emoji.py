"""DCGAN on emoji: 64x64 pixels in colour, on white.

Radford, Metz & Chintala, "Unsupervised Representation Learning with Deep Convolutional Generative
Adversarial Networks", 2016, arXiv:1511.06434, at a quarter of its width. DiffAugment (Zhao et al.,
"Differentiable Augmentation for Data-Efficient GAN Training", 2020, arXiv:2006.10738), since there
are 1,911 images only.
"""

from __future__ import annotations

import functools

import keras

import kgan
from kgan.zoo import _data

data = functools.partial(_data.data, source="emoji", channels=3)
epochs = 200


def model(image_shape: tuple[int, int, int] = (64, 64, 3), seed: int = 0) -> kgan.DCGAN:
    """The compiled GAN."""
    gan = kgan.DCGAN(image_shape, latent_dim=64, width=32, ema_halflife_images=10_000, seed=seed)
    gan.compile(
        loss="hinge",
        generator_optimizer=keras.optimizers.Adam(1e-3, beta_1=0.5),
        discriminator_optimizer=keras.optimizers.Adam(1e-3, beta_1=0.5),
        augment="diffaugment",
    )
    return gan
