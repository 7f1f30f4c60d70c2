"""What images and labels must look like, checked before any training step. NumPy only."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from kgan.errors import UsageError

SIDES = ("height", "width", "channels")


def check_images(
    images: Any, image_shape: tuple[int | None, ...] | None = None, argument: str = "images"
) -> np.ndarray:
    """The images as an array, float32 `(batch, height, width, channels)` in [-1, 1].

    Warns if no value is below 0: the images are probably in [0, 1].

    Args:
        images: an array, or a tensor that NumPy can read.
        image_shape: `(height, width, channels)` that each must have, None for any size; None for
            any shape.
        argument: the name that the errors give to the images.

    Raises:
        UsageError: another type, rank, shape or range, or NaN; names the fix.
    """
    try:
        images = np.asarray(images)
    except ValueError as error:
        raise UsageError(
            f"{argument} must be images of one shape; received {error} Resize them.", argument
        ) from None
    check_shape(images, argument)
    if images.dtype == np.uint8:
        raise UsageError(
            f"{argument} must be float32 in [-1, 1]; received uint8. kgan.data.load(images) "
            "scales them, or images.astype('float32') / 127.5 - 1.",
            argument,
        )
    if images.dtype != np.float32:
        raise UsageError(
            f"{argument} must be float32; received {images.dtype}. Use images.astype('float32').",
            argument,
        )
    if image_shape is not None and not fits(images.shape[1:], image_shape):
        named = [size or side for size, side in zip(image_shape, SIDES, strict=True)]
        resolution = f"resolution={image_shape[0]}, " if image_shape[0] else ""
        raise UsageError(
            f"{argument} must have the shape (batch, {', '.join(map(str, named))}); received "
            f"{images.shape}. kgan.data.load(…, {resolution}channels={image_shape[2]}) "
            f"{'resizes and ' if resolution else ''}converts images.",
            argument,
        )
    low, high = float(images.min()), float(images.max())  # NaN, if any value is NaN
    if not np.isfinite([low, high]).all():
        raise UsageError(
            f"{argument} must be finite; received NaN or infinity. Find the broken images with "
            "np.isfinite(images).all(axis=(1, 2, 3)).",
            argument,
        )
    if low < -1 or high > 1:
        raise UsageError(
            f"{argument} must lie in [-1, 1]; received values from {low:g} to {high:g}. "
            "From [0, 255], use images / 127.5 - 1.",
            argument,
        )
    if low >= 0 and high > 0:
        warnings.warn(
            f"{argument} should lie in [-1, 1], but there is no value below 0: they go from "
            f"{low:g} to {high:g}. If they are in [0, 1], use images * 2 - 1.",
            stacklevel=1,
        )
    return images


def fits(shape: Sequence[int], expected: Sequence[int | None]) -> bool:
    """Whether a shape is the expected one, in which None stands for any size."""
    return len(shape) == len(expected) and all(
        side in (None, size) for size, side in zip(shape, expected, strict=True)
    )


def check_shape(images: np.ndarray, argument: str) -> None:
    """Check that an array is `(batch, height, width, channels)`, not empty, with 1 to 4 channels.

    Raises:
        UsageError: it is not; names the fix.
    """
    if images.ndim != 4:
        fix = " Use images[..., np.newaxis] for grey images." if images.ndim == 3 else ""
        raise UsageError(
            f"{argument} must have rank 4 (batch, height, width, channels); received the shape "
            f"{images.shape}.{fix}",
            argument,
        )
    if images.size == 0:
        raise UsageError(
            f"{argument} must hold pixels; received the shape {images.shape}.", argument
        )
    if images.shape[3] > 4:
        fix = " Use images.transpose(0, 2, 3, 1)." if images.shape[1] <= 4 else ""
        raise UsageError(
            f"{argument} must have 1 to 4 channels in their last axis; received the shape "
            f"{images.shape}.{fix}",
            argument,
        )


def check_labels(
    labels: Any,
    num_images: int,
    classes: int | None = None,
    unlabelled: bool = False,
    asked: bool = False,
    argument: str = "labels",
) -> np.ndarray:
    """The labels as int32 `(num_images,)`.

    `classes` is their number, None if it is not known; with `unlabelled` a label may be -1; `asked`
    says that a user asks for them, so that they are no training data; `argument` is what the errors
    call them.

    Raises:
        UsageError: they are no integers in 0..classes-1, or not one per image.
    """
    try:
        labels = np.asarray(labels)
    except ValueError as error:
        raise UsageError(
            f"{argument} must be one integer per image; received {error}", argument
        ) from None
    if labels.shape != (num_images,):
        fits = labels.ndim > 1 and labels.size == num_images
        fix = f" Use {argument}.reshape(-1)." if fits else ""
        raise UsageError(
            f"{argument} must have the shape ({num_images},), one per image; received "
            f"{labels.shape}.{fix}",
            argument,
        )
    if labels.dtype.kind not in "iu":
        fix = "" if asked else f" Use np.unique({argument}, return_inverse=True)[1]."
        raise UsageError(
            f"{argument} must be integers, 0 to classes - 1; received {labels.dtype}.{fix}",
            argument,
        )
    lowest, highest = (-1 if unlabelled else 0), (classes or np.iinfo(np.int32).max) - 1
    if labels.size and (labels.min() < lowest or labels.max() > highest):
        known = "classes - 1" if classes is None else f"{highest}, one of {classes} classes"
        also = ", or -1 for an image without a label" if unlabelled else ""
        if asked:
            fix = "Ask for classes that the model knows."
        elif labels.max() > highest:
            fix = "Build the model with more classes, or leave these images out."
        elif unlabelled:
            fix = "Label images without a class -1."
        else:
            fix = "Leave out images without a label, or train a SemiSupervisedGAN."
        raise UsageError(
            f"{argument} must be 0 to {known}{also}; received values from "
            f"{labels.min()} to {labels.max()}. {fix}",
            argument,
        )
    return labels.astype(np.int32)


def check_vectors(argument: str, values: Any, shape: tuple[int, int]) -> np.ndarray:
    """The values as float32 of this shape.

    Raises:
        UsageError: another shape, no numbers, NaN or infinity.
    """
    try:
        array = np.asarray(values)
    except ValueError as error:  # rows of different lengths
        array, received = np.empty(0), str(error).rstrip(".")
    else:
        received = f"the shape {array.shape}" if array.shape else repr(values)
    if array.dtype.kind not in "fiub":
        received = f"the type {array.dtype}" if array.shape else repr(values)
    elif array.shape == shape:
        # A large float64 becomes infinite, too.
        with np.errstate(over="ignore"):
            array = array.astype(np.float32)
        if np.isfinite(array).all():
            return array
        received += " with NaN or infinity"
    raise UsageError(
        f"{argument} must be finite numbers of the shape {shape}, one row per image; received "
        f"{received}.",
        argument,
    )
