"""Precision and recall, density and coverage: fidelity and diversity separately.

Each set of features stands for the space within balls around its samples, which reach to their k-th
nearest neighbour. Precision and recall: Kynkäänniemi, Karras, Laine, Lehtinen & Aila, "Improved
Precision and Recall Metric for Assessing Generative Models", 2019, arXiv:1904.06991, equations 1
and 2. Density and coverage: Naeem, Oh, Uh, Choi & Yoo, "Reliable Fidelity and Diversity Metrics for
Generative Models", 2020, arXiv:2002.09797, equations 4 and 6. As in the latter's package prdc a
sample on the edge of a ball is outside, and a ball reaches to the k-th neighbour other than itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kgan.checks import check_integer
from kgan.metrics.check import check_feature_pair
from kgan.metrics.distances import Pairs


def precision_recall(
    real: Any, fake: Any, k: int = 3, constant: bool = False
) -> tuple[float, float]:
    """The share of fakes within the reals' balls, and of reals within the fakes'; 0 to 1 each.

    Both depend on the number of samples: compare only figures with equally many.

    Args:
        real: features of real images `(n, d)`.
        fake: those of generated ones `(m, d)`.
        k: the neighbour that a ball reaches to.
        constant: whether to accept samples that are all the same; their balls are empty.

    Example:
        >>> precision, recall = kgan.metrics.manifold.precision_recall(real_features, fake_features)

    Raises:
        UsageError: invalid or constant features, no more than k reals or fakes, or
            different dimensions.
    """
    k = check_integer("k", k, 1)
    real, fake = check_feature_pair(real, fake, at_least=k + 1, constant=constant)
    real_radii, fake_radii = _squared_radii(real, k), _squared_radii(fake, k)
    pairs = Pairs(real, fake)
    precise = np.zeros(len(fake), bool)
    recalled = np.empty(len(real), bool)
    for rows in pairs.blocks():
        squares = pairs.squares(rows)
        precise |= pairs.below(rows, squares, real_radii[rows, np.newaxis]).any(0)
        recalled[rows] = pairs.below(rows, squares, fake_radii).any(1)
    return float(precise.mean()), float(recalled.mean())


def density_coverage(real: Any, fake: Any, k: int = 5) -> tuple[float, float]:
    """The mean number of real balls that hold a fake, over k; and the share of balls that hold any.

    Density is about 1 where both sets have one distribution, and more where the fakes crowd among
    the reals; coverage lies within 0 to 1. Only the reals' balls are used, so that outliers among
    the fakes raise neither.

    Args:
        real: features of real images `(n, d)`.
        fake: those of generated ones `(m, d)`.
        k: the neighbour that a ball reaches to.

    Example:
        >>> density, coverage = kgan.metrics.manifold.density_coverage(real_features, fake_features)

    Raises:
        UsageError: invalid or constant features, no more than k reals or fakes, or
            different dimensions.
    """
    k = check_integer("k", k, 1)
    real, fake = check_feature_pair(real, fake, at_least=k + 1)
    radii = _squared_radii(real, k)
    pairs = Pairs(real, fake)
    held = 0
    covered = np.empty(len(real), bool)
    for rows in pairs.blocks():
        inside = pairs.below(rows, pairs.squares(rows), radii[rows, np.newaxis])
        held += int(inside.sum())
        covered[rows] = inside.any(1)
    return 1 / k * (held / len(fake)), float(covered.mean())


def _squared_radii(features: np.ndarray, k: int) -> np.ndarray:
    """The squared distance of each sample to its k-th neighbour other than itself."""
    return Pairs(features, features).nearest(k + 1)[1][:, k]
