"""Image files that are whole or absent, with their colour profile and EXIF."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from PIL import Image

from kgan.errors import UsageError, unknown_name
from kgan.files import atomic_write
from kgan.photos.network import Network
from kgan.photos.picture import Picture

# Suffixes, Pillow's names, and how it writes them; lossless but for jpg and webp.
FORMATS: dict[str, tuple[str, dict[str, Any]]] = {
    "png": ("PNG", {}),
    "jpg": ("JPEG", {"quality": 95, "subsampling": 0}),
    "webp": ("WEBP", {"quality": 95}),
    "tif": ("TIFF", {}),  # not compressed: Pillow's compression fails on EXIF
}
_MOST = {"JPEG": 65_500, "WEBP": 16_383}  # pixels of a side


def check_format(name: str) -> str:
    """A suffix in `FORMATS`.

    Raises:
        UsageError: another name.
    """
    if name not in FORMATS:
        raise unknown_name("format", name, FORMATS)
    return name


def check_result(path: str | Path, network: Network, picture: Picture) -> None:
    """Check that a file can hold what a network will make of a picture.

    Raises:
        UsageError: it holds no transparency, no classes, or not as many pixels.
    """
    if network.output.kind not in ("image", "mask"):
        mode = "P"
    else:
        keeps = not network.flattens and picture.alpha is not None
        mode = "LA" if keeps or network.output.shape[-1] in (2, 4) else "L"
    _check(path, mode, (picture.width * network.scale, picture.height * network.scale))


def _check(path: str | Path, mode: str, size: tuple[int, int]) -> tuple[str, dict[str, Any]]:
    """Pillow's name for a suffix, and its options, if the format holds such images."""
    suffix = Path(path).suffix.lower().removeprefix(".")
    name, options = FORMATS[check_format(suffix)]
    if mode == "P" and name in ("JPEG", "WEBP"):
        raise UsageError(f"format={suffix!r} holds no classes; use png or tif.", "format")
    if mode in ("LA", "RGBA") and name == "JPEG":
        raise UsageError(
            f"format={suffix!r} holds no transparency; use png, webp or tif.", "format"
        )
    if max(size) > _MOST.get(name, max(size)):
        raise UsageError(
            f"format={suffix!r} holds at most {_MOST[name]} pixels a side; the result has "
            f"{size[0]}x{size[1]}. Use png or tif.",
            "format",
        )
    return name, options


def save(image: Image.Image, path: str | Path, picture: Picture | None = None) -> None:
    """Write an image, with profile and EXIF of the picture that it was made from.

    The suffix, one of `FORMATS`, is the format.

    Example:
        >>> picture = kgan.photos.read("photo.jpg")
        >>> made = kgan.photos.process(kgan.photos.load("pix2pix_emoji"), picture)
        >>> kgan.photos.save(made, "drawn.png", picture)

    Raises:
        UsageError: another suffix, or an image that the format does not hold.
        OSError: the file cannot be written.
    """
    name, options = _check(path, image.mode, image.size)
    if name == "WEBP" and image.mode in ("L", "LA"):  # it has colours alone
        image = image.convert("RGBA" if image.mode == "LA" else "RGB")
    metadata = {} if picture is None else picture.metadata(image)
    with (
        atomic_write(path) as temporary,
        open(temporary, "w+b", buffering=0) as raw,
        _Whole(raw) as file,
    ):
        image.save(file, name, **options, **metadata)


class _Whole(io.BufferedRandom):
    """A file whose number Pillow does not get: its encoders would leave a short write unnoticed."""

    def fileno(self) -> int:
        raise io.UnsupportedOperation("fileno")
