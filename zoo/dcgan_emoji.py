"""DCGAN on emoji: 64x64 pixels in colour, on white.

Radford, Metz & Chintala, "Unsupervised Representation Learning with Deep Convolutional Generative
Adversarial Networks", 2016, arXiv:1511.06434, at a quarter of its width. DiffAugment (Zhao et al.,
"Differentiable Augmentation for Data-Efficient GAN Training", 2020, arXiv:2006.10738), since there
are 1,911 images only.
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
    """The packaged emoji, or other images."""
    return kgan.data.load(
        source,
        batch_size=batch_size,
        seed=seed,
        resolution=resolution,
        channels=channels,
        strict=strict,
    )


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
