"""What the recipes train on; each binds its own defaults with `functools.partial`."""

from __future__ import annotations

import kgan


def data(
    source: str = "fashion_mnist",
    batch_size: int = 32,
    seed: int = 0,
    resolution: int | None = None,
    channels: int | None = None,
    labels: bool = False,
    labelled: int | None = None,
    strict: bool = False,
) -> kgan.data.ImageDataset:
    """The packaged 10,000 images, or others; `source="tfds:fashion_mnist"` has all 60,000."""
    return kgan.data.load(
        source,
        batch_size=batch_size,
        seed=seed,
        resolution=resolution,
        channels=channels,
        labels=labels,
        labelled=labelled,
        strict=strict,
    )
