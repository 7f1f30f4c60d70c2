"""Images in [-1, 1] as pixels: grids and animations. Needs NumPy and Pillow only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from kgan.batches import batches
from kgan.data.decode import over_white, read
from kgan.errors import UsageError
from kgan.files import atomic_write

_GAP = 2  # white pixels between the cells of a grid
_MOST_COLUMNS = 16  # for classes that have one each
_CELL = 64  # smaller images are enlarged to about this many pixels


def to_uint8(images: np.ndarray) -> np.ndarray:
    """Pixels 0..255 of float images in [-1, 1]: round((x + 1) * 127.5), clipped.

    The exact inverse of `x = u / 127.5 - 1`. uint8 images are returned as they are.

    Example:
        >>> kgan.images.to_uint8(np.array([-1.0, 0.0, 1.0]))
        array([  0, 128, 255], dtype=uint8)

    Raises:
        UsageError: the images hold NaN or infinity, or are of another integer type.
    """
    images = np.asarray(images)
    if images.dtype == np.uint8:
        return images
    # bfloat16 is no subtype of np.floating, so the integers are checked.
    if images.dtype.kind in "iub":
        raise UsageError(
            f"images must be float in [-1, 1] or uint8; received {images.dtype}. Convert them "
            "with images.astype('uint8') if they lie in 0..255.",
            "images",
        )
    images = images.astype(np.float32)
    if not np.isfinite(images).all():
        raise UsageError(
            "images must be finite; received NaN or infinity, from a broken generator.", "images"
        )
    return np.rint((images.clip(-1.0, 1.0) + 1.0) * 127.5).astype(np.uint8)


def to_pil(image: np.ndarray) -> Image.Image:
    """The Pillow image of one (height, width, channels) image; 1 to 4 channels: L, LA, RGB, RGBA.

    Raises:
        UsageError: the rank or the number of channels is another.
    """
    pixels = to_uint8(image)
    if pixels.ndim != 3 or not 1 <= pixels.shape[-1] <= 4:
        raise UsageError(
            "image must have the shape (height, width, channels) with 1 to 4 channels; "
            f"received {pixels.shape}.",
            "image",
        )
    return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)


def grid(images: np.ndarray, columns: int | None = None) -> Image.Image:
    """One picture of all images, row by row, with small images enlarged by a whole factor.

    Args:
        images: (n, height, width, channels), float in [-1, 1] or uint8, 1 to 4 channels.
        columns: images per row; about the square root of n if None.

    Example:
        >>> picture = kgan.images.grid(images, columns=8)
        >>> picture.save("garments.jpg")

    Raises:
        UsageError: no images, another rank, or `columns` below 1.
    """
    pixels = to_uint8(images)
    if pixels.ndim != 4 or len(pixels) == 0:
        raise UsageError(
            "images must have the shape (n, height, width, channels) with n of at least 1; "
            f"received {pixels.shape}.",
            "images",
        )
    count, height, width, channels = pixels.shape
    columns = math.ceil(math.sqrt(count)) if columns is None else min(columns, count)
    if columns < 1:
        raise UsageError(f"columns must be at least 1; received {columns}.", "columns")
    factor = max(1, round(_CELL / max(height, width)))
    pixels = pixels.repeat(factor, axis=1).repeat(factor, axis=2)
    height, width = height * factor + _GAP, width * factor + _GAP
    rows = math.ceil(count / columns)
    canvas = np.full((rows * height + _GAP, columns * width + _GAP, channels), 255, np.uint8)
    for index, cell in enumerate(pixels):
        top, left = index // columns * height + _GAP, index % columns * width + _GAP
        canvas[top : top + height - _GAP, left : left + width - _GAP] = cell
    return to_pil(canvas)


def class_columns(classes: int | None, n: int) -> int | None:
    """Columns for a grid of n images whose classes come in turn: one for each class.

    None, the grid's default, for one class, more than 16 classes, or more classes than images.
    """
    return classes if classes and 1 < classes <= min(n, _MOST_COLUMNS) else None


def side_by_side(parts: Sequence[np.ndarray], columns: int | None) -> np.ndarray:
    """Images in an order in which a grid of `columns` shows rows of each part in turn.

    Each part is `(n, height, width, channels)`; all get the channels of the part with most. Only
    whole rows are kept where there are several parts.
    """
    if len(parts) == 1:
        return parts[0]
    assert columns is not None
    most = max(part.shape[-1] for part in parts)
    colored = [_with_channels(part, most) for part in parts]
    whole = len(parts[0]) // columns * columns
    rows = batches(tuple(part[:whole] for part in colored), columns)
    return np.concatenate([row for of_each in rows for row in of_each])


def _with_channels(images: np.ndarray, channels: int) -> np.ndarray:
    """Images with up to 4 `channels`: grey is repeated, and alpha is opaque."""
    own = images.shape[-1]
    if own == channels:
        return images
    colors, alpha = (images, None) if own % 2 else (images[..., :-1], images[..., -1:])
    if channels > 2 and colors.shape[-1] == 1:
        colors = np.repeat(colors, 3, axis=-1)
    if channels % 2:
        return colors
    opaque = np.ones_like(images[..., :1])
    return np.concatenate([colors, opaque if alpha is None else alpha], axis=-1)


def save_grid(path: str | Path, images: np.ndarray, columns: int | None = None) -> None:
    """Write `grid(images, columns)` as a PNG file, whole or not at all.

    Example:
        >>> kgan.images.save_grid("garments.png", gan.generate(16, seed=7), columns=8)

    Raises:
        UsageError: as for `grid`.
        OSError: the file cannot be written.
    """
    picture = grid(images, columns)
    with atomic_write(path) as temporary:
        picture.save(temporary, format="PNG")


def save_gif(
    path: str | Path,
    frames: Sequence[str | Path | np.ndarray],
    ms: int = 250,
    last_ms: int = 2000,
) -> None:
    """Write an endless animation as a GIF file, whole or not at all.

    Args:
        path: the file.
        frames: image files or (height, width, channels) arrays, all of one size; laid on white
            where they are transparent.
        ms: how long a frame is shown, in milliseconds.
        last_ms: how long the last frame is shown.

    Example:
        >>> kgan.images.save_gif("garments.gif", list(images[:8]), ms=100)

    Raises:
        UsageError: no frames, or frames of different sizes.
        OSError: a frame cannot be read or the file cannot be written.
    """
    pictures = [_opaque(frame) for frame in frames]
    if len({picture.size for picture in pictures}) != 1:
        sizes = sorted({f"{w}x{h}" for w, h in (picture.size for picture in pictures)})
        raise UsageError(
            f"frames must be at least one, all of one size; received sizes {sizes}.", "frames"
        )
    first, *rest = pictures
    durations = [ms] * len(rest) + [last_ms]
    with atomic_write(path) as temporary:
        first.save(temporary, "GIF", save_all=True, append_images=rest, duration=durations, loop=0)


def _opaque(frame: str | Path | np.ndarray) -> Image.Image:
    """A frame as GIF can hold it: laid on white where it is transparent."""
    pixels = to_uint8(frame) if isinstance(frame, np.ndarray) else read(frame, None, None)
    return to_pil(over_white(pixels))
