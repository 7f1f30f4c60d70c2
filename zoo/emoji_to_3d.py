"""Pix2Pix from Google's flat drawings of emoji to Microsoft's 3D ones, 128x128 pixels, on white.

Isola et al., "Image-to-Image Translation with Conditional Adversarial Networks", 2017,
arXiv:1611.07004, with its random jitter (section 6.2), β₁ = 0.5 and patches of 70x70. It departs
from the paper for two cores: a fifth of the generator's width in five halvings, a quarter of the
discriminator's; batches of 16, over which the generator normalizes (flat colours get lost where
each image is normalized by itself); Adam at 1e-3 and 5e-4 instead of 2e-4; an average of the
generator. L1 has a quarter of the paper's weight, for the artists drew other shapes, too, and what
is not aligned to the pixel becomes a blur. Pairs are not mirrored, for in 3D the light comes from
one side. The sources are drawings of 64x64 pixels, enlarged. 171 of the 1,852 emoji are held out
(`split="test"`).
"""

from __future__ import annotations

import keras

import kgan
from kgan.networks import PatchGAN, UNet
from kgan.terms import L1

epochs = 60


def data(
    source: str = "emoji_3d",
    batch_size: int = 16,
    seed: int = 0,
    resolution: int | None = None,
    channels: int | None = 3,
    split: str = "train",
) -> kgan.data.ImageDataset:
    """The packaged pairs, or a folder of files that hold both images beside each other."""
    return kgan.data.pairs(
        source,
        split=split,
        batch_size=batch_size,
        seed=seed,
        resolution=resolution,
        channels=channels,
        jitter=8,
    )


def model(image_shape: tuple[int, int, int] = (128, 128, 3), seed: int = 0) -> kgan.Pix2Pix:
    """The compiled model; of the shape it needs the channels alone."""
    gan = kgan.Pix2Pix(
        channels=image_shape[2],
        generator_network=UNet(width=12, depth=5, normalization="batch"),
        discriminator_network=PatchGAN(width=16, layers=3),
        content_terms=[L1(25.0)],
        ema_halflife_images=10_000,
        seed=seed,
    )
    gan.compile(
        loss="non_saturating",
        generator_optimizer=keras.optimizers.Adam(1e-3, beta_1=0.5),
        discriminator_optimizer=keras.optimizers.Adam(5e-4, beta_1=0.5),
    )
    return gan
