"""The Fréchet distance between two sets of features, as if each were normally distributed.

Heusel, Ramsauer, Unterthiner, Nessler & Hochreiter, "GANs Trained by a Two Time-Scale Update Rule
Converge to a Local Nash Equilibrium", 2017, arXiv:1706.08500, equation 6. With the features of
Inception it is their FID. Other features have another scale: two figures are comparable only if
extractor, number of images and real images are the same.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from kgan.checks import check_integer
from kgan.errors import UsageError
from kgan.metrics.check import (
    check_classes,
    check_dimensions,
    check_feature_pair,
    check_features,
    check_varied,
)

_POINTS = 15  # of the fit to infinitely many samples

_TOLERANCE = 2e-7  # of the distance, within which rounding must stay


def statistics(
    features: Any, constant: bool = False, argument: str = "features"
) -> tuple[np.ndarray, np.ndarray]:
    """The mean `(d,)` and the unbiased covariance `(d, d)` of features `(n, d)`, float64.

    With n at most d the covariance is singular, which `frechet_distance` handles; but with so few
    samples the distance is biased upwards: use several times d.

    Args:
        features: of images.
        constant: whether to accept samples that are all the same.
        argument: what the errors call the features.

    Raises:
        UsageError: another rank, NaN or infinity, fewer than two samples, or no variance in any
            dimension.
    """
    features = check_features(argument, features, at_least=2)
    if not constant:
        check_varied(argument, features)
    mean = features.mean(0)
    features -= mean  # the check has copied them
    covariance = features.T @ features
    covariance /= len(features) - 1
    return mean, covariance


def frechet_distance(
    first: tuple[np.ndarray, np.ndarray], second: tuple[np.ndarray, np.ndarray]
) -> float:
    """|m₁ − m₂|² + tr(C₁ + C₂ − 2 (C₁C₂)^½) of two pairs `(mean, covariance)`; at least 0.

    Args:
        first: the `statistics` of one set of features.
        second: those of the other, in the same dimensions.

    Example:
        >>> first = kgan.metrics.frechet.statistics(real_features)
        >>> second = kgan.metrics.frechet.statistics(fake_features)
        >>> distance = kgan.metrics.frechet.frechet_distance(first, second)

    Raises:
        UsageError: no pairs of a vector and a symmetric matrix, NaN, or different dimensions.
    """
    mean_1, covariance_1 = _checked("first", first)
    mean_2, covariance_2 = _checked("second", second)
    check_dimensions(("first", "second"), len(mean_1), len(mean_2))
    offset = np.sum((mean_1 - mean_2) ** 2)
    overlap, error = _fast_overlap(covariance_1, covariance_2)
    distance = offset + np.trace(covariance_1 + covariance_2) - 2 * overlap
    if not error < _TOLERANCE * distance:
        distance = offset + _accurate(covariance_1, covariance_2)
    return float(distance)


def _fast_overlap(first: np.ndarray, second: np.ndarray) -> tuple[float, float]:
    """tr (C₁C₂)^½ of covariances that are far from singular, and twice its error, estimated.

    With C₁ = LLᵀ the eigenvalues of C₁C₂ are those of the symmetric LᵀC₂L. Rounding moves each by
    about ε |C₁| |C₂|, which changes the root of a small one most.
    """
    from scipy.linalg import eigvalsh, lapack

    factor, failed = lapack.dpotrf(first, lower=1)
    if failed:
        return math.nan, math.nan
    product, _ = lapack.dsygst(second, factor, itype=2, lower=1)  # its lower triangle
    values = eigvalsh(product, overwrite_a=True, check_finite=False).clip(0)
    # Up to four ε were measured at 2,048 dimensions, of either sign, so that most cancel. Roots of
    # values that are pure rounding are never negative, so these do not cancel.
    moved = 4 * np.finfo(np.float64).eps * np.linalg.norm(first) * np.linalg.norm(second)
    if moved == 0:
        return 0.0, 0.0
    clear = values > 100 * moved
    cancelling = np.sqrt(np.sum(moved**2 / (4 * values[clear])))
    return np.sqrt(values).sum(), 2 * (cancelling + np.sqrt(moved) * np.sum(~clear) * 10)


def _accurate(first: np.ndarray, second: np.ndarray) -> float:
    """tr(C₁ + C₂ − 2 (C₁C₂)^½), of singular and of almost equal covariances, too.

    With C₁ = F₁F₁ᵀ and C₂ = F₂F₂ᵀ it is the least |F₁ − F₂U|² of all orthogonal U, which the
    singular vectors of F₁ᵀF₂ give. Squares of small differences keep the digits that a difference
    of large traces loses, and what rounding does to U does not count to first order.
    """
    (values_1, axes_1), (values_2, axes_2) = _spectrum(first), _spectrum(second)
    # Both are in ascending order: what is 0 in both is dropped.
    rank = max(int(np.count_nonzero(values_1)), int(np.count_nonzero(values_2)), 1)
    factor_1 = axes_1[:, -rank:] * np.sqrt(values_1[-rank:])
    factor_2 = axes_2[:, -rank:] * np.sqrt(values_2[-rank:])
    left, _, right = np.linalg.svd(factor_1.T @ factor_2)
    return np.sum((factor_1 - factor_2 @ (left @ right).T) ** 2)


def frechet_distance_by_class(
    real_features: Any, real_labels: Any, fake_features: Any, fake_labels: Any
) -> dict[int, float]:
    """The distance within each class of the fakes, by class.

    Few samples per class bias it upwards: compare only figures with equally many.

    Args:
        real_features: of real images, `(n, d)`.
        real_labels: integers `(n,)`; classes that no fake has are unused.
        fake_features: of generated images, `(m, d)`.
        fake_labels: integers `(m,)`, the classes asked for.

    Raises:
        UsageError: invalid features or labels, constant features, different
            dimensions, or a class with fewer than two real or fake samples.
    """
    names = ("real_features", "fake_features")
    real, fake = check_feature_pair(real_features, fake_features, names=names)
    real_labels = check_classes("real_labels", real_labels, len(real))
    fake_labels = check_classes("fake_labels", fake_labels, len(fake))
    distances = {}
    for label in np.unique(fake_labels):
        pair = real[real_labels == label], fake[fake_labels == label]
        for argument, features in zip(("real_labels", "fake_labels"), pair, strict=True):
            if len(features) < 2:
                raise UsageError(
                    f"{argument} must have at least 2 samples of each class of fake_labels; "
                    f"received {len(features)} of class {label}. Generate or load more of it.",
                    argument,
                )
        # A class of identical fakes has a distance, too: a large one.
        distances[int(label)] = frechet_distance(
            *(statistics(features, constant=True) for features in pair)
        )
    return distances


def frechet_distance_infinite(
    real_statistics: tuple[np.ndarray, np.ndarray], fake_features: Any, seed: int = 0
) -> tuple[float, float]:
    """The distance that infinitely many fakes would have, and the standard error of this figure.

    Chong & Forsyth, "Effectively Unbiased FID and Inception Score and where to find them", 2020,
    arXiv:1911.07023, section 4: the bias of N samples is about proportional to 1/N, so a line over
    1/N is fitted to the distances of 15 random subsets, and its value at 0 taken. Their sizes are
    evenly spaced from a tenth of the samples (but more than there are dimensions, since fewer have
    a singular covariance and another bias) to all. The bias of the real samples stays.

    The figure may fall below 0. The error is that of the least squares; it ignores that the subsets
    share samples, and is therefore too small.

    Args:
        real_statistics: the `statistics` of the real features.
        fake_features: of generated images, `(n, d)`.
        seed: of the draw of the subsets.

    Raises:
        UsageError: invalid statistics, invalid or constant features, different
            dimensions, or fewer than 2 (d + 1) + 14 samples.
    """
    seed = check_integer("seed", seed, 0)
    fake = check_features("fake_features", fake_features)
    check_varied("fake_features", fake)
    n, dim = fake.shape
    least = 2 * (dim + 1) + _POINTS - 1
    if n < least:
        raise UsageError(
            f"fake_features must hold at least {least} samples, over twice the dimensions, for "
            f"an extrapolation; received {n}. Generate more images.",
            "fake_features",
        )
    random = np.random.default_rng(seed)
    sizes = np.linspace(max(n // 10, dim + 1), n, _POINTS).astype(int)
    distances = [
        # A small subset may hold one sample many times.
        frechet_distance(real_statistics, statistics(fake[chosen[:size]], constant=True))
        for size in sizes
        for chosen in [random.permutation(n)]
    ]
    return _intercept(1 / sizes, np.array(distances))


def _intercept(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """The value at 0 of the line of least squares, and its standard error."""
    offsets = x - x.mean()
    spread = offsets @ offsets
    slope = offsets @ y / spread
    residuals = y - y.mean() - slope * offsets
    variance = residuals @ residuals / (len(x) - 2)
    error = np.sqrt(variance * (1 / len(x) + x.mean() ** 2 / spread))
    return float(y.mean() - slope * x.mean()), float(error)


def _spectrum(covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues, ascending, and eigenvectors; values that are pure rounding are set to 0.

    Values below 0 show the size of the covariance's rounding; that of the decomposition is a few ε
    of the largest value. A value as small above 0 would add its root, which is not small: 1e-8 for
    1e-16.
    """
    values, vectors = np.linalg.eigh(covariance)
    values[values <= max(-2 * values[0], 4 * np.finfo(np.float64).eps * values[-1])] = 0
    return values, vectors


def _checked(argument: str, pair: Any) -> tuple[np.ndarray, np.ndarray]:
    fix = "Use kgan.metrics.frechet.statistics(features)."
    try:
        mean, covariance = (np.asarray(part, np.float64) for part in pair)
    except (TypeError, ValueError):
        raise UsageError(
            f"{argument} must be a pair (mean, covariance); received {type(pair).__name__}. {fix}",
            argument,
        ) from None
    if mean.ndim != 1 or not mean.size or covariance.shape != (len(mean), len(mean)):
        raise UsageError(
            f"{argument} must be a mean (d,) and a covariance (d, d); received the shapes "
            f"{mean.shape} and {covariance.shape}. {fix}",
            argument,
        )
    if not (np.isfinite(mean).all() and np.isfinite(covariance).all()):
        raise UsageError(f"{argument} must be finite; received NaN or infinity. {fix}", argument)
    # Those of `statistics` are symmetric to the last digit, which is faster to check.
    if not (np.array_equal(covariance, covariance.T) or np.allclose(covariance, covariance.T)):
        raise UsageError(
            f"{argument} must have a symmetric covariance; this one is not. {fix}", argument
        )
    return mean, covariance
