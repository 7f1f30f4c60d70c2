"""The image shapes that the networks can make, and the sizes on the way to them."""

from __future__ import annotations

from kgan.checks import integers
from kgan.errors import UsageError

_SMALLEST = 7


def halvings(image_shape: tuple[int, int, int], smallest: int = _SMALLEST) -> list[int]:
    """Side lengths from the image down to the start of the convolution stack."""
    sizes = [image_shape[0]]
    while sizes[-1] > smallest:
        sizes.append(-(-sizes[-1] // 2))
    return sizes


def check_image_shape(image_shape) -> tuple[int, int, int]:
    """The shape `(height, width, channels)` as a tuple, if the networks can make such.

    Raises:
        UsageError: not square, not 8 to 256 pixels, not divisible by 4, or not 1 to 4 channels.
    """
    shape = integers(image_shape)
    if not (
        len(shape) == 3
        and shape[0] == shape[1]
        and 8 <= shape[0] <= 256
        and shape[0] % 4 == 0
        and 1 <= shape[2] <= 4
    ):
        raise UsageError(
            "image_shape must be (size, size, channels) with a size from 8 to 256 that 4 divides "
            f"and 1 to 4 channels; received {image_shape!r}. Load the data with resolution=64, "
            "channels=3, say."
        )
    return shape
