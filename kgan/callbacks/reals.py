"""Real batches for a callback's measurements, from the data of `fit` or held-out images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from kgan.errors import UsageError
from kgan.models.given_data import given
from kgan.models.training_data import one_pass

if TYPE_CHECKING:
    from kgan.models.gan import GAN


def check_model(callback: keras.callbacks.Callback) -> None:
    """Check that the callback watches a GAN of kgan.

    Raises:
        UsageError: it is in the `fit` of another model.
    """
    model = callback.model
    if hasattr(model, "averaged_generator") and not hasattr(model, "generator_inputs"):
        raise UsageError(
            f"{type(callback).__name__} compares images that are generated from latents with real "
            f"ones; a {type(model).__name__} starts from other images. Leave the callback out, and "
            "watch its losses on validation_data."
        )
    if not hasattr(model, "averaged_generator"):
        raise UsageError(
            f"{type(callback).__name__} must be in the fit of a GAN of kgan; received "
            f"{type(model).__name__}. Of two Keras models, kgan.GAN(generator, discriminator) "
            "makes one."
        )


def training_rows(gan: GAN, n: int) -> dict[str, np.ndarray]:
    """The first `n` training images with their labels or conditions, fewer if there are fewer.

    At least two packs.

    Raises:
        UsageError: fewer than two packs of images.
    """
    return _first(gan, gan._data.separate_pass(), n, "x")  # type: ignore[union-attr]  # `fit` has made it


def held_out_rows(gan: GAN, held_out: Any, n: int, argument: str) -> dict[str, np.ndarray]:
    """The first `n` held-out images with their labels or conditions, fewer if there are fewer.

    At least two packs.

    Raises:
        UsageError: not what `gan.evaluate` takes, or fewer than two packs of images.
    """
    size = None
    images = held_out[0] if isinstance(held_out, tuple) and held_out else held_out
    if isinstance(images, np.ndarray) and images.ndim:
        # One batch, since images that do not fill one are left out.
        size = max(min(max(n, 2 * gan.pack), len(images)) // gan.pack, 1) * gan.pack
    return _first(gan, one_pass(gan, given(held_out, None, size, argument=argument)), n, argument)


def _first(gan: GAN, dataset: Any, n: int, argument: str) -> dict[str, np.ndarray]:
    """The first rows of the batches by name, whole packs."""
    n = max(n, 2 * gan.pack)
    collected: list[list[np.ndarray]] = [[] for _ in gan.batch_signature]
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
            f"{argument} must hold at least {2 * gan.pack} images; received {len(rows[0])}. Pass "
            "more images, or leave the callback out.",
            argument,
        )
    return {name: part[:whole] for name, part in zip(gan.batch_signature, rows, strict=True)}
