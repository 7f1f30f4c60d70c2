"""The sliced Wasserstein distance between two sets of features, or of image patches.

Karras, Aila, Laine & Lehtinen, "Progressive Growing of GANs for Improved Quality, Stability, and
Variation", 2018, arXiv:1710.10196, section 5: distances of patches, level by level of a Laplacian
pyramid, show at which scale a generator fails. Along one direction the optimal transport pairs the
points by their order (Rabin, Peyré, Delon & Bernot, "Wasserstein Barycenter and its Application to
Texture Mixing", 2011).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kgan.batches import batches
from kgan.checks import check_integer
from kgan.errors import UsageError
from kgan.metrics.check import check_features
from kgan.metrics.fidelity import check_pair
from kgan.validate import check_images

PATCH = 7  # pixels per side
_BLOCK = 1 << 23  # projections in memory at once, of each set
_KERNEL = np.array([1, 4, 6, 4, 1]) / 16


def sliced_wasserstein(first: Any, second: Any, projections: int = 512, seed: int = 0) -> float:
    """The mean 1-Wasserstein distance of the projections onto random directions.

    Its error is that of a mean over `projections` directions; in one dimension it is exact.

    Args:
        first: features `(n, d)`.
        second: features of the same shape.
        projections: how many directions, drawn evenly.
        seed: of the directions, 0 to 2**32 - 1.

    Example:
        >>> distance = kgan.metrics.sliced_wasserstein.sliced_wasserstein(
        ...     real_features, fake_features, projections=512
        ... )

    Raises:
        UsageError: invalid features, or different shapes.
    """
    first, second = check_features("first", first), check_features("second", second)
    if first.shape != second.shape:
        raise UsageError(
            "first and second must have one shape, since points are matched one to one; received "
            f"{first.shape} and {second.shape}. Pass equally many of both, for example "
            "first[:len(second)], and features of one extractor.",
            "first",
        )
    return _mean_distance(first, second, directions(first.shape[1], projections, seed))


def pyramid_distances(
    real: Any,
    fake: Any,
    patches: int = 128,
    projections: int = 512,
    seed: int = 0,
    smallest: int = 16,
) -> dict[int, float]:
    """The sliced Wasserstein distance of 7x7 patches, times 1000, by the height of the level.

    A Laplacian pyramid splits the images into levels of half the size each. From each image and
    level, `patches` are taken at random positions; each channel of all patches is then scaled to
    mean 0 and variance 1, so that colour and contrast of the whole set do not count. The paper
    takes 16,384 images, 4 times 128 directions, and gives the mean of the levels beside them. Two
    sets of real images do not score 0: compare with their figure, for equally many images.

    Args:
        real: float32 `(n, height, width, channels)` in [-1, 1].
        fake: as many images of the same shape.
        patches: of each image.
        projections: directions.
        seed: of the positions and the directions, 0 to 2**32 - 1.
        smallest: pixels that the shorter side of the coarsest level must have, 16 in the paper;
            with it, images of 28 pixels have one level; with 14, two.

    Raises:
        UsageError: no images of one shape, images smaller than `smallest`, or a level without any
            contrast, as of a generator that makes one colour.
    """
    first, second = (PatchPyramid(patches, smallest, seed) for _ in range(2))
    real, fake = check_pair(real, fake)
    first.add(real)
    second.add(fake)
    return level_distances(first, second, projections, seed)


class PatchPyramid:
    """Collects patches of images that come in batches, by pyramid level; images are not kept.

    Args:
        patches: of each image and level.
        smallest: pixels that the shorter side of the coarsest level must have.
        seed: of the positions, 0 to 2**32 - 1.

    Example:
        >>> pyramid = kgan.metrics.sliced_wasserstein.PatchPyramid(patches=16)
        >>> pyramid.add(images)
        >>> {height: patches.shape for height, patches in pyramid.descriptors("real").items()}
        {28: (1024, 49)}

    Raises:
        UsageError: a number out of range.
    """

    def __init__(self, patches: int = 128, smallest: int = 16, seed: int = 0):
        self.patches = check_integer("patches", patches, 1)
        self.smallest = check_integer("smallest", smallest, PATCH)
        self.seed = check_integer("seed", seed, 0, 2**32 - 1)
        self._shape: tuple[int, ...] = ()
        self._count = 0
        self._levels: dict[int, list[np.ndarray]] = {}

    def add(self, images: Any) -> None:
        """Take the patches of images `(n, height, width, channels)` in [-1, 1].

        Raises:
            UsageError: invalid images, smaller than `smallest`, or of another shape
                than those before.
        """
        images = check_images(images)
        height, width = images.shape[1:3]
        if min(height, width) < self.smallest:
            raise UsageError(
                f"images must have at least smallest={self.smallest} pixels per side; received "
                f"{height}x{width}. Use larger ones, or a smaller one down to {PATCH}.",
                "images",
            )
        self._shape = self._shape or images.shape[1:]
        if images.shape[1:] != self._shape:
            raise UsageError(
                f"images must be of one shape, {self._shape} as those before; received "
                f"{images.shape[1:]}.",
                "images",
            )
        levels = laplacian_pyramid(images, self.smallest)
        # A stream for each image, so that batches of any size give the same patches.
        numbers = range(self._count, self._count + len(images))
        streams = [np.random.default_rng((self.seed, number)) for number in numbers]
        positions = np.stack([stream.random((len(levels), 2, self.patches)) for stream in streams])
        self._count += len(images)
        for number, level in enumerate(levels):
            found = cut(level, positions[:, number])
            self._levels.setdefault(level.shape[1], []).append(found)

    def descriptors(self, kind: str) -> dict[int, np.ndarray]:
        """The patches by the height of their level, `(n * patches, 49 * channels)` each.

        Each channel has mean 0 and variance 1 over all of them.

        Raises:
            UsageError: no images, or a channel that is the same everywhere; the message calls them
                `kind`.
        """
        if not self._levels:
            raise UsageError(f"{kind} images are missing; add some.", kind)
        return {
            height: normalised(np.concatenate(found), f"{kind}, at the height of {height},")
            for height, found in self._levels.items()
        }


def level_distances(
    real: PatchPyramid, fake: PatchPyramid, projections: int = 512, seed: int = 0
) -> dict[int, float]:
    """The distances of `pyramid_distances`, of patches that were taken before.

    Raises:
        UsageError: pyramids with different numbers of images or sizes, or a level without any
            contrast.
    """
    pair = real.descriptors("real"), fake.descriptors("fake")
    shapes = [{height: found.shape for height, found in levels.items()} for levels in pair]
    if shapes[0] != shapes[1]:
        raise UsageError(
            "real and fake must be equally many images of one shape; received the shapes "
            f"{shapes[0]} and {shapes[1]}.",
            "real",
        )
    distances = {}
    for height, first in pair[0].items():
        ways = directions(first.shape[1], projections, seed)
        distances[height] = 1000 * _mean_distance(first, pair[1][height], ways)
    return distances


def laplacian_pyramid(images: np.ndarray, smallest: int = 16) -> list[np.ndarray]:
    """What each scale adds to the coarser ones, from the finest; the last is the coarsest itself.

    Each level halves the size, rounded up, down to at least `smallest` pixels per side.
    Each plus the next one enlarged is the images at that scale.

    Burt & Adelson, "The Laplacian Pyramid as a Compact Image Code", 1983, with their kernel
    (1, 4, 6, 4, 1)/16.
    """
    levels = [images]
    while (min(levels[-1].shape[1:3]) + 1) // 2 >= smallest:
        finer = levels[-1]
        levels.append(_smooth(finer)[:, ::2, ::2])
        levels[-2] = finer - enlarged(levels[-1], finer.shape)
    return levels


def enlarged(images: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Images of a level at the size of the finer one, whose shape is given."""
    between = np.zeros(shape, images.dtype)
    between[:, ::2, ::2] = 4 * images
    return _smooth(between)


