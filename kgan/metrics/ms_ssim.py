"""The structural similarity of images at several scales, and the diversity of a generator's images.

Wang, Simoncelli & Bovik, "Multi-Scale Structural Similarity for Image Quality Assessment", 2003,
equation 7. The paper has five scales; images smaller than 161 pixels have fewer. Values with
different numbers of scales are not comparable, so state `fitting_scales` with yours.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from kgan.batches import batches
from kgan.checks import check_integer
from kgan.errors import UsageError
from kgan.metrics.fidelity import WINDOW, check_pair, in_blocks, pixels, similarity
from kgan.validate import check_images, check_labels

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # of the scales, from the finest, as published
_PAIRS = 256  # whose images are copied at once


def ms_ssim(first: Any, second: Any, scales: int | None = None) -> np.ndarray:
    """The multi-scale structural similarity of each pair of images, 0 to 1: float64 `(n,)`.

    The product of the contrast and structure of each scale and the luminance of the coarsest, each
    to the power of its weight. Where it is negative, as of an image and its negative, it counts
    as 0. With several channels it is the mean of their values, as in `tf.image.ssim_multiscale`.
    Windows are those of `kgan.metrics.fidelity.ssim`, and lie within the image.

    Args:
        first: images float32 `(n, height, width, channels)` in [-1, 1].
        second: images of the same shape.
        scales: how many, each of half the size of the one before. Fewer than five take the first
            of `WEIGHTS`, divided by their sum. None is `fitting_scales` of the images.

    Example:
        >>> similarities = kgan.metrics.ms_ssim.ms_ssim(real, fake)

    Raises:
        UsageError: no images of one shape, images smaller than 11 pixels, or more scales than fit.
    """
    first, second = check_pair(first, second, ("first", "second"))
    weights = _weights(scales, first.shape)
    return in_blocks(functools.partial(_multiscale, weights=weights), first, second)


def ms_ssim_diversity(
    images: Any, labels: Any = None, pairs: int = 1000, seed: int = 0, scales: int | None = None
) -> float:
    """The mean `ms_ssim` of random pairs of different images, 0 to 1: small where they are diverse.

    Compare it with the value for equally many real images: a higher one means that the generator
    repeats itself. It does not measure quality.

    Args:
        images: float32 `(n, height, width, channels)` in [-1, 1].
        labels: integers `(n,)`; both images of a pair are then of one class. On average, a class
            has as many pairs as images.
        pairs: how many; the standard error of the mean falls with their root.
        seed: of the pairs, 0 to 2**32 - 1.
        scales: as for `ms_ssim`.

    Raises:
        UsageError: as for `ms_ssim`, fewer than two images, or a class with one.

    Odena, Olah & Shlens, "Conditional Image Synthesis with Auxiliary Classifier GANs", 2017,
    arXiv:1610.09585, section 4.2.
    """
    images = check_images(images)
    weights = _weights(scales, images.shape)
    pairs = check_integer("pairs", pairs, 1)
    random = np.random.RandomState(check_integer("seed", seed, 0, 2**32 - 1))
    one, other = _pairs(_classes(labels, len(images)), pairs, random)
    measure = functools.partial(_multiscale, weights=weights)
    values = [
        in_blocks(measure, images[left], images[right])
        for left, right in batches((one, other), _PAIRS)
    ]
    return float(np.concatenate(values).mean())


def ms_ssim_by_class(
    images: Any, labels: Any, pairs: int = 100, seed: int = 0, scales: int | None = None
) -> dict[int, float]:
    """The `ms_ssim_diversity` within each class, from 100 pairs per class as in ACGAN's figure 5.

    A class far above its real images has collapsed, which the mean over all classes may hide.

    Raises:
        UsageError: as for `ms_ssim_diversity`.
    """
    images = check_images(images)
    labels = _classes(check_labels(labels, len(images)), len(images))
    return {
        int(label): ms_ssim_diversity(images[labels == label], None, pairs, seed, scales)
        for label in np.unique(labels)
    }


def fitting_scales(height: int, width: int) -> int:
    """How many scales, at most five, images have: the coarsest must hold a window.

    Five from 161 pixels on, 4 from 81, 3 from 41, 2 from 21, one from 11.

    Raises:
        UsageError: fewer than 11 pixels.
    """
    side = min(height, width)
    if side < WINDOW:
        raise UsageError(
            f"images must have at least {WINDOW} pixels per side, the window of SSIM; received "
            f"{height}x{width}. Use larger images.",
            "images",
        )
    scales = 0
    while side >= WINDOW and scales < len(WEIGHTS):
        scales += 1
        side = (side + 1) // 2
    return scales


def _weights(scales: int | None, shape: tuple[int, ...]) -> np.ndarray:
    most = fitting_scales(*shape[1:3])
    scales = most if scales is None else check_integer("scales", scales, 1, len(WEIGHTS))
    if scales > most:
        raise UsageError(
            f"scales={scales} must be at most {most} for images of {shape[1]}x{shape[2]}, since "
            f"the coarsest must hold a window of {WINDOW} pixels. Leave it out, or use larger "
            "images.",
            "scales",
        )
    weights = np.array(WEIGHTS[:scales])
    # Five as published, though they add to 1.0001: so do other implementations.
    return weights if scales == len(WEIGHTS) else weights / weights.sum()


def _multiscale(first: np.ndarray, second: np.ndarray, weights: np.ndarray) -> np.ndarray:
    first, second = pixels(first), pixels(second)
    product = np.ones((len(first), first.shape[-1]))
    for scale, weight in enumerate(weights, 1):
        whole, structure = similarity(first, second)
        last = scale == len(weights)
        product *= (whole if last else structure).clip(0) ** weight
        if not last:
            first, second = _downsampled(first), _downsampled(second)
    return product.mean(1)


def _downsampled(images: np.ndarray) -> np.ndarray:
    """The means of 2x2 pixels; an odd edge is repeated, as in the paper's code."""
    n, height, width, channels = images.shape
    odd = ((0, 0), (0, height % 2), (0, width % 2), (0, 0))
    images = np.pad(images, odd, mode="edge")
    return images.reshape(n, -(-height // 2), 2, -(-width // 2), 2, channels).mean((2, 4))


def _classes(labels: Any, n: int) -> np.ndarray:
    """The class of each image, one class without labels; each has at least two images."""
    classes = np.zeros(n, np.int32) if labels is None else check_labels(labels, n)
    found, counts = np.unique(classes, return_counts=True)
    if counts.min() < 2:
        what = "" if labels is None else f" of class {found[counts.argmin()]}"
        raise UsageError(
            f"images must hold at least two images{what}, to make a pair; received one. "
            "Generate more.",
            "images",
        )
    return classes


def _pairs(
    classes: np.ndarray, pairs: int, random: np.random.RandomState
) -> tuple[np.ndarray, np.ndarray]:
    """Indices of two different images of one class, `(pairs,)` each."""
    by_class = np.argsort(classes, kind="stable")
    _, starts, code, counts = np.unique(
        classes[by_class], return_index=True, return_inverse=True, return_counts=True
    )
    index = random.randint(len(classes), size=pairs)
    start, count = starts[code[index]], counts[code[index]]
    further = 1 + random.randint(count - 1)
    other = start + (index - start + further) % count
    return by_class[index], by_class[other]
