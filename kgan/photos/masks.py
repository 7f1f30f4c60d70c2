"""Masks in image files: white is what is to be made."""

from __future__ import annotations

import os

import numpy as np

from kgan.errors import UsageError
from kgan.photos.picture import read

_COLOURED = 32  # between the channels of a pixel; JPEG stains grey by less
_BLACK, _WHITE = 48, 207  # grey values up to and from which a pixel is meant as black or white
_MOST_BETWEEN = 0.2  # of the pixels: soft edges, but no photograph


def read_mask(file: str | os.PathLike) -> np.ndarray:
    """Whether each pixel is to be made, bool `(height, width)`: where the file is white.

    Grey counts as white from 128 on. EXIF orientation is applied.

    Example:
        >>> kgan.photos.read_mask("mask.png").shape
        (48, 64)

    Raises:
        UsageError: the file is no mask: it has colours, transparency, or is a grey picture; or it
            cannot be read.
    """
    # Pillow's decoders raise whatever a damaged file leads them to.
    try:
        picture = read(file)
    except Exception as error:
        raise UsageError(f"mask={str(file)!r} cannot be read: {error}.", "mask") from error
    problem = None
    if picture.alpha is not None and picture.alpha.min() < 255:
        problem = "it has transparent pixels"
    elif np.ptp(picture.colour, axis=-1).max() > _COLOURED:
        problem = "it has colours"
    grey = np.rint(picture.colour.mean(-1))
    between = ((grey > _BLACK) & (grey < _WHITE)).mean()
    if problem is None and between > _MOST_BETWEEN:
        problem = f"{between:.0%} of its pixels are neither"
    if problem is not None:
        raise UsageError(
            f"mask={str(file)!r} must be black and white, white where pixels are to be made; "
            f"{problem}.",
            "mask",
        )
    return grey >= 128


def check_mask(mask: np.ndarray, height: int, width: int, name: str = "") -> np.ndarray:
    """A mask, bool, if it has the size of the picture.

    Raises:
        UsageError: it has another, or holds other values than 0 and 1.
    """
    given = f"={name!r}" if name else ""
    mask = np.asarray(mask)
    if mask.shape != (height, width) or not np.isin(mask, (0, 1)).all():
        received = "x".join(map(str, reversed(mask.shape)))
        raise UsageError(
            f"mask{given} must have the size of the image, {width}x{height}, and hold 1 where "
            f"pixels are to be made and 0 elsewhere; received {received}.",
            "mask",
        )
    return mask.astype(bool)


def class_palette() -> list[int]:
    """256 colours that tell classes apart: PASCAL VOC's, whose bits are those of the number."""
    colours = []
    for number in range(256):
        colour = [0, 0, 0]
        for bit in range(8):
            for channel in range(3):
                colour[channel] |= (number >> channel & 1) << (7 - bit)
            number >>= 3
        colours += colour
    return colours