def cut(level: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Patches of 7x7 pixels: `(n * patches, c, 7, 7)`.

    `positions` `(n, 2, patches)` are the patches' top left corners, as shares in [0, 1) of the
    heights and widths at which a patch fits.
    """
    n, height, width, _ = level.shape
    top = (positions[:, 0] * (height - PATCH + 1)).astype(int)
    left = (positions[:, 1] * (width - PATCH + 1)).astype(int)
    windows = np.lib.stride_tricks.sliding_window_view(level, (PATCH, PATCH), (1, 2))
    return windows[np.arange(n).repeat(positions.shape[2]), top.ravel(), left.ravel()]


def normalised(patches: np.ndarray, argument: str = "patches") -> np.ndarray:
    """Patches `(n, c, 7, 7)` as float32 rows, each channel of mean 0 and variance 1 over all.

    Raises:
        UsageError: a channel that is the same everywhere.
    """
    mean = patches.mean((0, 2, 3), np.float64, keepdims=True)
    spread = patches.std((0, 2, 3), np.float64, keepdims=True)
    if (spread < 1e-6).any():
        raise UsageError(
            f"{argument} must have contrast in each channel; channel {int(spread.argmin())} of "
            f"{patches.shape[1]} is the same everywhere. Look at the images: the generator may "
            "have collapsed.",
            argument,
        )
    return ((patches - mean) / spread).astype(np.float32).reshape(len(patches), -1)


def directions(dimensions: int, projections: int = 512, seed: int = 0) -> np.ndarray:
    """Unit vectors drawn evenly: float64 `(dimensions, projections)`.

    Raises:
        UsageError: a number below 1 or a seed out of range.
    """
    projections = check_integer("projections", projections, 1)
    random = np.random.RandomState(check_integer("seed", seed, 0, 2**32 - 1))
    # One row per direction, so that fewer directions are the first of more.
    drawn = random.standard_normal((projections, dimensions)).T
    return drawn / np.linalg.norm(drawn, axis=0)


def _mean_distance(first: np.ndarray, second: np.ndarray, ways: np.ndarray) -> float:
    """The mean |difference| of the sorted projections, over points and directions."""
    ways = ways.T.astype(first.dtype)
    total = 0.0
    for some in batches(ways, max(_BLOCK // len(first), 1)):
        # One direction per row: sorting columns takes several times as long.
        seen = [np.sort(some @ points.T, axis=1) for points in (first, second)]
        total += float(np.abs(seen[0] - seen[1]).sum(dtype=np.float64))
    return total / (len(first) * len(ways))


def _smooth(images: np.ndarray) -> np.ndarray:
    """Each axis through the kernel; beyond an edge the image is mirrored at its last pixel."""
    from scipy.ndimage import correlate1d

    for axis in (1, 2):
        images = correlate1d(images, _KERNEL, axis=axis, mode="mirror")
    return images
