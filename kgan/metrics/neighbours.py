"""The accuracy of the nearest neighbour: what features know of the classes without training."""

from __future__ import annotations

from typing import Any

import numpy as np

from kgan.errors import UsageError
from kgan.metrics.check import check_classes, check_features

_DISTANCES = 1 << 24  # in memory at once: 128 MiB


def one_nearest_neighbour_accuracy(
    train_features: Any, train_labels: Any, features: Any, labels: Any
) -> float:
    """The share of samples whose nearest training sample has their label, 0 to 1.

    The distance is Euclidean and float64; of equally near ones the first counts. It depends on the
    scale of the dimensions. With an encoder's features this is the measure of BiGAN (Donahue,
    Krähenbühl & Darrell, "Adversarial Feature Learning", 2017, arXiv:1605.09782, table 1).

    Args:
        train_features: what is searched, `(n, d)`.
        train_labels: integers `(n,)`.
        features: what is classified, `(m, d)`; no sample should be among the searched ones.
        labels: integers `(m,)`.

    Raises:
        UsageError: features or labels that are not such, or unlike dimensions.
    """
    train_features = check_features("train_features", train_features)
    train_labels = check_classes("train_labels", train_labels, len(train_features))
    features = check_features("features", features)
    labels = check_classes("labels", labels, len(features))
    if train_features.shape[1] != features.shape[1]:
        raise UsageError(
            "train_features and features must have as many dimensions as each other; received "
            f"{train_features.shape[1]} and {features.shape[1]}. Take both from the same encoder."
        )
    # |q − t|² − |q|² = |t|² − 2qt loses digits far from the origin.
    middle = train_features.mean(0)
    train_features = train_features - middle
    features = features - middle
    squares = np.square(train_features).sum(1)
    block = max(_DISTANCES // len(train_features), 1)
    right = 0
    for start in range(0, len(features), block):
        rows = slice(start, start + block)
        nearest = (squares - 2 * (features[rows] @ train_features.T)).argmin(1)
        right += int((train_labels[nearest] == labels[rows]).sum())
    return right / len(features)
