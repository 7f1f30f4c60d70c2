"""Bilinear interpolation as the implementations of the FID do it, to the last digit."""

from __future__ import annotations

from typing import Any

import numpy as np


def bilinear(images: Any, size: int, half_pixel_centres: bool) -> Any:
    """The images `(batch, size, size, channels)`, by two neighbours along each axis.

    Nothing is averaged: when an image shrinks a lot, most of its pixels are ignored.

    Args:
        images: `(batch, height, width, channels)`, floats.
        half_pixel_centres: pixel i lies at i + 1/2, as PyTorch (`align_corners=False`), Pillow and
            TensorFlow 2 have it; False: at i, as TensorFlow 1 had it, which moves the image by
            half a pixel to the upper left when it grows.
    """
    for axis in (1, 2):
        images = _along(images, axis, size, half_pixel_centres)
    return images


def _along(images: Any, axis: int, size: int, half_pixel_centres: bool) -> Any:
    from keras import ops

    length = images.shape[axis]
    # In float32, as both libraries do: another rounding could be seen in the features.
    scale = np.float32(length) / np.float32(size)
    position = np.arange(size, dtype=np.float32)
    if half_pixel_centres:
        position = np.maximum(scale * (position + np.float32(0.5)) - np.float32(0.5), 0)
    else:
        position = scale * position
    low = np.minimum(position.astype(np.int32), length - 1)
    high = np.minimum(low + 1, length - 1)
    weight = (position - low.astype(np.float32)).reshape(
        [size if a == axis else 1 for a in range(4)]
    )
    first, second = ops.take(images, low, axis), ops.take(images, high, axis)
    return first + (second - first) * ops.cast(weight, first.dtype)
