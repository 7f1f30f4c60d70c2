"""Images made smaller by an antialiased bicubic kernel, as data sets of super-resolution are."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image

from kgan.checks import check_integer
from kgan.data.decode import as_pillow
from kgan.errors import UsageError, unknown_name

KERNELS = ("pillow", "matlab")


def shrink(image: Any, scale: int, kernel: str = "pillow") -> np.ndarray:
    """An image of a `scale`-th of the height and width, by antialiased bicubic interpolation.

    Both kernels are Keys' cubic with a = -0.5, stretched by `scale`: a pixel is a weighted mean of
    4 · scale pixels in each direction. They differ at the edge and in their rounding, by a few
    grey levels at most. "pillow" is Pillow's `resize(…, BICUBIC)`: horizontally first; at the edge
    the weights of the pixels inside are normalized; images with an alpha channel are
    premultiplied. "matlab" is MATLAB's `imresize(image, 1 / scale)`, which made DIV2K's images:
    vertically first; the edge is mirrored; each channel by itself. Either rounds to whole grey
    levels between the two directions and at the end.

    Args:
        image: uint8 `(height, width, channels)`, 1 to 4 channels.
        scale: an integer that divides height and width.
        kernel: "pillow" or "matlab".

    Example:
        >>> kgan.data.shrink(np.zeros((96, 64, 3), "uint8"), scale=4).shape
        (24, 16, 3)

    Raises:
        UsageError: an image of another type or shape, an unknown kernel, or a scale that does not
            divide it.

    Keys, "Cubic Convolution Interpolation for Digital Image Processing", 1981, equation 15.
    """
    scale = check_integer("scale", scale, 1)
    if kernel not in KERNELS:
        raise unknown_name("kernel", kernel, KERNELS)
    image = np.asarray(image)
    if image.dtype != np.uint8 or image.ndim != 3 or not 1 <= image.shape[2] <= 4:
        raise UsageError(
            "image must be uint8 (height, width, channels) with 1 to 4 channels; received "
            f"{image.dtype} {image.shape}.",
            "image",
        )
    height, width = image.shape[:2]
    if height % scale or width % scale or not image.size:
        raise UsageError(
            f"scale={scale} must divide the height and width of the image; it is {width}x{height}. "
            f"Use image[: {height // scale * scale}, : {width // scale * scale}].",
            "scale",
        )
    if scale == 1:
        return image
    if kernel == "matlab":
        return _shrink_along(_shrink_along(image, scale, 0), scale, 1)
    small = as_pillow(image).resize((width // scale, height // scale), Image.Resampling.BICUBIC)
    return np.asarray(small).reshape(height // scale, width // scale, -1)


def _shrink_along(image: np.ndarray, scale: int, axis: int) -> np.ndarray:
    """The image made smaller along an axis, rounded; its edge is mirrored, edge pixels twice."""
    size = image.shape[axis]
    offsets, weights = _weights(scale)
    mirrored = np.concatenate([np.arange(size), np.arange(size)[::-1]])
    starts = np.arange(0, size, scale)
    image = np.moveaxis(image, axis, 0)
    total = np.zeros((len(starts), *image.shape[1:]))
    for offset, weight in zip(offsets, weights, strict=True):
        total += weight * image[mirrored[(starts + offset) % (2 * size)]]
    return np.moveaxis(np.rint(total).clip(0, 255).astype(np.uint8), 0, axis)


def _weights(scale: int) -> tuple[np.ndarray, np.ndarray]:
    """Where the pixels of a mean lie, counted from the first of its `scale`, and their weights."""
    centre = (scale - 1) / 2
    offsets = np.arange(int(np.floor(centre - 2 * scale)), int(np.ceil(centre + 2 * scale)) + 1)
    x = np.abs(offsets - centre) / scale
    near = 1.5 * x**3 - 2.5 * x**2 + 1
    far = -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    weights = np.where(x <= 1, near, np.where(x <= 2, far, 0.0))
    return offsets, weights / weights.sum()
