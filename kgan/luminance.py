"""The luminance of colour images: ITU-R BT.601, as in JPEG files and in Pillow's grey images."""

from __future__ import annotations

from typing import Any

RED, GREEN, BLUE = 0.299, 0.587, 0.114


def luminance(images: Any) -> Any:
    """The luma 0.299 R + 0.587 G + 0.114 B of images, one channel; grey images are returned.

    Takes an array or a tensor `(…, 3)`, or `(…, 1)`, and gives `(…, 1)` in the same range.
    """
    if images.shape[-1] == 1:
        return images
    red, green, blue = (images[..., channel : channel + 1] for channel in range(3))
    return RED * red + GREEN * green + BLUE * blue
