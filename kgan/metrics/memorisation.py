"""The Fréchet distance, raised where generated images are copies of training images: MiFID.

Bai, Lin, Raffel & Kan, "On Training Sample Memorization: Lessons from Benchmarking Generative
Modeling with a Large-scale Competition", 2021, arXiv:2106.03062, section 3.2.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kgan.batches import batches
from kgan.checks import check_number
from kgan.errors import UsageError
from kgan.metrics.check import check_feature_pair
from kgan.metrics.frechet import frechet_distance, statistics

_ENTRIES = 1 << 22  # similarities in memory at once: 32 MiB
_LEAST_DISTANCE = 1e-8  # a smaller Fréchet distance is 0 but for rounding
_LEAST_PENALTY = 1e-14  # of copies, which would be divided by 0


def mifid(real: Any, fake: Any, threshold: float = 0.1) -> float:
    """The Fréchet distance divided by the fakes' mean distance to their nearest training images.

    This divisor is the mean over the fakes of min 1 − |cos|, the minimum over the real images; from
    `threshold` on it counts as 1. It is the paper's; torchmetrics takes the mean over the real
    images instead, each to its nearest fake. Samples whose features are all 0 have no angle and are
    left out of it.

    Args:
        real: features of the training images `(n, d)`.
        fake: those of generated ones `(m, d)`.
        threshold: the mean distance below which fakes count as copies, 0 to 1; a sensible value
            depends on the extractor.

    Example:
        >>> distance = kgan.metrics.memorisation.mifid(real_features, fake_features)

    Raises:
        UsageError: invalid or constant features, fewer than two reals or fakes,
            different dimensions, or a threshold out of range.
    """
    threshold = check_number("threshold", threshold, 0)
    if threshold > 1:
        raise UsageError(
            f"threshold must be at most 1, a cosine; received {threshold:g}.", "threshold"
        )
    real, fake = check_feature_pair(real, fake, at_least=2)
    distance = frechet_distance(statistics(real), statistics(fake))
    if distance <= _LEAST_DISTANCE:
        return 0.0
    nearest = _mean_nearest(real, fake)
    return distance / (nearest + _LEAST_PENALTY) if nearest < threshold else distance


def _mean_nearest(real: np.ndarray, fake: np.ndarray) -> float:
    """The mean over the fakes of the least 1 − |cos| to a real one."""
    real, fake = _directions(real), _directions(fake)
    nearest = np.concatenate(
        [1 - np.abs(some @ real.T).max(1) for some in batches(fake, max(_ENTRIES // len(real), 1))]
    )
    return float(nearest.clip(0).mean())


def _directions(features: np.ndarray) -> np.ndarray:
    features = features[features.any(1)]
    # Divided by the largest first: squares of tiny or huge numbers would leave the range.
    features = features / np.abs(features).max(1, keepdims=True)
    return features / np.linalg.norm(features, axis=1, keepdims=True)
