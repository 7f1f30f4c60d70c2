"""The diversity of samples: low for a generator that repeats itself.

The mean distance between pairs of samples of one class, as Zhu et al. measured diversity with LPIPS
features ("Toward Multimodal Image-to-Image Translation", 2017, arXiv:1711.11586, section 4.2). It
says nothing about quality: noise is diverse. Compare it with that of real images of the class.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kgan.errors import UsageError
from kgan.metrics.check import check_classes, check_features
from kgan.metrics.distances import Pairs


def mean_pairwise_distance(features: Any) -> float:
    """The mean Euclidean distance between the n(n − 1)/2 pairs of features `(n, d)`, float64.

    Distances below 1e-8 of the features' spread drown in rounding.

    Example:
        >>> features = np.array([[0.0, 0.0], [3.0, 4.0]])
        >>> float(kgan.metrics.diversity.mean_pairwise_distance(features))
        5.0

    Raises:
        UsageError: another rank, NaN or infinity, or fewer than two samples.
    """
    features = check_features("features", features, at_least=2)
    pairs = Pairs(features, features)
    total = 0.0
    for rows in pairs.blocks():
        # Each pair once: earlier blocks have compared this one with the rows before it.
        total += np.triu(np.sqrt(pairs.squares(rows, slice(rows.start, None))), 1).sum()
    return float(total / (len(features) * (len(features) - 1) / 2))


def diversity_by_class(features: Any, labels: Any) -> dict[int, float]:
    """The `mean_pairwise_distance` of features `(n, d)` within each class of labels `(n,)`.

    Raises:
        UsageError: invalid features or labels, or a class with a single sample.
    """
    features = check_features("features", features)
    labels = check_classes("labels", labels, len(features))
    classes, counts = np.unique(labels, return_counts=True)
    if counts.min() < 2:
        raise UsageError(
            f"labels must have at least two samples per class; received one of class "
            f"{classes[counts.argmin()]}. Generate more of it.",
            "labels",
        )
    return {int(label): mean_pairwise_distance(features[labels == label]) for label in classes}
