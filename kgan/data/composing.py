"""`kgan.data.composites`: cut-outs on photographs, with the class of each pixel."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from PIL import Image

from kgan.checks import check_flag, check_integer, check_number, integers
from kgan.data.cut import check_photographs
from kgan.data.decode import check_formats
from kgan.data.paired import SPLITS, in_test, read_emoji
from kgan.data.photographs import PACKAGED as PHOTOGRAPHS
from kgan.data.source import PACKAGED, read_packaged
from kgan.errors import UsageError, unknown_name

if TYPE_CHECKING:
    from kgan.data.composite_dataset import CompositeDataset

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


def composites(
    source: Any = "photos",
    cutouts: Any = "emoji",
    *,
    size: int = 96,
    split: str = "train",
    batch_size: int = 16,
    seed: int = 0,
    objects: tuple[int, int] = (1, 3),
    sides: tuple[int, int] = (32, 64),
    categories: bool = False,
    mirror: bool = True,
    rotate: bool = False,
    zoom: float = 1.0,
    formats: Sequence[str] | None = None,
) -> CompositeDataset:
    """Batches `(images, label_maps)` of cut-outs on patches of photographs, for segmentation.

    Images are float32 `(batch_size, size, size, 3)` in [-1, 1], label maps int32 `(batch_size,
    size, size)`: 0 where a pixel is the background's, and the class of the uppermost cut-out whose
    alpha there is at least 128 of 255. Each cut-out is laid over what lies below it as Pillow's
    `Image.paste` does. It may lie up to a quarter beyond an edge.

    An epoch has as many images as the photographs divide into. Which cut-outs lie where, and how
    large, is a function of the seed and the step, as are the patches (`kgan.data.patches`).

    Args:
        source: photographs: `"photos"`, a folder, or a list of arrays; see `kgan.data.patches`.
        cutouts: `"emoji"`, Google's drawings, or RGBA images, uint8 `(n, height, width, 4)`.
        size: height and width of an image.
        split: "train" or "test". The packaged photographs and emoji each are in one of them, an
            emoji by its code point. Photographs and cut-outs of your own are in either; give
            others for the test.
        batch_size: images per batch, over all replicas.
        seed: 0 to 2**32 - 1.
        objects: the least and the largest number of cut-outs in an image.
        sides: the least and the largest height of a cut-out in pixels.
        categories: whether each of the emoji's ten categories is a class of its own, or all are
            one.
        mirror: mirror patches and cut-outs or not, at random.
        rotate: turn the patches by a multiple of 90 degrees, at random.
        zoom: of the patches, as for `kgan.data.patches`.
        formats: which files of a folder are images; see `kgan.data.load`.

    Example:
        >>> data = kgan.data.composites(size=64, batch_size=8)
        >>> images, label_maps = next(iter(data))
        >>> label_maps.shape, data.label_names
        (TensorShape([8, 64, 64]), ('background', 'emoji'))

    Raises:
        UsageError: a wrong argument, or a photograph smaller than an image.
        OSError: a folder cannot be read.
    """
    size = check_integer("size", size, 1)
    batch_size = check_integer("batch_size", batch_size, 1)
    seed = check_integer("seed", seed, 0, 2**32 - 1)
    objects, sides = _range("objects", objects, 0), _range("sides", sides, 1)
    mirror, rotate = check_flag("mirror", mirror), check_flag("rotate", rotate)
    zoom = check_number("zoom", zoom, 1)
    if split not in SPLITS:
        raise unknown_name("split", split, SPLITS)
    own = not (isinstance(source, str) and source in PHOTOGRAPHS)
    part = SPLITS[0] if own else split
    found = check_photographs(source, part, 3, size, check_formats(formats))
    pasted = _cutouts(cutouts, split, check_flag("categories", categories))
    from kgan.data.composite_dataset import CompositeDataset

    settings = (split, batch_size, seed, size, objects, sides, mirror, rotate, zoom)
    return CompositeDataset(found, pasted, *settings)


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


def _cutouts(cutouts: Any, split: str, categories: bool) -> CutOuts:
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


def _range(argument: str, values: Any, low: int) -> tuple[int, int]:
    """Two integers in their order.

    Raises:
        UsageError: they are not, or below `low`.
    """
    found = integers(values)
    if len(found) != 2 or not low <= found[0] <= found[1]:
        raise UsageError(
            f"{argument} must be two integers of at least {low}, the least and the largest; "
            f"received {values!r}.",
            argument,
        )
    return found[0], found[1]
