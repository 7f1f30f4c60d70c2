"""Colourisation of photographs: luminance to colour, learned on patches of 96x96 pixels.

Isola et al., "Image-to-Image Translation with Conditional Adversarial Networks", 2017,
arXiv:1611.07004, section 4.2. It departs from the paper for two cores: a quarter of the generator's
width in five halvings, a quarter of the discriminator's, which sees patches of 34x34; batches of
16, over which the generator normalizes, so that it also works in tiles; Adam at 5e-4 instead of
2e-4; an average of the generator. In place of Lab it has the chroma of JPEG, so that the luminance
is kept. Patches show up to six times as much along each side, made smaller, since colour follows
from what is seen. They are mirrored, not turned: the sky is above.
"""

from __future__ import annotations

import keras

import kgan
from kgan.networks import PatchGAN, UNet

epochs = 60


def data(
    source: str = "photos",
    batch_size: int = 16,
    seed: int = 0,
    resolution: int = 96,
    split: str = "train",
) -> kgan.data.ImageDataset:
    """Patches of the packaged photographs or of a folder; `resolution` is their size in pixels."""
    return kgan.data.patches(
        source,
        size=resolution,
        split=split,
        batch_size=batch_size,
        seed=seed,
        channels=3,
        rotate=False,
        zoom=6.0,
    )


def model(image_shape: tuple[int, int, int] = (96, 96, 3), seed: int = 0) -> kgan.Colorization:
    """The compiled model, which takes images of any size from 32 pixels on."""
    gan = kgan.Colorization(
        generator_network=UNet(width=16, depth=5, normalization="batch"),
        discriminator_network=PatchGAN(width=16, layers=2),
        ema_halflife_images=10_000,
        seed=seed,
    )
    gan.compile(
        loss="non_saturating",
        generator_optimizer=keras.optimizers.Adam(5e-4, beta_1=0.5),
        discriminator_optimizer=keras.optimizers.Adam(5e-4, beta_1=0.5),
    )
    return gan
