"""The Fréchet distance between two sets of features, as if each were normally distributed.

Heusel, Ramsauer, Unterthiner, Nessler & Hochreiter, "GANs Trained by a Two Time-Scale Update Rule
Converge to a Local Nash Equilibrium", 2017, arXiv:1706.08500, equation 6. It is their FID where the
features are those of Inception; with others the figures are of another scale, and two are
comparable only if extractor, number of images and real images are the same.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from kgan.errors import UsageError
from kgan.metrics.check import check_features

_TOLERANCE = 2e-7  # of the distance, within which rounding must stay


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
    offset = np.sum((mean_1 - mean_2) ** 2) + np.trace(covariance_1 + covariance_2)
    overlap, error = _fast_overlap(covariance_1, covariance_2)
    if not error < _TOLERANCE * (offset - 2 * overlap):
        overlap = _overlap(covariance_1, covariance_2)
    return max(float(offset - 2 * overlap), 0.0)


def _fast_overlap(first: np.ndarray, second: np.ndarray) -> tuple[float, float]:
    """tr (C₁C₂)^½ of covariances that are far from singular, and twice its error, estimated.

    With C₁ = LLᵀ the eigenvalues of C₁C₂ are those of the symmetric LᵀC₂L. Rounding moves each by
    about the ε-th part of the largest, of which the root of a small one feels much.
    """
    from scipy.linalg import blas, lapack

    factor, failed = lapack.dpotrf(first, lower=1)
    if failed:
        return math.nan, math.nan
    product = blas.dtrmm(1.0, factor, second, trans_a=1, lower=1)
    product = blas.dtrmm(1.0, factor, product, side=1, lower=1, overwrite_b=1)
    values = np.linalg.eigvalsh(product).clip(0)
    # Up to four ε were seen at 2,048 dimensions, of either sign, so that most cancel; the root of
    # a value that is rounding itself is never negative, and those do not.
    moved = 4 * np.finfo(np.float64).eps * values.max()
    if moved == 0:
        return 0.0, 0.0
    clear = values > 100 * moved
    cancelling = np.sqrt(np.sum(moved**2 / (4 * values[clear])))
    return np.sqrt(values).sum(), 2 * (cancelling + np.sqrt(moved) * np.sum(~clear) * 10)


def _overlap(first: np.ndarray, second: np.ndarray) -> float:
    """tr (C₁C₂)^½, accurate for singular covariances, too.

    The eigenvalues of C₁C₂ are the squared singular values of C₁^½ C₂^½. Unlike a root of the
    product itself, which is not symmetric, these exist, and none is squared on the way.
    """
    return np.linalg.svd(_root(first) @ _root(second), compute_uv=False).sum()


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
