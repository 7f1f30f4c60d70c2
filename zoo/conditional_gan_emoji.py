"""Conditional GAN on emoji: 64x64 pixels in colour, of an asked category of Unicode's ten.

Miyato & Koyama, "cGANs with Projection Discriminator", 2018, arXiv:1802.05637, with DCGAN's
networks at a quarter of their width and DiffAugment (Zhao et al., 2020, arXiv:2006.10738), since
there are 1,911 images only.
"""

from __future__ import annotations

import keras

import kgan

epochs = 200


def data(
    source: str = "emoji",
    batch_size: int = 32,
    seed: int = 0,
    resolution: int | None = None,
    channels: int = 3,
    strict: bool = False,
) -> kgan.data.ImageDataset:
    """The packaged emoji with their categories, or other images with labels of ten classes."""
    return kgan.data.load(
        source,
        batch_size=batch_size,
        seed=seed,
        resolution=resolution,
        channels=channels,
        labels=True,
        strict=strict,
    )


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
        generator_optimizer=keras.optimizers.Adam(1e-3, beta_1=0.0),
        discriminator_optimizer=keras.optimizers.Adam(1e-3, beta_1=0.0),
        augment="diffaugment",
    )
    return gan
