"""How well images were translated: retrieval of the right target, cycle error, copied sources.

All three compare images or features row by row with what belongs to them: row i of each array is
one held-out example. `kgan evaluate` scores images that are made of latents; these are for models
from images to images.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kgan.checks import check_integer, check_number
from kgan.errors import UsageError
from kgan.metrics.check import check_feature_pair
from kgan.metrics.distances import Pairs
from kgan.metrics.fidelity import check_pair, in_blocks


def retrieval(targets: Any, translations: Any, k: int = 1) -> float:
    """The share of translations whose own target is among the k targets nearest to it, 0 to 1.

    The distance is Euclidean and float64. Where targets are equally near, each order of them counts
    as likely: translations that are all the same score k / n, as guessing does. What the
    translations must beat is the share that the untranslated sources reach.

    Args:
        targets: features of the true targets, `(n, d)`.
        translations: features of the translations in the same order, `(n, d)`.
        k: nearest targets that count, 1 to n.

    Example:
        >>> kgan.metrics.translation.retrieval(real_features, real_features)
        1.0

    Raises:
        UsageError: invalid features, different numbers or dimensions, or k out of range.
    """
    targets, translations = check_feature_pair(
        targets, translations, names=("targets", "translations"), constant=True
    )
    if len(targets) != len(translations):
        raise UsageError(
            "targets and translations must be one row per example, in one order; received "
            f"{len(targets)} and {len(translations)}.",
            "targets",
        )
    k = check_integer("k", k, 1, len(targets))
    pairs, shares = Pairs(translations, targets), []
    for rows in pairs.blocks():
        squares, own = pairs.squares(rows), np.arange(rows.start, rows.stop)
        limits = pairs.exact(own, own)[:, np.newaxis]
        nearer = pairs.below(rows, squares, limits).sum(1)
        # The least number above a limit is the strict limit of what is at most as far.
        equal = pairs.below(rows, squares, np.nextafter(limits, np.inf)).sum(1) - nearer
        shares.append(np.clip((k - nearer) / equal, 0, 1))
    return float(np.concatenate(shares).mean())


def cycle_error(images: Any, cycled: Any) -> np.ndarray:
    """The mean absolute difference of each image and what came back of it: float64 `(n,)`, 0 to 2.

    Args:
        images: float32 `(n, height, width, channels)` in [-1, 1].
        cycled: what a model made of its translations of them, of the same shape.

    Example:
        >>> cycled = np.clip(photos + 0.5, -1, 1)  # translator.translate_back(translated)
        >>> bool((kgan.metrics.translation.cycle_error(photos, cycled) <= 0.5).all())
        True

    Raises:
        UsageError: no images of one shape.

    Zhu, Park, Isola & Efros, "Unpaired Image-to-Image Translation using Cycle-Consistent
    Adversarial Networks", 2017, arXiv:1703.10593, equation 2.
    """
    return in_blocks(_distance, *check_pair(images, cycled, ("images", "cycled")))


def copied_share(sources: Any, targets: Any, translations: Any, threshold: float = 0.1) -> float:
    """The share of translations that are copies of their sources, 0 to 1.

    A copy is at most `threshold` times as far from its source as the true target is, by the mean
    absolute difference of their pixels; where source and target are the same, none is a copy. A
    model that changes nothing scores near 1, and may score well elsewhere.

    Args:
        sources: float32 `(n, height, width, channels)` in [-1, 1].
        targets: the true targets, of the same shape.
        translations: what a model made of the sources, of the same shape.
        threshold: at least 0.

    Example:
        >>> targets = photos[:, ::-1]
        >>> kgan.metrics.translation.copied_share(photos, targets, translations=photos)
        1.0

    Raises:
        UsageError: no images of one shape, or a threshold below 0.
    """
    threshold = check_number("threshold", threshold, 0)
    truly = in_blocks(_distance, *check_pair(sources, targets, ("sources", "targets")))
    moved = in_blocks(_distance, *check_pair(sources, translations, ("sources", "translations")))
    return float(((moved <= threshold * truly) & (truly > 0)).mean())


def _distance(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return np.abs(first.astype(np.float64) - second).mean((1, 2, 3))
