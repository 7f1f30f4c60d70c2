"""Segmentation of emoji on patches of photographs, 96x96 pixels, with an adversary.

Luc et al., "Semantic Segmentation using Adversarial Networks", 2016, arXiv:1611.08408, with the
paper's "scaling" of label maps, τ = 0.9. It departs from the paper: the networks are those of
pix2pix, a U-Net that is an eighth as wide and a discriminator that judges patches; both learn from
the first step on, with Adam; an average of the generator. The alpha of the emoji gives exact label
maps. 178 of the 1,911 emoji and three of the 15 photographs are held out (`split="test"`).
"""

from __future__ import annotations

import keras

import kgan
from kgan.networks import PatchGAN, UNet

epochs = 40


def data(
    source: str = "photos",
    batch_size: int = 16,
    seed: int = 0,
    resolution: int = 96,
    split: str = "train",
) -> kgan.data.ImageDataset:
    """Emoji on patches of the packaged photographs or of a folder."""
    return kgan.data.composites(
        source, size=resolution, split=split, batch_size=batch_size, seed=seed, zoom=4.0
    )


def model(image_shape: tuple[int, int, int] = (96, 96, 3), seed: int = 0) -> kgan.Segmentation:
    """The compiled model, which takes images of any size from 32 pixels on."""
    gan = kgan.Segmentation(
        classes=2,
        channels=image_shape[2],
        generator_network=UNet(width=16, depth=5, normalization="batch"),
        discriminator_network=PatchGAN(width=16, layers=2),
        adversarial_weight=0.1,
        ema_halflife_images=10_000,
        seed=seed,
    )
    gan.compile(
        loss="non_saturating",
        generator_optimizer=keras.optimizers.Adam(1e-3, beta_1=0.9),
        discriminator_optimizer=keras.optimizers.Adam(2e-4, beta_1=0.5),
    )
    return gan
