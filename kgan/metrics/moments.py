"""The mean and the covariance of features that come in batches."""

from __future__ import annotations

from typing import Any

import numpy as np

from kgan.checks import check_integer
from kgan.errors import UsageError
from kgan.metrics.check import check_features


class Moments:
    """The mean and the covariance of features that come in batches and are not kept.

    Chan, Golub & LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing Sample
    Variances", 1979, equation 2.1: means and centred products of two parts merge without the loss
    of digits that sums of squares would have.

    Args:
        dim: dimensions of the features.

    Attributes:
        count: how many samples were counted.
        varied: whether any differs from the first.

    Raises:
        UsageError: no integer of at least 1.
    """

    def __init__(self, dim: int):
        self.dim = check_integer("dim", dim, 1)
        self.count = 0
        self.varied = False
        self._first: np.ndarray | None = None
        self._mean = np.zeros(self.dim)
        self._products = np.zeros((self.dim, self.dim))

    def add(self, features: Any) -> None:
        """Add features `(n, dim)`.

        Raises:
            UsageError: another shape, NaN or infinity.
        """
        features = check_features("features", features)
        self._check("features", features.shape[1])
        self._compare(features)
        mean = features.mean(0)
        features -= mean  # the check has copied them
        self._merge(len(features), mean, features.T @ features)

    def merge(self, other: Moments) -> None:
        """Add what another instance has counted, which does not change.

        Raises:
            UsageError: no moments, or those of other dimensions.
        """
        if not isinstance(other, Moments):
            raise UsageError(f"other must be Moments; received {type(other).__name__}.", "other")
        self._check("other", other.dim)
        if other._first is not None:
            self._compare(other._first[np.newaxis])
            self.varied |= other.varied
            self._merge(other.count, other._mean, other._products)

    def statistics(self) -> tuple[np.ndarray, np.ndarray]:
        """`kgan.metrics.frechet.statistics` of all features so far, `varied` or not.

        Raises:
            UsageError: fewer than two samples.
        """
        if self.count < 2:
            raise UsageError(
                f"Moments must have counted at least 2 samples; received {self.count}. Call "
                "add(features) first."
            )
        return self._mean.copy(), self._products / (self.count - 1)

    def _compare(self, features: np.ndarray) -> None:
        if self._first is None:
            self._first = features[0].copy()
        self.varied = self.varied or bool((features != self._first).any())

    def _merge(self, count: int, mean: np.ndarray, products: np.ndarray) -> None:
        total = self.count + count
        step = mean - self._mean
        self._products += products
        self._products += np.outer(step, step * (self.count * count / total))
        self._mean += step * (count / total)
        self.count = total

    def _check(self, argument: str, dim: int) -> None:
        if dim != self.dim:
            raise UsageError(
                f"{argument} must have {self.dim} dimensions; received {dim}. Take all features "
                "from the same extractor.",
                argument,
            )
