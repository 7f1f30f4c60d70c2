"""The Fréchet distance between two sets of features, as if each were normally distributed.

Heusel, Ramsauer, Unterthiner, Nessler & Hochreiter, "GANs Trained by a Two Time-Scale Update Rule
Converge to a Local Nash Equilibrium", 2017, arXiv:1706.08500, equation 6. It is their FID where the
features are those of Inception; with others the figures are of another scale, and two are
comparable only if extractor, number of images and real images are the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kgan.errors import UsageError
from kgan.metrics.check import check_features


def statistics(features: Any) -> tuple[np.ndarray, np.ndarray]:
    """The mean `(d,)` and the unbiased covariance `(d, d)` of features `(n, d)`, float64.

    With n at most d the covariance is singular, which `frechet_distance` can bear; but the distance
    of so few is biased upwards: use several times d.

    Raises:
        UsageError: another rank, NaN or infinity, or fewer than two samples.
    """
    features = check_features("features", features, at_least=2)
    mean = features.mean(0)
    centred = features - mean
    return mean, centred.T @ centred / (len(features) - 1)


def frechet_distance(
    first: tuple[np.ndarray, np.ndarray], second: tuple[np.ndarray, np.ndarray]
) -> float:
    """|m₁ − m₂|² + tr(C₁ + C₂ − 2 (C₁C₂)^½) of two pairs `(mean, covariance)`; at least 0.

    Args:
        first: the `statistics` of one set of features.
        second: those of the other, of as many dimensions.

    Raises:
        UsageError: no pairs of a vector and a symmetric matrix, NaN, or unlike dimensions.
    """
    mean_1, covariance_1 = _checked("first", first)
    mean_2, covariance_2 = _checked("second", second)
    if mean_1.shape != mean_2.shape:
        raise UsageError(
            f"first and second must have as many dimensions as each other; received {len(mean_1)} "
            f"and {len(mean_2)}. Take the features of both from the same extractor."
        )
    # The eigenvalues of C₁C₂ are the squared singular values of C₁^½ C₂^½. Unlike a root of the
    # product itself, which is not symmetric, these exist and are accurate for singular ones, too.
    product = _root(covariance_1) @ _root(covariance_2)
    overlap = np.linalg.svd(product, compute_uv=False).sum()
    distance = np.sum((mean_1 - mean_2) ** 2) + np.trace(covariance_1 + covariance_2) - 2 * overlap
    return max(float(distance), 0.0)


def _root(covariance: np.ndarray) -> np.ndarray:
    """The symmetric square root; eigenvalues that rounding left below 0 count as 0."""
    values, vectors = np.linalg.eigh(covariance)
    return (vectors * np.sqrt(values.clip(0))) @ vectors.T


def _checked(argument: str, pair: Any) -> tuple[np.ndarray, np.ndarray]:
    mend = "Use kgan.metrics.frechet.statistics(features)."
    try:
        mean, covariance = (np.asarray(part, np.float64) for part in pair)
    except (TypeError, ValueError):
        raise UsageError(
            f"{argument} must be a pair (mean, covariance); received {type(pair).__name__}. {mend}"
        ) from None
    if mean.ndim != 1 or covariance.shape != (len(mean), len(mean)):
        raise UsageError(
            f"{argument} must be a mean (d,) and a covariance (d, d); received the shapes "
            f"{mean.shape} and {covariance.shape}. {mend}"
        )
    if not (np.isfinite(mean).all() and np.isfinite(covariance).all()):
        raise UsageError(f"{argument} must be finite; received NaN or infinity. {mend}")
    if not np.allclose(covariance, covariance.T):
        raise UsageError(f"{argument} must have a symmetric covariance; this one is not. {mend}")
    return mean, covariance
