"""The Wasserstein distance between two sets, seen along many directions: of features, of patches.

Karras, Aila, Laine & Lehtinen, "Progressive Growing of GANs for Improved Quality, Stability, and
Variation", 2018, arXiv:1710.10196, section 5: distances of patches, level by level of a Laplacian
pyramid, tell at which scale a generator fails. Along one direction the optimal transport pairs the
points by their order (Rabin, Peyré, Delon & Bernot, "Wasserstein Barycenter and its Application to
Texture Mixing", 2011).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kgan.checks import check_integer
from kgan.errors import UsageError
from kgan.metrics.check import check_features
from kgan.metrics.fidelity import check_pair

PATCH = 7  # pixels a side
_BLOCK = 1 << 23  # projections in memory at once, of each set
_KERNEL = np.array([1, 4, 6, 4, 1]) / 16


def sliced_wasserstein(first: Any, second: Any, projections: int = 512, seed: int = 0) -> float:
    """The mean over random directions of the 1-Wasserstein distance of what is seen along each.

    Its error is that of a mean over `projections` directions; in one dimension it is exact.

    Args:
        first: features `(n, d)`.
        second: features `(n, d)`, as many.
        projections: how many directions, drawn evenly.
        seed: of the directions, 0 to 2**32 - 1.

    Raises:
        UsageError: no features, or other numbers or dimensions of the one than of the other.
    """
    first, second = check_features("first", first), check_features("second", second)
    if first.shape != second.shape:
        raise UsageError(
            "first and second must have one shape, since each point goes to one other; received "
            f"{first.shape} and {second.shape}. Take as many of both, first[:len(second)] say, and "
            "features of one extractor."
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

    A Laplacian pyramid splits the images into levels of half the size each. Of every image and
    level `patches` are taken at random places; each channel of all is then brought to mean 0 and
    variance 1, so that colour and contrast of the whole set do not count. The paper takes 16,384
    images, 4 times 128 directions, and gives the mean of the levels beside them. Two sets of real
    images do not come to 0: compare with their figure, and only like numbers of images.

    Args:
        real: float32 `(n, height, width, channels)` in [-1, 1].
        fake: as many images of the same shape.
        patches: of each image.
        projections: directions.
        seed: of the places and the directions, 0 to 2**32 - 1.
        smallest: pixels that the shorter side of the coarsest level must have, 16 in the paper;
            images of 28 pixels have one level by it, and two by 14.

    Raises:
        UsageError: no images of one shape, images smaller than `smallest`, or a level without any
            contrast, as of a generator that makes one colour.
    """
    real, fake = check_pair(real, fake)
    smallest = check_integer("smallest", smallest, PATCH)
    if min(real.shape[1:3]) < smallest:
        raise UsageError(
            f"real and fake must have at least smallest={smallest} pixels a side; received "
            f"{real.shape[1]}x{real.shape[2]}. Use larger images, or a smaller one down to {PATCH}."
        )
    patches = check_integer("patches", patches, 1)
    random = np.random.RandomState(check_integer("seed", seed, 0, 2**32 - 1))
    ways = directions(PATCH**2 * real.shape[-1], projections, seed)
    distances = {}
    levels = (laplacian_pyramid(side, smallest) for side in (real, fake))
    for real_level, fake_level in zip(*levels, strict=True):
        first = descriptors(real_level, patches, random, "real")
        second = descriptors(fake_level, patches, random, "fake")
        distances[real_level.shape[1]] = 1000 * _mean_distance(first, second, ways)
    return distances


def laplacian_pyramid(images: np.ndarray, smallest: int = 16) -> list[np.ndarray]:
    """What each scale adds to the coarser ones, from the finest; the last is the coarsest itself.

    Levels have half the size of the one before, rounded up, and at least `smallest` pixels a side.
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


def descriptors(
    level: np.ndarray, patches: int, random: np.random.RandomState, argument: str = "images"
) -> np.ndarray:
    """Patches of 7x7 pixels at random places, float32 `(n * patches, 49 * channels)`.

    Each channel has mean 0 and variance 1 over all of them.

    Raises:
        UsageError: a channel that is the same everywhere.
    """
    n, height, width, channels = level.shape
    image = np.arange(n).repeat(patches)
    top = random.randint(height - PATCH + 1, size=n * patches)
    left = random.randint(width - PATCH + 1, size=n * patches)
    windows = np.lib.stride_tricks.sliding_window_view(level, (PATCH, PATCH), (1, 2))
    found = windows[image, top, left].astype(np.float32, copy=False)
    # In place and channel by channel: of the paper's 16,384 images these are 1.2 GB.
    for channel in range(channels):
        values = found[:, channel]
        values -= float(values.mean(dtype=np.float64))
        spread = (np.einsum("nij,nij->", values, values, dtype=np.float64) / values.size) ** 0.5
        if spread < 1e-6:
            raise UsageError(
                f"{argument} must have contrast in each channel; at the level of {height}x{width} "
                f"channel {channel} of {channels} is the same everywhere. Look at the images: the "
                "generator may have collapsed."
            )
        values /= spread
    return found.reshape(n * patches, -1)


def directions(dimensions: int, projections: int = 512, seed: int = 0) -> np.ndarray:
    """Unit vectors drawn evenly: float64 `(dimensions, projections)`.

    Raises:
        UsageError: a number below 1 or a seed out of range.
    """
    projections = check_integer("projections", projections, 1)
    random = np.random.RandomState(check_integer("seed", seed, 0, 2**32 - 1))
    # One row a direction: the few are the first of many.
    drawn = random.standard_normal((projections, dimensions)).T
    return drawn / np.linalg.norm(drawn, axis=0)


def _mean_distance(first: np.ndarray, second: np.ndarray, ways: np.ndarray) -> float:
    """The mean |difference| of the sorted projections, over points and directions."""
    ways = ways.T.astype(first.dtype)
    block = max(_BLOCK // len(first), 1)
    total = 0.0
    for start in range(0, len(ways), block):
        # A direction a row: sorting columns takes several times as long.
        seen = [np.sort(ways[start : start + block] @ side.T, axis=1) for side in (first, second)]
        total += float(np.abs(seen[0] - seen[1]).sum(dtype=np.float64))
    return total / (len(first) * len(ways))


def _smooth(images: np.ndarray) -> np.ndarray:
    """Each axis through the kernel; beyond an edge the image is mirrored at its last pixel."""
    from scipy.ndimage import correlate1d

    for axis in (1, 2):
        images = correlate1d(images, _KERNEL, axis=axis, mode="mirror")
    return images
