"""Conditional GAN on emoji: 64x64 pixels in colour, of a given category of Unicode's ten.

Miyato & Koyama, "cGANs with Projection Discriminator", 2018, arXiv:1802.05637, with DCGAN's
networks at a quarter of their width and DiffAugment (Zhao et al., 2020, arXiv:2006.10738), since
there are 1,911 images only.
"""

from __future__ import annotations

import functools

import keras

import kgan
from kgan.zoo import _data

data = functools.partial(_data.data, source="emoji", channels=3, labels=True)
epochs = 200


def model(image_shape: tuple[int, int, int] = (64, 64, 3), seed: int = 0) -> kgan.ConditionalGAN:
    """The compiled GAN."""
    gan = kgan.ConditionalGAN(
        image_shape,
        classes=10,
        latent_dim=64,
        width=32,
        conditioning="projection",
        ema_halflife_images=10_000,
        seed=seed,
    )
    gan.compile(
        generator_optimizer=keras.optimizers.Adam(1e-3, beta_1=0.0, beta_2=0.9),
        discriminator_optimizer=keras.optimizers.Adam(1e-3, beta_1=0.0, beta_2=0.9),
        discriminator_steps=1,
        augment="diffaugment",
    )
    return gan
