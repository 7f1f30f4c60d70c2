"""Checks of the features that many metrics take. NumPy only."""

from __future__ import annotations

from typing import Any

import numpy as np

from kgan.errors import UsageError

_LARGEST = 1e50  # so that the kernel distance's cubes of products stay finite


def check_features(argument: str, features: Any, at_least: int = 1) -> np.ndarray:
    """The features as float64 `(n, d)`, n at least `at_least`.

    Raises:
        UsageError: another rank, no numbers, NaN or infinity, or too few rows.
    """
    try:
        features = np.asarray(features)
    except ValueError as error:
        raise UsageError(
            f"{argument} must be numbers, one row per sample; {error}.", argument
        ) from None
    if features.dtype.kind not in "fiu":
        raise UsageError(
            f"{argument} must be numbers; received {features.dtype}. Pass floats.", argument
        )
    if features.ndim != 2 or features.shape[1] == 0:
        fix = f" Use {argument}.reshape(len({argument}), -1)." if features.ndim > 2 else ""
        raise UsageError(
            f"{argument} must have the shape (n, dimensions); received {features.shape}.{fix}",
            argument,
        )
    if len(features) < at_least:
        raise UsageError(
            f"{argument} must hold at least {at_least} samples; received {len(features)}. "
            "Generate or load more images.",
            argument,
        )
    features = features.astype(np.float64)
    largest = max(features.max(), -features.min())  # NaN if any is
    if not np.isfinite(largest):
        raise UsageError(
            f"{argument} must be finite; received NaN or infinity. Find the broken samples with "
            "np.isfinite(features).all(axis=1).",
            argument,
        )
    if largest > _LARGEST:
        raise UsageError(
            f"{argument} must be at most {_LARGEST:g} in absolute value, to keep products finite; "
            f"received {largest:.3g}. Scale the features down.",
            argument,
        )
    return features


def check_feature_pair(
    real: Any,
    fake: Any,
    at_least: int = 1,
    names: tuple[str, str] = ("real", "fake"),
    constant: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Two sets of features to compare, as float64 `(n, d)` and `(m, d)`.

    Args:
        real: the features of one set.
        fake: those of the other.
        at_least: how many samples each must hold.
        names: what the errors call them.
        constant: whether to accept samples that are all the same.

    Raises:
        UsageError: no features, too few, different dimensions, or no variance in any dimension.
    """
    first, second = (
        check_features(name, features, at_least)
        for name, features in zip(names, (real, fake), strict=True)
    )
    check_dimensions(names, first.shape[1], second.shape[1])
    if not constant:
        check_varied(names[0], first)
        check_varied(names[1], second)
    return first, second


def check_dimensions(names: tuple[str, str], first: int, second: int) -> None:
    """Check that the arguments of two names have the same number of dimensions.

    Raises:
        UsageError: they do not.
    """
    if first != second:
        raise UsageError(
            f"{names[0]} and {names[1]} must have the same number of dimensions; received {first} "
            f"and {second}. Take the features of both from the same extractor.",
            names[0],
        )


def check_varied(argument: str, features: np.ndarray) -> None:
    """Check that the samples are not all the same.

    Raises:
        UsageError: they are, or there is only one.
    """
    if (features == features[0]).all():
        raise not_varied(argument, len(features))


def not_varied(argument: str, count: int) -> UsageError:
    """The error of `count` samples that are all the same."""
    return UsageError(
        f"{argument} must vary in some dimension; received {count} copies of one sample. Look at "
        "the images: has the generator collapsed, or does the extractor return the same for all?",
        argument,
    )


def check_classes(argument: str, classes: Any, n: int) -> np.ndarray:
    """One integer per sample: labels of classes, or codes of clusters, `(n,)`.

    Raises:
        UsageError: another shape, or no integers; the message names the fix.
    """
    classes = np.asarray(classes)
    if classes.shape != (n,):
        fix = f" Use {argument}.reshape(-1)." if classes.size == n else ""
        raise UsageError(
            f"{argument} must have the shape ({n},), one per sample; received "
            f"{classes.shape}.{fix}",
            argument,
        )
    if classes.dtype.kind not in "iu":
        raise UsageError(
            f"{argument} must be integers; received {classes.dtype}. "
            f"From probabilities, use {argument}.argmax(axis=1).",
            argument,
        )
    return classes
