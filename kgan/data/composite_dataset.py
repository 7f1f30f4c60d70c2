"""Batches of cut-outs on patches of photographs, from any step on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from kgan.checks import check_flag, check_integer, check_number, integers
from kgan.data.composing import CutOuts, find_cutouts, paste
from kgan.data.cut import check_photographs
from kgan.data.decode import check_formats
from kgan.data.paired import SPLITS
from kgan.data.patch_dataset import PatchDataset
from kgan.data.photographs import PACKAGED, Photographs
from kgan.errors import UsageError, unknown_name

_STREAM = 6  # of the draws of a step, another than those of patches
_BEYOND = 0.25  # of a cut-out's side, at most, is beyond an edge


class CompositeDataset(PatchDataset):
    """Cut-outs on patches of photographs, and label maps; `kgan.data.composites` makes it.

    `images` and `at` give patches without cut-outs.
    """

    def __init__(
        self,
        photographs: Photographs,
        cutouts: CutOuts,
        split: str,
        batch_size: int,
        seed: int,
        size: int,
        objects: tuple[int, int],
        sides: tuple[int, int],
        mirror: bool,
        rotate: bool,
        zoom: float,
    ):
        self._cutouts, self._objects, self._sides = cutouts, objects, sides
        self._label_shape = (size, size)
        arguments = (split, batch_size, seed, size, None, "pillow", mirror, rotate)
        super().__init__(photographs, *arguments, labels=True, zoom=zoom)
        self.label_names = cutouts.label_names
        self.config = {
            **self.config,
            "cutouts": cutouts.name,
            "cutouts_sha256": cutouts.sha256,
            "objects": list(objects),
            "sides": list(sides),
            "label_names": list(cutouts.label_names),
        }

    def _labelled(
        self, indices: list[np.ndarray], step: int, part: slice
    ) -> tuple[list, np.ndarray]:
        (images,) = self._examples(indices, step, part)
        maps = np.zeros(images.shape[:3], np.int32)
        for row, (image, label_map) in enumerate(zip(images, maps, strict=True)):
            # A stream per image, since one has more cut-outs than another.
            key = (self.config["seed"], step, _STREAM, part.start + row)
            self._compose(image, label_map, np.random.default_rng(key))
        return [images], maps

    def _compose(
        self, image: np.ndarray, label_map: np.ndarray, random: np.random.Generator
    ) -> None:
        """Lay cut-outs over an image, and write their classes into its label map, in place."""
        canvas = Image.fromarray(image)
        least, most = self._objects
        for _ in range(random.integers(least, most + 1)):
            index = int(random.integers(len(self._cutouts.images)))
            mirrored = bool(self._mirror and random.random() < 0.5)
            side = int(random.integers(self._sides[0], self._sides[1] + 1))
            cutout = self._cutouts.scaled(index, side, mirrored)
            sides = np.array([cutout.height, cutout.width])
            beyond = _BEYOND * sides
            room = np.array(image.shape[:2]) - sides + 2 * beyond
            top, left = np.floor(random.random(2) * np.maximum(room, 1) - beyond).astype(int)
            where, own = paste(canvas, cutout, int(top), int(left))
            label_map[where][own] = self._cutouts.labels[index]
        image[:] = np.asarray(canvas)


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
    own = not (isinstance(source, str) and source in PACKAGED)
    part = SPLITS[0] if own else split
    found = check_photographs(source, part, 3, size, check_formats(formats))
    pasted = find_cutouts(cutouts, split, check_flag("categories", categories))
    settings = (split, batch_size, seed, size, objects, sides, mirror, rotate, zoom)
    return CompositeDataset(found, pasted, *settings)


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
