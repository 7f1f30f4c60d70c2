"""From one image, as Pillow or a file knows it, to uint8 pixels. NumPy and Pillow only."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image, ImageOps

MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


def read(file: Any, resolution: int | None, channels: int | None) -> np.ndarray:
    """The pixels of an image file (a path or an open binary file), turned upright.

    16 bits are brought to 8. See `convert` for the rest.

    Raises:
        OSError, ValueError, SyntaxError: the file is damaged or no image that Pillow knows.
    """
    with Image.open(file) as image:
        return _pixels(_eight_bits(ImageOps.exif_transpose(image)), resolution, channels)


def convert(pixels: np.ndarray, resolution: int | None, channels: int | None) -> np.ndarray:
    """uint8 pixels `(height, width, channels)` at another resolution or number of channels.

    With a resolution the centre square is cut out and resized (Lanczos). A transparent image
    that loses its alpha channel is laid on white.
    """
    image = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
    return _pixels(image, resolution, channels)


def _pixels(image: Image.Image, resolution: int | None, channels: int | None) -> np.ndarray:
    mode = MODES[channels] if channels else image.mode
    if "A" in image.mode and "A" not in mode:
        image = Image.alpha_composite(
            Image.new("RGBA", image.size, "white"), image.convert("RGBA")
        ).convert("RGB")
    if image.mode != mode:
        image = image.convert(mode)
    if resolution:
        image = ImageOps.fit(image, (resolution, resolution), Image.Resampling.LANCZOS)
    pixels = np.asarray(image)
    return pixels[..., np.newaxis] if pixels.ndim == 2 else pixels


def _eight_bits(image: Image.Image) -> Image.Image:
    """The image in the nearest of the modes L, LA, RGB, RGBA."""
    if image.mode in MODES.values():
        return image
    if image.mode.startswith("I"):  # 16 bits; Pillow itself would clip them at 255
        pixels = np.asarray(image).astype(np.int64) >> 8
        return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    if image.mode == "F":
        raise ValueError("floating-point pixels have no known range")
    if image.mode == "1":
        return image.convert("L")
    return image.convert("RGBA" if image.has_transparency_data else "RGB")
