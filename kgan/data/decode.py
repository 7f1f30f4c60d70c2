"""One image, from a file or from Pillow, as uint8 pixels. NumPy and Pillow only."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from kgan.errors import UsageError

# Pillow's names. EPS is never read: it is a program, which Pillow has Ghostscript run.
FORMATS = ("PNG", "JPEG", "WEBP", "AVIF", "BMP", "GIF", "TIFF", "JPEG2000", "PPM")
MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


def check_formats(formats: Any) -> tuple[str, ...]:
    """The formats by Pillow's names, in capitals; `FORMATS` for None.

    Raises:
        UsageError: no sequence of names of formats that Pillow reads, or EPS.
    """
    if formats is None:
        return FORMATS
    Image.init()
    known = sorted(set(Image.OPEN) - {"EPS"})
    names = [formats] if isinstance(formats, str) or not isinstance(formats, Sequence) else formats
    wrong = [name for name in names if not isinstance(name, str) or name.upper() not in known]
    if wrong or not names or names is not formats:
        raise UsageError(
            f"formats must be a list of some of {', '.join(known)}; received {formats!r}. EPS runs "
            "a program: convert these files to PNG.",
            "formats",
        )
    return tuple(name.upper() for name in names)


def opened(file: Any, formats: Sequence[str] = FORMATS) -> Image.Image:
    """The image in a file (a path or an open binary file), for `with`; not decoded yet.

    Raises:
        OSError: there is no such file, it is a pipe or a device, or no image of these formats.
    """
    # Opening a pipe would wait for its writer.
    if isinstance(file, (str, os.PathLike)) and not stat.S_ISREG(os.stat(file).st_mode):
        raise OSError(f"{os.fspath(file)} is no regular file, but a folder, a pipe or a device")
    Image.init()  # without it `OPEN` lacks most formats
    return Image.open(file, formats=[name for name in formats if name in Image.OPEN])


def read(
    file: Any,
    resolution: int | None,
    channels: int | None,
    formats: Sequence[str] = FORMATS,
    beside: int = 1,
) -> np.ndarray:
    """The pixels of an image file (a path or an open binary file), turned upright.

    A file of several images `beside` each other is cut into these, which are converted one by one
    and become the channels of one.

    Of 16 bits the upper eight are kept. 32-bit and floating-point pixels are refused, since nothing
    says which of their values is white. See `convert` for the rest.

    Raises:
        OSError, ValueError, SyntaxError: the file is damaged, or no image of these formats, or of
            pixels without a known range.
    """
    with opened(file, formats) as image:
        upright = _eight_bits(ImageOps.exif_transpose(image), image.format)
        if beside == 1:
            return _pixels(upright, resolution, channels)
        width, rest = divmod(upright.width, beside)
        if rest or not width:
            raise ValueError(
                f"{beside} images beside each other need a width that is a multiple of {beside}, "
                f"it has {upright.width} pixels"
            )
        parts = [
            upright.crop((left, 0, left + width, upright.height))
            for left in range(0, upright.width, width)
        ]
        return np.concatenate([_pixels(part, resolution, channels) for part in parts], -1)


def convert(pixels: np.ndarray, resolution: int | None, channels: int | None) -> np.ndarray:
    """uint8 pixels `(height, width, channels)` at another resolution or number of channels.

    With a resolution the centre square is cut out and resized (Lanczos). A transparent image
    that loses its alpha channel is laid on white.
    """
    return _pixels(_image(pixels), resolution, channels)


def over_white(images: np.ndarray) -> np.ndarray:
    """Images `(…, channels)` laid on white, without their alpha channel; others unchanged.

    uint8, rounded as Pillow does, or floats in [-1, 1].
    """
    if images.shape[-1] not in (2, 4):
        return images
    parts = images.astype(np.float32) if images.dtype == np.uint8 else images
    colour, alpha = parts[..., :-1], parts[..., -1:]
    if images.dtype == np.uint8:
        return np.rint(255 + (colour - 255) * (alpha / 255)).astype(np.uint8)
    return 1 + (colour - 1) * ((alpha + 1) / 2)


def _image(pixels: np.ndarray) -> Image.Image:
    return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)


def _pixels(image: Image.Image, resolution: int | None, channels: int | None) -> np.ndarray:
    mode = MODES[channels] if channels else image.mode
    if "A" in image.mode and "A" not in mode:
        image = _image(over_white(np.asarray(image)))
    if image.mode != mode:
        image = image.convert(mode)
    if resolution:
        image = ImageOps.fit(image, (resolution, resolution), Image.Resampling.LANCZOS)
    pixels = np.asarray(image)
    return pixels[..., np.newaxis] if pixels.ndim == 2 else pixels


def _eight_bits(image: Image.Image, format: str | None) -> Image.Image:
    """The image in the nearest of the modes L, LA, RGB, RGBA."""
    if image.mode in MODES.values():
        return image
    if image.mode == "F" or (image.mode == "I" and format == "TIFF"):
        raise ValueError(
            "32-bit and floating-point pixels have no known range; save it with 8 or 16 bits"
        )
    if image.mode.startswith("I"):  # 16 bits; Pillow itself would clip them at 255
        pixels = np.asarray(image).astype(np.int64)
        if 0 < pixels.max() < 256:
            raise ValueError("all of its 16-bit pixels are below 256 of 65535; save it with 8 bits")
        return Image.fromarray((pixels >> 8).clip(0, 255).astype(np.uint8))
    if image.mode == "1":
        return image.convert("L")
    return image.convert("RGBA" if image.has_transparency_data else "RGB")
