"""The nearest neighbours of features, and the accuracy of classifying by them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from kgan.checks import check_integer
from kgan.errors import UsageError
from kgan.metrics.check import check_classes, check_dimensions, check_features
from kgan.metrics.distances import Pairs
from kgan.validate import check_images

if TYPE_CHECKING:
    from PIL import Image

    from kgan.data import ImageDataset


def nearest(train_features: Any, features: Any, k: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """The k training samples nearest to each sample: their indices and distances, `(m, k)` each.

    The distance is Euclidean and float64. The nearest comes first, ties by index; the distance of a
    copy is 0.

    Args:
        train_features: what is searched, `(n, d)`.
        features: whose neighbours are searched for, `(m, d)`.
        k: neighbours of each sample, n at most.

    Example:
        >>> indices, distances = kgan.metrics.neighbours.nearest(real_features, fake_features, k=3)

    Raises:
        UsageError: invalid features, different dimensions, or fewer than k to search.
    """
    k = check_integer("k", k, 1)
    train_features = check_features("train_features", train_features)
    features = check_features("features", features)
    check_dimensions(("train_features", "features"), train_features.shape[1], features.shape[1])
    if k > len(train_features):
        raise UsageError(
            f"k must be at most the number of train_features; received {k} for "
            f"{len(train_features)}. Search more samples, or ask for fewer neighbours.",
            "k",
        )
    indices, squares = Pairs(features, train_features).nearest(k)
    return indices, np.sqrt(squares)


def one_nearest_neighbour_accuracy(
    train_features: Any, train_labels: Any, features: Any, labels: Any
) -> float:
    """The share of samples whose nearest training sample has their label, 0 to 1.

    The neighbour is that of `nearest`; it depends on the scale of the dimensions. With an encoder's
    features this is the measure of BiGAN (Donahue, Krähenbühl & Darrell, "Adversarial Feature
    Learning", 2017, arXiv:1605.09782, table 1).

    Args:
        train_features: what is searched, `(n, d)`.
        train_labels: integers `(n,)`.
        features: what is classified, `(m, d)`; no sample should be among the searched ones.
        labels: integers `(m,)`.

    Raises:
        UsageError: invalid features or labels, or different dimensions.
    """
    train_features = check_features("train_features", train_features)
    train_labels = check_classes("train_labels", train_labels, len(train_features))
    features = check_features("features", features)
    labels = check_classes("labels", labels, len(features))
    indices, _ = nearest(train_features, features)
    return float((train_labels[indices[:, 0]] == labels).mean())


def picture(
    images: Any, features: Any, data: ImageDataset, real_features: Any, k: int = 7
) -> Image.Image:
    """A grid with one row per image: the image, then the k real ones nearest to it.

    A row that repeats one picture shows a copy. Look at the rows yourself: weak features find
    neighbours anywhere, and pixels miss a copy that is shifted.

    Args:
        images: generated images, float32 `(n, height, width, channels)` in [-1, 1].
        features: theirs, `(n, d)`.
        data: the real images, of the same shape.
        real_features: those of a `kgan.metrics.Reference` of the data, `(m, d)`.
        k: real images per row, at most m.

    Raises:
        UsageError: invalid images or features, or different numbers or dimensions.
    """
    from kgan.images import grid
    from kgan.metrics.references import even_indices

    images = check_images(images, data.image_shape)
    indices, _ = nearest(real_features, features, k)
    if len(indices) != len(images):
        raise UsageError(
            f"features must be one row per image; received {len(indices)} for {len(images)} "
            "images.",
            "features",
        )
    if len(real_features) > data.num_images:
        raise UsageError(
            f"real_features must be at most one row per real image; received {len(real_features)} "
            f"for {data.num_images} images. Take the reference of these data.",
            "real_features",
        )
    chosen = even_indices(data.num_images, len(real_features))[indices]
    real = data.at(chosen.ravel()).reshape(*indices.shape, *data.image_shape)
    rows = np.concatenate([images[:, np.newaxis], real], axis=1)
    return grid(rows.reshape(-1, *data.image_shape), columns=k + 1)
