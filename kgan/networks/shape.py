"""The image shapes that the networks can make, and the sizes on the way to them."""

from __future__ import annotations

from kgan.checks import integers
from kgan.errors import UsageError

_SMALLEST = 7


def halvings(image_shape, smallest: int = _SMALLEST) -> list[tuple[int, int]]:
    """Heights and widths from the image down to where its shorter side is at most `smallest`."""
    sizes = [(image_shape[0], image_shape[1])]
    while min(sizes[-1]) > smallest:
        height, width = sizes[-1]
        sizes.append((-(-height // 2), -(-width // 2)))
    return sizes


def check_image_shape(image_shape) -> tuple[int, int, int]:
    """The shape `(height, width, channels)` as a tuple, if the networks can make it.

    Raises:
        UsageError: a side that is not 8 to 256 pixels or not divisible by 4, or not 1 to 4
            channels.
    """
    shape = integers(image_shape)
    sides, channels = shape[:2], shape[2:]
    if not (
        len(shape) == 3
        and all(8 <= side <= 256 and side % 4 == 0 for side in sides)
        and 1 <= channels[0] <= 4
    ):
        raise UsageError(
            "image_shape must be (height, width, channels) with sides from 8 to 256 that 4 divides "
            f"and 1 to 4 channels; received {image_shape!r}. Load the data with resolution=64, "
            "channels=3, for example.",
            "image_shape",
        )
    return shape


def check_sides(image_shape, smallest: int) -> tuple[int, int, int]:
    """The shape `(height, width, channels)` as a tuple, if networks of free sizes can take it.

    Raises:
        UsageError: another length, a side below `smallest`, or not 1 to 4 channels.
    """
    shape = integers(image_shape)
    if len(shape) != 3 or min(shape[:2]) < smallest or not 1 <= shape[2] <= 4:
        raise UsageError(
            f"image_shape must be (height, width, channels) with sides of at least {smallest} "
            f"for these networks and 1 to 4 channels; received {image_shape!r}.",
            "image_shape",
        )
    return shape
