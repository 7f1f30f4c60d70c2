"""Metrics of images, or of points, that come in batches; what is kept are sums, or patches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from kgan.checks import check_integer
from kgan.errors import UsageError
from kgan.metrics import modes
from kgan.metrics.fidelity import check_pair
from kgan.metrics.ms_ssim import ms_ssim
from kgan.metrics.path_length import (
    Distance,
    check_step,
    check_trim,
    pair_lengths,
    trimmed_mean,
)
from kgan.metrics.sliced_wasserstein import PatchPyramid, level_distances
from kgan.metrics.streaming.base import StreamingMetric
from kgan.metrics.streaming.mean import Mean


class PairMetric(Mean):
    """The mean over pairs of images of a function such as PSNR, SSIM, MS-SSIM or LPIPS.

    Args:
        function: `(real, fake)`, images `(n, height, width, channels)` in [-1, 1] each, to one
            value per pair, `(n,)`: for example `functools.partial(kgan.metrics.fidelity.psnr,
            channels="y")`.
        name: of the metric.

    Example:
        >>> metric = kgan.metrics.streaming.PairMetric(kgan.metrics.fidelity.psnr)
        >>> metric.update_state(real, fake)
        >>> decibels = metric.result()
    """

    def __init__(self, function: Callable[[Any, Any], Any], name: str | None = None):
        super().__init__(name=name)
        self.function = function

    def update_state(self, real: Any, fake: Any) -> None:
        """Take pairs of images.

        Raises:
            UsageError: images that the function does not take.
        """
        self._count(self.function(np.asarray(real), np.asarray(fake)))


class MSSSIMDiversity(Mean):
    """The mean MS-SSIM of pairs of generated images: small where they are diverse.

    The first half of a batch is paired with the second, an odd last image with none; for a
    conditional model, pass batches of one class. See `kgan.metrics.ms_ssim.ms_ssim_diversity`.

    Example:
        >>> metric = kgan.metrics.streaming.MSSSIMDiversity()
        >>> metric.update_state(fake=fake)
        >>> similarity = metric.result()
    """

    def update_state(self, real: Any = None, fake: Any = None) -> None:
        """Take generated images `(n, height, width, channels)` in [-1, 1]; real ones are unused.

        Raises:
            UsageError: invalid images, or smaller than a window.
        """
        if fake is None:
            return
        images = np.asarray(fake)
        half = len(images) // 2
        if half == 0:
            raise UsageError("fake must hold at least 2 images, a pair; received 1.", "fake")
        self._count(ms_ssim(images[:half], images[half : 2 * half]))


class SlicedWasserstein(StreamingMetric):
    """The sliced Wasserstein distances of patches (`kgan.metrics.sliced_wasserstein`).

    Args:
        patches: of each image and level; they are kept.
        projections: directions.
        smallest: pixels that the shorter side of the coarsest level must have.
        seed: of the positions and the directions.
        name: of the metric.

    Example:
        >>> metric = kgan.metrics.streaming.SlicedWasserstein(patches=16)
        >>> metric.update_state(real, fake)
        >>> distances = metric.result()

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
        """Take images `(n, height, width, channels)` in [-1, 1] real, fake or both.

        Raises:
            UsageError: invalid images, or too small.
        """
        for kind, images in (("real", real), ("fake", fake)):
            if images is not None:
                self._pyramids[kind].add(images)

    def result(self) -> dict[int, float]:
        """The distance of each level, by its height, of the images so far.

        Raises:
            UsageError: no real or no fake images, or different numbers of them.
        """
        return level_distances(
            self._pyramids["real"], self._pyramids["fake"], self.projections, self.seed
        )

    def reset_state(self) -> None:
        """Forget all images."""
        self._pyramids = {
            kind: PatchPyramid(self.patches, self.smallest, self.seed) for kind in ("real", "fake")
        }


