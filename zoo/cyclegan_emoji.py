"""CycleGAN between Google's drawings of emoji and Twitter's, 64x64 pixels, on white, unpaired.

Zhu, Park, Isola & Efros, "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial
Networks", 2017, arXiv:1703.10593, with its weights of cycle and identity, its pool of 50 fakes and
β₁ = 0.5. It departs from the paper for two cores: a quarter of the networks' width, four residual
blocks, patches of 34x34; batches of 8, over which the generators normalize (flat colours get lost
where each image is normalized by itself); Adam at 5e-4 instead of 2e-4, constant;
resize-convolutions; an average of the generators. No emoji is both source and target; 178 of the
1,911 are held out (`kgan.data.pairs("emoji", split="test")`).
"""

from __future__ import annotations

import keras

import kgan
from kgan.networks import PatchGAN, ResNetTranslator

epochs = 30


def data(
    source: str = "emoji",
    batch_size: int = 8,
    seed: int = 0,
    resolution: int | None = None,
    channels: int | None = 3,
    split: str = "train",
) -> kgan.data.ImageDataset:
    """The packaged drawings, a folder with trainA and trainB, or a TFDS set such as cycle_gan's."""
    return kgan.data.unpaired(
        source,
        split=split,
        batch_size=batch_size,
        seed=seed,
        resolution=resolution,
        channels=channels,
        mirror=True,
        jitter=4,
    )


def model(image_shape: tuple[int, int, int] = (64, 64, 3), seed: int = 0) -> kgan.CycleGAN:
    """The compiled model."""
    gan = kgan.CycleGAN(
        image_shape,
        pool_size=50,
        generator_network=ResNetTranslator(width=16, blocks=4, normalization="batch"),
        discriminator_network=PatchGAN(width=16, layers=2),
        ema_halflife_images=10_000,
        seed=seed,
    )
    gan.compile(
        loss="least_squares",
        generator_optimizer=keras.optimizers.Adam(5e-4, beta_1=0.5),
        discriminator_optimizer=keras.optimizers.Adam(5e-4, beta_1=0.5),
    )
    return gan
