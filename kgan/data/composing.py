"""Cut-outs, and how they are laid over photographs."""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from kgan.data.paired import in_test, read_emoji
from kgan.data.source import PACKAGED, read_packaged
from kgan.errors import UsageError, unknown_name

BACKGROUND = "background"
OPAQUE = 128  # the least alpha of a pixel that is the cut-out's


class CutOuts(NamedTuple):
    """RGBA images, uint8 `(n, height, width, 4)`, the class of each, and the classes' names."""

    name: str
    images: np.ndarray
    labels: np.ndarray
    label_names: tuple[str, ...]

    @property
    def sha256(self) -> str:
        """Of the pixels and the classes."""
        digest = hashlib.sha256(f"{self.images.shape}".encode())
        digest.update(np.ascontiguousarray(self.images).data)
        digest.update(self.labels.astype(np.int32).data)
        return digest.hexdigest()


def paste(image: np.ndarray, cutout: np.ndarray, top: int, left: int) -> tuple[Any, np.ndarray]:
    """Lay RGBA pixels over RGB ones, in place; where, and which of these are the cut-out's.

    All are uint8. The cut-out may lie beyond the edges. A pixel becomes (a · above + (255 - a) ·
    below) / 255, rounded.
    """
    height, width = cutout.shape[:2]
    rows = slice(max(top, 0), max(min(top + height, image.shape[0]), 0))
    columns = slice(max(left, 0), max(min(left + width, image.shape[1]), 0))
    inside = cutout[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    above, alpha = inside[..., :3].astype(np.uint32), inside[..., 3:].astype(np.uint32)
    below = image[rows, columns].astype(np.uint32)
    image[rows, columns] = (alpha * above + (255 - alpha) * below + 127) // 255
    return (rows, columns), inside[..., 3] >= OPAQUE


def resized(cutout: np.ndarray, side: int) -> np.ndarray:
    """RGBA pixels at another height (Lanczos), the colour of transparent ones left out."""
    height, width = cutout.shape[:2]
    if height == side:
        return cutout
    whole = (max(round(width * side / height), 1), side)
    premultiplied = Image.fromarray(cutout).convert("RGBa")
    return np.asarray(premultiplied.resize(whole, Image.Resampling.LANCZOS).convert("RGBA"))


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