class PathLength(StreamingMetric):
    """The perceptual path length (`kgan.metrics.path_length`) of pairs of images; keeps lengths.

    Args:
        distance: as for `kgan.metrics.path_length.path_lengths`.
        epsilon: the step between the two images of a pair, a share of the path.
        trim: percent of the lengths that are left out at either end.
        name: of the metric.

    Example:
        >>> distance = lambda first, second: np.square(first - second).mean((1, 2, 3))
        >>> metric = kgan.metrics.streaming.PathLength(distance, epsilon=1e-4)
        >>> path = kgan.latent.spherical(*kgan.latent.sample(2, gan.latent_dim), steps=10_001)
        >>> metric.update_state(gan(path[:-1:100]), gan(path[1::100]))

    Raises:
        UsageError: no function, or a number out of range.
    """

    def __init__(
        self,
        distance: Distance,
        epsilon: float = 1e-4,
        trim: float = 1.0,
        name: str | None = None,
    ):
        super().__init__(name=name)
        if not callable(distance):
            raise UsageError(
                "distance must be a function of two batches of images, such as "
                f"kgan.metrics.lpips.load(…); received {distance!r}.",
                "distance",
            )
        self.distance = distance
        self.epsilon = check_step(epsilon)
        self.trim = check_trim(trim)
        self.reset_state()

    def update_state(self, first: Any, second: Any) -> None:
        """Take images `(n, height, width, channels)` on paths, and those one step further.

        Raises:
            UsageError: invalid images, or a distance that does not give a finite number
                for each pair.
        """
        pair = check_pair(first, second, ("first", "second"))
        self._lengths.append(pair_lengths(self.distance, *pair, self.epsilon))

    def result(self) -> float:
        """The trimmed mean of the pairs so far.

        Raises:
            UsageError: none came.
        """
        if not self._lengths:
            raise UsageError(
                "first and second are missing: call update_state(first, second) first.", "first"
            )
        return trimmed_mean(np.concatenate(self._lengths), self.trim)

    def reset_state(self) -> None:
        """Forget all pairs."""
        self._lengths: list[np.ndarray] = []


class Modes(StreamingMetric):
    """Captured modes, high-quality share, reverse KL of points (`kgan.metrics.modes`).

    Only counts are kept.

    Args:
        centres: the means of the mixture, `(m, d)`.
        std: the standard deviation of each mode.
        within: how many standard deviations are still high quality.
        name: of the metric.

    Example:
        >>> centres = np.array([[-1.0, 0.0], [1.0, 0.0]])
        >>> metric = kgan.metrics.streaming.Modes(centres, std=0.1)
        >>> metric.update_state(fake=np.array([[0.9, 0.0], [1.1, 0.1]]))
        >>> metric.result()["modes"], metric.result()["high_quality"]
        (1.0, 1.0)
    """

    def __init__(self, centres: Any, std: float, within: float = 3.0, name: str | None = None):
        super().__init__(name=name)
        modes.histogram(centres, centres, std, within)  # raises now what it would raise later
        self.centres = np.asarray(centres)
        self.std = std
        self.within = within
        self.reset_state()

    def update_state(self, real: Any = None, fake: Any = None) -> None:
        """Take generated points `(n, d)` in the units of the centres; real ones are unused.

        Raises:
            UsageError: as for `kgan.metrics.modes.histogram`.
        """
        if fake is not None:
            self._counts += modes.histogram(fake, self.centres, self.std, self.within)
            self._total += len(fake)

    def result(self) -> dict[str, float]:
        """`modes`, `high_quality` and `reverse_kl` of the points so far.

        Raises:
            UsageError: none came.
        """
        if not self._total:
            raise UsageError(
                "fake points are missing: call update_state(fake=points) first.", "fake"
            )
        return {
            "modes": float(np.count_nonzero(self._counts)),
            "high_quality": float(self._counts.sum() / self._total),
            "reverse_kl": modes.kl_to_even(self._counts),
        }

    def reset_state(self) -> None:
        """Forget all points."""
        self._counts = np.zeros(len(self.centres), np.int64)
        self._total = 0
