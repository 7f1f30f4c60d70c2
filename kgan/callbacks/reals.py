"""Real sides that a callback measures on, taken from what `fit` got or from held-out images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from kgan.data import ImageDataset
from kgan.errors import UsageError
from kgan.models.feed import once

if TYPE_CHECKING:
    from kgan.models.gan import GAN


def training_rows(gan: GAN, n: int) -> dict[str, np.ndarray]:
    """The first `n` training images with their labels or conditions, fewer if there are fewer.

    Raises:
        UsageError: fewer than two packs of images.
    """
    dataset = gan._feed.dataset  # type: ignore[union-attr]  # `fit` has made it
    if isinstance(dataset, ImageDataset):
        # A stream of its own: the training's order stays as it is.
        dataset = dataset.from_step(0).take(dataset.steps_per_epoch)
    return _first(gan, dataset, n, "x")


def held_out_rows(gan: GAN, held_out: Any, n: int, argument: str) -> dict[str, np.ndarray]:
    """The first `n` held-out images with their labels or conditions, fewer if there are fewer.

    Raises:
        UsageError: not what `gan.evaluate` takes, or fewer than two packs of images.
    """
    arrays = isinstance(held_out, (np.ndarray, tuple))
    size = None
    if arrays and len(held_out):
        images = held_out[0] if isinstance(held_out, tuple) else held_out
        # One batch, for what does not fill one is left out.
        size = max(min(n, len(images)) // gan.pack, 1) * gan.pack
    return _first(gan, once(gan, held_out, size, argument), n, argument)


def _first(gan: GAN, dataset: Any, n: int, argument: str) -> dict[str, np.ndarray]:
    """The first rows of the batches by name, whole packs."""
    collected: list[list[np.ndarray]] = [[] for _ in gan.batch_parts]
    count = 0
    for batch in dataset:
        for kept, part in zip(
            collected, batch if isinstance(batch, tuple) else (batch,), strict=True
        ):
            kept.append(np.asarray(part))
        count += len(collected[0][-1])
        if count >= n:
            break
    rows = [np.concatenate(kept)[:n] for kept in collected]
    whole = len(rows[0]) // gan.pack * gan.pack
    if whole < 2 * gan.pack:
        raise UsageError(
            f"{argument} must hold at least {2 * gan.pack} images; received {whole}. Pass more "
            "images, or a larger num_samples."
        )
    return {name: part[:whole] for name, part in zip(gan.batch_parts, rows, strict=True)}
