"""Scores of the features of images that come in batches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from kgan.checks import check_integer
from kgan.errors import UsageError
from kgan.metrics.check import not_varied
from kgan.metrics.frechet import frechet_distance, frechet_distance_infinite, statistics
from kgan.metrics.kernel import kernel_distance
from kgan.metrics.manifold import density_coverage, precision_recall
from kgan.metrics.memorisation import mifid
from kgan.metrics.moments import Moments
from kgan.metrics.references import Reference
from kgan.metrics.streaming.feature_metric import FeatureMetric, missing


class FrechetDistance(FeatureMetric):
    """The Fréchet distance (`kgan.metrics.frechet`); keeps only the moments of the features.

    Example:
        >>> metric = kgan.metrics.streaming.FrechetDistance("judge_fashion_mnist")
        >>> metric.update_state(real, fake)
        >>> distance = metric.result()
    """

    def _add(self, kind: str, features: np.ndarray) -> None:
        self._moments.setdefault(kind, Moments(features.shape[1])).add(features)

    def result(self) -> float:
        """The distance of the images so far.

        Raises:
            UsageError: fewer than two real or fake images, or features that do not vary.
        """
        real = self.reference.statistics if self.reference else self._statistics("real")
        return frechet_distance(real, self._statistics("fake"))

    def _statistics(self, kind: str) -> tuple[np.ndarray, np.ndarray]:
        if kind not in self._moments:
            raise missing(kind)
        moments = self._moments[kind]
        if moments.count < 2:
            raise UsageError(f"{kind} images must be at least 2; received 1.", kind)
        if not moments.varied:
            raise not_varied(kind, moments.count)
        return moments.statistics()

    def reset_state(self) -> None:
        """Forget all images, the reference excepted."""
        self._moments: dict[str, Moments] = {}


class FrechetDistanceInfinite(FeatureMetric):
    """The Fréchet distance extrapolated to infinitely many fakes (`kgan.metrics.frechet`).

    Args:
        extractor, reference, name: as for `FeatureMetric`.
        seed: of the draw of the subsets.

    Example:
        >>> metric = kgan.metrics.streaming.FrechetDistanceInfinite("judge_fashion_mnist")
        >>> metric.update_state(real, fake)
        >>> distance, error = metric.result().values()
    """

    def __init__(
        self,
        extractor: Any,
        reference: Reference | None = None,
        seed: int = 0,
        name: str | None = None,
    ):
        super().__init__(extractor, reference, name)
        self.seed = check_integer("seed", seed, 0)

    def result(self) -> dict[str, float]:
        """`distance`, to which that of the images so far falls, and its standard `error`.

        Raises:
            UsageError: fewer than 2 (d + 1) + 14 fakes, or fewer than two reals.
        """
        real = self.reference.statistics if self.reference else None
        if real is None:
            real = statistics(self._features("real"), argument="real")
        found = frechet_distance_infinite(real, self._features("fake"), self.seed)
        return dict(zip(("distance", "error"), found, strict=True))


class FeatureFunction(FeatureMetric):
    """A function of both sets of features, such as `kgan.metrics.neighbours.nearest`.

    Args:
        function: `(real, fake)`, features `(n, d)` each, to one value or several.
        extractor, reference, name: as for `FeatureMetric`.

    Example:
        >>> diversity = kgan.metrics.diversity.mean_pairwise_distance
        >>> metric = kgan.metrics.streaming.FeatureFunction(
        ...     lambda real, fake: diversity(fake) / diversity(real), "judge_fashion_mnist"
        ... )
        >>> metric.update_state(real, fake)
        >>> share = metric.result()
    """

    def __init__(
        self,
        function: Callable[[np.ndarray, np.ndarray], Any],
        extractor: Any,
        reference: Reference | None = None,
        name: str | None = None,
    ):
        super().__init__(extractor, reference, name)
        self.function = function

    def result(self) -> Any:
        """The function's value for the images so far.

        Raises:
            UsageError: what the function refuses.
        """
        return self.function(self._features("real"), self._features("fake"))


class KernelDistance(FeatureMetric):
    """The kernel distance (`kgan.metrics.kernel`), KID with the features of Inception.

    Example:
        >>> metric = kgan.metrics.streaming.KernelDistance("judge_fashion_mnist", subset_size=100)
        >>> metric.update_state(real, fake)
        >>> distance, error = metric.result().values()
    """

    def __init__(
        self,
        extractor: Any,
        reference: Reference | None = None,
        subsets: int = 100,
        subset_size: int = 1000,
        seed: int = 0,
        name: str | None = None,
    ):
        super().__init__(extractor, reference, name)
        self.subsets = check_integer("subsets", subsets, 2)
        self.subset_size = check_integer("subset_size", subset_size, 2)
        self.seed = check_integer("seed", seed, 0, 2**32 - 1)

    def result(self) -> dict[str, float]:
        """`distance`, the mean over the subsets of the images so far, and its standard `error`.

        Raises:
            UsageError: fewer real or fake images than a subset has.
        """
        pair = self._features("real"), self._features("fake")
        found = kernel_distance(*pair, self.subsets, self.subset_size, self.seed)
        return dict(zip(("distance", "error"), found, strict=True))


class PrecisionRecall(FeatureMetric):
    """Improved precision and recall (`kgan.metrics.manifold`).

    Example:
        >>> metric = kgan.metrics.streaming.PrecisionRecall("judge_fashion_mnist", k=3)
        >>> metric.update_state(real, fake)
        >>> precision, recall = metric.result().values()
    """

    names = ("precision", "recall")
    function: Callable[..., tuple[float, float]] = staticmethod(precision_recall)

    def __init__(
        self,
        extractor: Any,
        reference: Reference | None = None,
        k: int = 3,
        name: str | None = None,
    ):
        super().__init__(extractor, reference, name)
        self.k = check_integer("k", k, 1)

    def result(self) -> dict[str, float]:
        """Both figures of the images so far, by name.

        Raises:
            UsageError: no more than k real or fake images.
        """
        values = self.function(self._features("real"), self._features("fake"), self.k)
        return dict(zip(self.names, values, strict=True))


class DensityCoverage(PrecisionRecall):
    """Density and coverage (`kgan.metrics.manifold`); `k` is 5 by default, as in the paper.

    Example:
        >>> metric = kgan.metrics.streaming.DensityCoverage("judge_fashion_mnist", k=5)
        >>> metric.update_state(real, fake)
        >>> density, coverage = metric.result().values()
    """

    names = ("density", "coverage")
    function = staticmethod(density_coverage)

    def __init__(
        self,
        extractor: Any,
        reference: Reference | None = None,
        k: int = 5,
        name: str | None = None,
    ):
        super().__init__(extractor, reference, k, name)


class MemorisationInformedFrechetDistance(FeatureMetric):
    """MiFID (`kgan.metrics.memorisation`): the Fréchet distance, higher if fakes copy reals.

    Example:
        >>> kind = kgan.metrics.streaming.MemorisationInformedFrechetDistance
        >>> metric = kind("judge_fashion_mnist")
        >>> metric.update_state(real, fake)
        >>> distance = metric.result()
    """

    def result(self) -> float:
        """The distance of the images so far.

        Raises:
            UsageError: fewer than two real or fake images.
        """
        return mifid(self._features("real"), self._features("fake"))
