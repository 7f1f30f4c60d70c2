"""Cut-outs, and how they are laid over photographs."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from PIL import Image

from kgan.data.paired import in_test, read_emoji
from kgan.data.source import PACKAGED, read_packaged
from kgan.errors import UsageError, unknown_name

BACKGROUND = "background"
OPAQUE = 128  # the least alpha of a pixel that is the cut-out's


class CutOuts:
    """RGBA images, uint8 `(n, height, width, 4)`, the class of each, and the classes' names."""

    def __init__(
        self, name: str, images: np.ndarray, labels: np.ndarray, label_names: tuple[str, ...]
    ):
        self.name, self.images, self.labels, self.label_names = name, images, labels, label_names
        self._premultiplied = [Image.fromarray(image).convert("RGBa") for image in images]

    def scaled(self, index: int, side: int, mirrored: bool = False) -> Image.Image:
        """A cut-out at this height (Lanczos), the colour of transparent pixels left out."""
        height, width = self.images.shape[1:3]
        as_it_is = side == height
        cutout = Image.fromarray(self.images[index]) if as_it_is else self._premultiplied[index]
        if mirrored:
            cutout = cutout.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        if as_it_is:
            return cutout
        whole = (max(round(width * side / height), 1), side)
        return cutout.resize(whole, Image.Resampling.LANCZOS).convert("RGBA")

    @property
    def sha256(self) -> str:
        """Of the pixels and the classes."""
        digest = hashlib.sha256(f"{self.images.shape}".encode())
        digest.update(np.ascontiguousarray(self.images).data)
        digest.update(self.labels.astype(np.int32).data)
        return digest.hexdigest()


def paste(
    image: Image.Image, cutout: Image.Image, top: int, left: int
) -> tuple[tuple[slice, slice], np.ndarray]:
    """Lay an RGBA image over an RGB one, in place; where, and which of these are the cut-out's.

    The cut-out may lie beyond the edges.
    """
    image.paste(cutout, (left, top), cutout)
    rows = slice(max(top, 0), max(min(top + cutout.height, image.height), 0))
    columns = slice(max(left, 0), max(min(left + cutout.width, image.width), 0))
    alpha = np.asarray(cutout.getchannel("A"))
    inside = alpha[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    return (rows, columns), inside >= OPAQUE


def find_cutouts(cutouts: Any, split: str, categories: bool) -> CutOuts:
    """The cut-outs of a split, class 0 being the background.

    Raises:
        UsageError: another name, or no RGBA images.
    """
    if isinstance(cutouts, str):
        if cutouts != "emoji":
            raise unknown_name("cutouts", cutouts, ["emoji"])
        google, _, digests = read_emoji()
        chosen = in_test(digests) if split == "test" else ~in_test(digests)
        numbers, names = read_packaged(PACKAGED["emoji"], "labels", "label_names")
        named = tuple(map(str, names)) if categories else ("emoji",)
        labels = (numbers if categories else np.zeros_like(numbers))[chosen] + 1
        return CutOuts("emoji", google[chosen], labels, (BACKGROUND, *named))
    images = np.asarray(cutouts)
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[-1] != 4 or not images.size:
        raise UsageError(
            "cutouts must be 'emoji' or RGBA images, uint8 (n, height, width, 4); received "
            f"{images.dtype} of the shape {images.shape}.",
            "cutouts",
        )
    if categories:
        raise UsageError("categories are those of cutouts='emoji'; leave it out.", "categories")
    return CutOuts("arrays", images, np.ones(len(images), np.int32), (BACKGROUND, "object"))
