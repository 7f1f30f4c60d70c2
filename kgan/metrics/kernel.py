"""The kernel distance between two sets of features: KID where they are those of Inception.

Bińkowski, Sutherland, Arbel & Gretton, "Demystifying MMD GANs", 2018, arXiv:1801.01401, section 4:
the squared maximum mean discrepancy with the kernel (x·y/d + 1)³. Unlike the Fréchet distance its
estimate has no bias, whatever the number of samples; it may fall below 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kgan.checks import check_integer
from kgan.errors import UsageError
from kgan.metrics.check import check_feature_pair


def kernel_distance(
    real: Any,
    fake: Any,
    subsets: int = 100,
    subset_size: int = 1000,
    seed: int = 0,
    degree: int = 3,
) -> tuple[float, float]:
    """The mean of `mmd2` over random subsets, and the standard error of this mean.

    The error is that of drawing the subsets, which overlap: with other images the distance varies
    more. Each subset is drawn without replacement; the same seed gives the same ones, and those of
    torch-fidelity.

    Args:
        real: features of real images `(n, d)`.
        fake: those of generated ones `(m, d)`.
        subsets: how many are drawn, at least 2.
        subset_size: real samples, and as many fakes, in each subset, at least 2.
        seed: of the draw.
        degree: the kernel's exponent.

    Example:
        >>> distance, error = kgan.metrics.kernel.kernel_distance(
        ...     real_features, fake_features, subset_size=100
        ... )

    Raises:
        UsageError: invalid or constant features, fewer than a subset has,
            different dimensions, or numbers out of range.
    """
    subsets = check_integer("subsets", subsets, 2)
    subset_size = check_integer("subset_size", subset_size, 2)
    seed = check_integer("seed", seed, 0, 2**32 - 1)
    degree = check_integer("degree", degree, 1)
    real, fake = check_feature_pair(real, fake)
    if min(len(real), len(fake)) < subset_size:
        raise UsageError(
            f"subset_size={subset_size} must not exceed the {len(real)} reals or the {len(fake)} "
            f"fakes. Generate or load at least {subset_size}, or lower subset_size.",
            "subset_size",
        )
    # The older generator, since its draws are those of torch-fidelity: the figures are the same.
    random = np.random.RandomState(seed)
    distances = np.empty(subsets)
    for index in range(subsets):
        chosen = [random.choice(len(each), subset_size, replace=False) for each in (real, fake)]
        distances[index] = _mmd2(real[chosen[0]], fake[chosen[1]], degree)
    return float(distances.mean()), float(distances.std(ddof=1) / np.sqrt(subsets))


def mmd2(x: Any, y: Any, degree: int = 3) -> float:
    """The unbiased squared maximum mean discrepancy of features `(n, d)` and `(m, d)`.

    The mean kernel of distinct samples of x, plus that of y, minus twice that of x with y.

    Raises:
        UsageError: invalid features, fewer than two samples, or different dimensions.
    """
    degree = check_integer("degree", degree, 1)
    return _mmd2(*check_feature_pair(x, y, at_least=2, names=("x", "y"), constant=True), degree)


def _mmd2(x: np.ndarray, y: np.ndarray, degree: int) -> float:
    within = 0.0
    for features in (x, y):
        kernel = _kernel(features, features, degree)
        within += (kernel.sum() - np.trace(kernel)) / (len(features) * (len(features) - 1))
    return float(within - 2 * _kernel(x, y, degree).mean())


def _kernel(x: np.ndarray, y: np.ndarray, degree: int) -> np.ndarray:
    base = x @ y.T
    base /= x.shape[1]
    base += 1
    power = base.copy()
    for _ in range(degree - 1):  # several times as fast as base**degree
        power *= base
    return power
