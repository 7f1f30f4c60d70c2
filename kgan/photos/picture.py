"""A photograph as its file has it: upright pixels, transparency, colour profile, EXIF."""

from __future__ import annotations

import dataclasses
import io
import os
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from kgan.data.decode import eight_bits, opened

_OF_PROFILE = {"L": b"GRAY", "LA": b"GRAY", "RGB": b"RGB ", "RGBA": b"RGB "}  # ICC.1, table 19
# What EXIF says of the photograph. The other tags say how its file is built.
_DESCRIPTIONS = (270, 271, 272, 282, 283, 296, 305, 306, 315, 33432)
_CAMERA, _PLACE = 0x8769, 0x8825
_WIDTH, _HEIGHT = 0xA002, 0xA003


@dataclasses.dataclass(frozen=True)
class Picture:
    """A photograph: uint8 `colour` `(height, width, 1 or 3)`, and `alpha` `(height, width)`.

    `alpha` is None for an opaque picture. `profile` is the ICC profile of the colours, `exif` what
    EXIF says of the photograph; its orientation is applied to the pixels. `notes` say what was
    changed on reading.

    Example:
        >>> picture = kgan.photos.read("photo.jpg")
        >>> picture.colour.shape, picture.alpha
        ((48, 64, 3), None)
    """

    colour: np.ndarray
    alpha: np.ndarray | None = None
    profile: bytes | None = None
    exif: Image.Exif = dataclasses.field(default_factory=Image.Exif)
    notes: tuple[str, ...] = ()

    @property
    def height(self) -> int:
        return self.colour.shape[0]

    @property
    def width(self) -> int:
        return self.colour.shape[1]

    def metadata(self, image: Image.Image) -> dict[str, Any]:
        """What a file of this image, made from the picture, says besides: profile and EXIF.

        A profile stays only with an image of its kind: that of a grey image is none for colours.
        """
        found: dict[str, Any] = {}
        if self.profile and self.profile[16:20] == _OF_PROFILE.get(image.mode):
            found["icc_profile"] = self.profile
        if len(self.exif):
            exif = Image.Exif()
            exif.update(dict(self.exif))
            if _CAMERA in exif:
                sizes = {_WIDTH: image.width, _HEIGHT: image.height}
                exif[_CAMERA] = {**exif[_CAMERA], **sizes}
            found["exif"] = exif.tobytes()
        return found


def read(file: str | os.PathLike) -> Picture:
    """The photograph in a file, whatever the mode of its pixels.

    - Palettes become colours, transparent ones with alpha; single bits become grey.
    - CMYK becomes sRGB by its colour profile, or without one by 255 - ink, and the notes say so.
    - Of 16 bits per channel the upper eight are kept, and the notes say so.
    - 32-bit and floating-point pixels are refused, since nothing says which value is white, and so
      are other colour spaces (LAB) and files of several images. Of a phone's JPEG with further
      images inside (MPO) the main one is read.

    Example:
        >>> kgan.photos.read("photo.jpg").width
        64

    Raises:
        OSError, ValueError, SyntaxError: the file is damaged, no image of the formats in
            `kgan.data.decode.FORMATS`, or of pixels that are refused.
    """
    with opened(file) as image:
        frames = getattr(image, "n_frames", 1)
        if frames > 1 and image.format != "MPO":
            raise ValueError(f"it holds {frames} images; save the one that you mean by itself")
        if image.mode == "LAB":
            raise ValueError("its colours are LAB; save it in RGB")
        stored = _stored(image)
        notes = ["of 16 bits the upper eight are kept"] if ";16" in stored else []
        exif = _description(image.getexif())
        upright = ImageOps.exif_transpose(image)
        profile = image.info.get("icc_profile")
        if upright.mode == "CMYK":
            upright, profile, note = _from_cmyk(upright, profile)
            notes.append(note)
        elif stored.startswith("LA;16"):  # Pillow's mode is that of colours
            upright = upright.convert("LA")
        # One colour may stand for transparency.
        if upright.mode in ("1", "L", "RGB") and upright.has_transparency_data:
            upright = upright.convert("RGBA" if upright.mode == "RGB" else "LA")
        pixels = np.array(eight_bits(upright, image.format))
    pixels = pixels if pixels.ndim == 3 else pixels[..., np.newaxis]
    if pixels.shape[-1] % 2:
        return Picture(pixels, None, profile, exif, tuple(notes))
    return Picture(pixels[..., :-1], pixels[..., -1], profile, exif, tuple(notes))


def _stored(image: Image.Image) -> str:
    """How the file has its pixels, as Pillow's raw mode: `RGB;16B`. The mode has 8 bits then."""
    parts = [part[3] for part in getattr(image, "tile", [])]
    raw = parts[0][0] if parts and isinstance(parts[0], tuple) else parts[0] if parts else None
    return raw if isinstance(raw, str) else image.mode


def _from_cmyk(image: Image.Image, profile: bytes | None) -> tuple[Image.Image, bytes | None, str]:
    """Inks as colours, the profile of these, and what was done."""
    try:
        from PIL import ImageCms

        if profile:
            inks = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            colours = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
            made = ImageCms.profileToProfile(image, inks, colours, outputMode="RGB")
            assert made is not None  # it is not done in place
            return made, colours.tobytes(), "CMYK became sRGB by its profile"
    # A damaged profile, or Pillow without LittleCMS.
    except (ImportError, ImageCms.PyCMSError):
        pass
    return image.convert("RGB"), None, "CMYK became RGB without a profile, so colours may be off"


def _description(exif: Image.Exif) -> Image.Exif:
    """The part of EXIF that is true of other pixels, too; no orientation and no thumbnail."""
    kept = Image.Exif()
    for tag in _DESCRIPTIONS:
        if tag in exif:
            kept[tag] = exif[tag]
    for tag in (_CAMERA, _PLACE):
        part = exif.get_ifd(tag)
        if part:
            kept[tag] = dict(part)
    return kept
