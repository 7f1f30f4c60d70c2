"""Metrics of images that come in batches, as Keras metrics: no more images than a batch are held.

Each is fed with `update_state(real, fake)`, eagerly; either may be None. What is kept are features,
or their sums; `result()` is then the function of them that the metric is named after.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from kgan.checks import check_integer
from kgan.errors import UsageError
from kgan.metrics import extractors
from kgan.metrics.frechet import Moments, frechet_distance
from kgan.metrics.inception_score import inception_score
from kgan.metrics.kernel import kernel_distance
from kgan.metrics.manifold import density_coverage, precision_recall
from kgan.metrics.memorisation import mifid
from kgan.metrics.ms_ssim import ms_ssim
from kgan.metrics.references import Reference, check_protocol
from kgan.metrics.sliced_wasserstein import PatchPyramid, level_distances


class FeatureMetric(keras.metrics.Metric):
    """A score of two sets of images, of which the features are kept; the base of what follows.

    Args:
        extractor: what `kgan.metrics.extractors.get` takes.
        reference: the real images' side, made earlier; then only fakes are fed.
        name: of the metric.

    Raises:
        UsageError: an unknown extractor, or a reference of another one.
    """

    def __init__(self, extractor: Any, reference: Reference | None = None, name: str | None = None):
        super().__init__(name=name)
        self.extractor = extractors.get(extractor)
        if reference is not None:
            check_protocol("reference", reference, extractor=self.extractor.description)
        self.reference = reference
        self._sides: dict[str, list[np.ndarray]] = {"real": [], "fake": []}

    def update_state(self, real: Any = None, fake: Any = None) -> None:
        """Take images `(n, height, width, channels)` in [-1, 1] of either side.

        Raises:
            UsageError: images that the extractor does not take.
        """
        for side, images in (("real", real), ("fake", fake)):
            if images is not None:
                self._add(side, self.extractor.features(np.asarray(images)))

    def _add(self, side: str, features: np.ndarray) -> None:
        self._sides[side].append(features)

    def _features(self, side: str) -> np.ndarray:
        """All features of a side."""
        if side == "real" and self.reference is not None:
            return self.reference.features
        if not self._sides[side]:
            raise _missing(side)
        return np.concatenate(self._sides[side])

    def reset_state(self) -> None:
        """Forget all images, the reference excepted."""
        self._sides = {"real": [], "fake": []}


class FrechetDistance(FeatureMetric):
    """The Fréchet distance (`kgan.metrics.frechet`); of the features the moments alone are kept."""

    def __init__(self, extractor: Any, reference: Reference | None = None, name: str | None = None):
        super().__init__(extractor, reference, name)
        self.reset_state()

    def _add(self, side: str, features: np.ndarray) -> None:
        self._moments.setdefault(side, Moments(features.shape[1])).add(features)

    def result(self) -> float:
        """The distance of the images so far.

        Raises:
            UsageError: fewer than two images of a side.
        """
        real = self.reference.statistics if self.reference else self._statistics("real")
        return frechet_distance(real, self._statistics("fake"))

    def _statistics(self, side: str) -> tuple[np.ndarray, np.ndarray]:
        if side not in self._moments:
            raise _missing(side)
        return self._moments[side].statistics()

    def reset_state(self) -> None:
        """Forget all images, the reference excepted."""
        self._moments: dict[str, Moments] = {}


class KernelDistance(FeatureMetric):
    """The kernel distance (`kgan.metrics.kernel`), KID with the features of Inception."""

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
        self.seed = check_integer("seed", seed, 0)

    def result(self) -> float:
        """The mean over the subsets of the images so far.

        Raises:
            UsageError: fewer images of a side than a subset has.
        """
        sides = self._features("real"), self._features("fake")
        return kernel_distance(*sides, self.subsets, self.subset_size, self.seed)[0]


class PrecisionRecall(FeatureMetric):
    """Improved precision and recall (`kgan.metrics.manifold`)."""

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
        """`precision` and `recall` of the images so far.

        Raises:
            UsageError: no more than k images of a side.
        """
        values = precision_recall(self._features("real"), self._features("fake"), self.k)
        return dict(zip(("precision", "recall"), values, strict=True))


class DensityCoverage(FeatureMetric):
    """Density and coverage (`kgan.metrics.manifold`)."""

    def __init__(
        self,
        extractor: Any,
        reference: Reference | None = None,
        k: int = 5,
        name: str | None = None,
    ):
        super().__init__(extractor, reference, name)
        self.k = check_integer("k", k, 1)

    def result(self) -> dict[str, float]:
        """`density` and `coverage` of the images so far.

        Raises:
            UsageError: no more than k images of a side.
        """
        values = density_coverage(self._features("real"), self._features("fake"), self.k)
        return dict(zip(("density", "coverage"), values, strict=True))


class MemorisationInformedFrechetDistance(FeatureMetric):
    """MiFID (`kgan.metrics.memorisation`)."""

    def result(self) -> float:
        """The distance of the images so far.

        Raises:
            UsageError: fewer than two images of a side.
        """
        return mifid(self._features("real"), self._features("fake"))


class InceptionScore(keras.metrics.Metric):
    """The inception score (`kgan.metrics.inception_score`) of generated images; keeps logits.

    Args:
        extractor: what `kgan.metrics.extractors.get` takes; it must tell classes.
        splits: parts of the images, over which the score is averaged.
        seed: of the order in which they are split.
        name: of the metric.
    """

    def __init__(self, extractor: Any, splits: int = 10, seed: int = 0, name: str | None = None):
        super().__init__(name=name)
        self.extractor = extractors.get(extractor)
        self.splits = check_integer("splits", splits, 1)
        self.seed = check_integer("seed", seed, 0)
        self.reset_state()

    def update_state(self, real: Any = None, fake: Any = None) -> None:
        """Take generated images `(n, height, width, channels)` in [-1, 1]; real ones are unused.

        Raises:
            UsageError: images that the extractor does not take, or one without classes.
        """
        if fake is not None:
            self._logits.append(self.extractor.logits(np.asarray(fake)))

    def result(self) -> float:
        """The mean over the splits of the images so far.

        Raises:
            UsageError: fewer images than splits.
        """
        if not self._logits:
            raise _missing("fake")
        return inception_score(np.concatenate(self._logits), self.splits, self.seed)[0]

    def reset_state(self) -> None:
        """Forget all images."""
        self._logits: list[np.ndarray] = []


class PairMetric(keras.metrics.Mean):
    """The mean of a function of pairs of images: PSNR, SSIM, MS-SSIM or LPIPS.

    Args:
        function: `(real, fake)`, images `(n, height, width, channels)` in [-1, 1] each, to a value
            a pair, `(n,)`: `functools.partial(kgan.metrics.fidelity.psnr, channels="y")`, say.
        name: of the metric.
    """

    def __init__(self, function: Callable[[Any, Any], Any], name: str | None = None):
        super().__init__(name=name)
        self.function = function

    def update_state(self, real: Any, fake: Any) -> None:
        """Take pairs of images.

        Raises:
            UsageError: images that the function does not take.
        """
        super().update_state(self.function(np.asarray(real), np.asarray(fake)))


class MSSSIMDiversity(keras.metrics.Mean):
    """The mean MS-SSIM of pairs of generated images: small where they are diverse.

    The first half of a batch is paired with the second, so of a conditional model feed batches of
    one class. See `kgan.metrics.ms_ssim.ms_ssim_diversity`.
    """

    def update_state(self, real: Any = None, fake: Any = None) -> None:
        """Take generated images `(n, height, width, channels)` in [-1, 1]; real ones are unused.

        Raises:
            UsageError: images that are not such, or smaller than a window.
        """
        if fake is not None:
            half = len(fake) // 2
            images = np.asarray(fake)
            super().update_state(ms_ssim(images[:half], images[half : 2 * half]))


class SlicedWasserstein(keras.metrics.Metric):
    """The sliced Wasserstein distances of patches (`kgan.metrics.sliced_wasserstein`).

    Args:
        patches: of each image and level; they are kept.
        projections: directions.
        smallest: pixels that the shorter side of the coarsest level must have.
        seed: of the places and the directions.
        name: of the metric.

    Raises:
        UsageError: a number out of range.
    """

    def __init__(
        self,
        patches: int = 128,
        projections: int = 512,
        smallest: int = 16,
        seed: int = 0,
        name: str | None = None,
    ):
        super().__init__(name=name)
        self.patches = patches
        self.projections = check_integer("projections", projections, 1)
        self.smallest = smallest
        self.seed = seed
        self.reset_state()

    def update_state(self, real: Any = None, fake: Any = None) -> None:
        """Take images `(n, height, width, channels)` in [-1, 1] of either side.

        Raises:
            UsageError: images that are not such, or too small.
        """
        for side, images in (("real", real), ("fake", fake)):
            if images is not None:
                self._pyramids[side].add(images)

    def result(self) -> dict[int, float]:
        """The distance of each level, by its height, of the images so far.

        Raises:
            UsageError: no images of a side, or unlike numbers of them.
        """
        return level_distances(
            self._pyramids["real"], self._pyramids["fake"], self.projections, self.seed
        )

    def reset_state(self) -> None:
        """Forget all images."""
        self._pyramids = {
            side: PatchPyramid(self.patches, self.smallest, self.seed) for side in ("real", "fake")
        }


def _missing(side: str) -> UsageError:
    return UsageError(f"{side} images are missing: call update_state({side}=images) first.")
