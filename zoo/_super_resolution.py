"""What the recipes of super-resolution share: patches of photographs, and the first stage."""

from __future__ import annotations

import keras

import kgan
from kgan.networks import SRVGG

STEPS = 85  # of 16 patches in an epoch of the packaged photographs


def data(
    source: str = "photos",
    batch_size: int = 16,
    seed: int = 0,
    channels: int | None = 3,
    strict: bool = False,
    split: str = "train",
) -> kgan.data.ImageDataset:
    """Patches of 96x96 pixels, and 24x24, of photographs and of smaller copies of them."""
    return kgan.data.patches(
        source,
        size=96,
        scale=4,
        split=split,
        batch_size=batch_size,
        seed=seed,
        channels=channels,
        strict=strict,
        zoom=3.0,
    )


def network() -> SRVGG:
    """The generator: 15 convolutions of 48 channels at low resolution."""
    return SRVGG(width=48, blocks=7, scale=4)


def pixels(gan: kgan.SRGAN, epochs: int) -> None:
    """Compile the first stage: the generator alone, Adam on a cosine to 0."""
    rate = keras.optimizers.schedules.CosineDecay(1e-3, STEPS * epochs)
    gan.compile(players=["generator"], generator_optimizer=keras.optimizers.Adam(rate))
