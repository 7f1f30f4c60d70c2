"""How well unsupervised clusters match the classes, and k-means as a baseline."""

from __future__ import annotations

from typing import Any

import numpy as np

from kgan.checks import check_integer
from kgan.errors import UsageError
from kgan.metrics.check import check_classes, check_features


def assignment_accuracy(codes: Any, labels: Any) -> float:
    """The share of correct samples once each cluster is assigned to a class, 0 to 1.

    The assignment is the best of those that give no class to two clusters (the Hungarian algorithm:
    Kuhn, "The Hungarian Method for the Assignment Problem", 1955). Clusters beyond the number of
    classes are assigned to none, and their samples count as wrong. With k classes of equal size,
    random codes score a little above 1/k.

    Args:
        codes: the cluster of each sample, integers `(n,)`; for example InfoGAN's categorical code.
        labels: the class of each sample, integers `(n,)`.

    Example:
        >>> codes, labels = np.array([1, 1, 0, 0]), np.array([0, 0, 1, 0])
        >>> kgan.metrics.assignment.assignment_accuracy(codes, labels)
        0.75

    Raises:
        UsageError: no integers, different shapes, or no sample.
    """
    from scipy.optimize import linear_sum_assignment

    codes = np.asarray(codes)
    if codes.size == 0:
        raise UsageError(
            "codes must hold one integer per sample; received none. Pass some samples.", "codes"
        )
    codes = check_classes("codes", codes, codes.size)
    labels = check_classes("labels", labels, len(codes))
    clusters, codes = np.unique(codes, return_inverse=True)
    classes, labels = np.unique(labels, return_inverse=True)
    counts = np.zeros((len(clusters), len(classes)), np.int64)
    np.add.at(counts, (codes, labels), 1)
    return float(counts[linear_sum_assignment(counts, maximize=True)].sum() / len(codes))


def kmeans(
    features: Any, num_clusters: int, seed: int = 0, restarts: int = 5, iterations: int = 50
) -> np.ndarray:
    """The cluster of each of the features `(n, d)`, int32 `(n,)`, by k-means.

    On pixels it is a baseline for clustering by a GAN. Lloyd's iterations start from centres drawn
    by k-means++ (Arthur & Vassilvitskii, "k-means++: The Advantages of Careful Seeding", 2007); of
    the `restarts`, the one with the smallest sum of squared distances is kept. The same seed gives
    the same clusters with the same version of SciPy.

    Raises:
        UsageError: invalid features, or fewer than `num_clusters`; a count below 1.
    """
    from scipy.cluster import vq

    num_clusters = check_integer("num_clusters", num_clusters, 1)
    features = check_features("features", features, at_least=num_clusters)
    restarts = check_integer("restarts", restarts, 1)
    iterations = check_integer("iterations", iterations, 1)
    random = np.random.default_rng(check_integer("seed", seed, 0))
    best, least = np.zeros(len(features), np.int32), np.inf
    for _ in range(restarts):
        centres, _ = vq.kmeans2(
            features, num_clusters, iter=iterations, minit="++", missing="warn", seed=random
        )
        codes, distances = vq.vq(features, centres)
        if (total := np.square(distances).sum()) < least:
            best, least = codes.astype(np.int32), total
    return best
