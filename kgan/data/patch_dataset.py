"""Batches of patches at random places of photographs, from any step on."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from PIL import Image

from kgan.data.bicubic import shrink
from kgan.data.dataset import ImageDataset
from kgan.data.decode import as_pillow
from kgan.data.photographs import Photographs, Tiles
from kgan.data.source import Source
from kgan.errors import UsageError

_STREAM = 4  # of the draws of a step, another than that of any epoch's order
# From one size of the photographs to the next smaller one: with low resolution beside them, and
# without, where a patch is made smaller once more, which costs less from the nearest size.
_STEP, _COARSE_STEP = 2**0.25, 2.0


class PatchDataset(ImageDataset):
    """Patches of photographs; `kgan.data.patches` makes it.

    `images` and `at` give the patches that the photographs divide into, as they are; batches give
    as many in an epoch, at random places, mirrored and turned.
    """

    def __init__(
        self,
        photographs: Photographs,
        split: str,
        batch_size: int,
        seed: int,
        size: int,
        scale: int | None,
        kernel: str,
        mirror: bool,
        rotate: bool,
        labels: bool = False,
        zoom: float = 1.0,
    ):
        whole, self._scales = photographs.images, [1] if scale is None else [1, scale]
        self._step = _COARSE_STEP if scale is None else _STEP
        # Photographs of ever smaller sizes, each list with those at low resolution before them.
        self._levels = []
        for level in range(1 + self._level(zoom)):
            images = [_smaller(image, self._step**level, size) for image in whole]
            if scale is None:
                self._levels.append([images])
                continue
            images = [_cropped(image, scale) for image in images]
            self._levels.append([[shrink(image, scale, kernel) for image in images], images])
        self._least = size // (scale or 1)
        # Read like arrays, as which they pass.
        tiles: list[Any] = [
            Tiles(images, self._least * factor)
            for images, factor in zip(self._levels[0], self._scales, strict=True)
        ]
        if batch_size > len(tiles[0]):
            raise UsageError(
                f"batch_size={batch_size} must not exceed the {len(tiles[0])} patches of {size}x"
                f"{size} that the {len(whole)} photographs of {photographs.name!r} divide into. "
                f"Pass batch_size={len(tiles[0])} or less, or more photographs.",
                "batch_size",
            )
        self._tiles, self._mirror, self._rotate, self._zoom = tiles[0], mirror, rotate, zoom
        source = Source(photographs.name, tiles[0], None, None, photographs.sha256, (*tiles[1:],))
        super().__init__(source, split, batch_size, seed, labels)
        changes = {"mirror": mirror, "rotate": rotate, "zoom": zoom}
        made = {"size": size, "scale": scale, "kernel": kernel if scale else None}
        self.config = {**self.config, **made, **changes, "num_photographs": len(whole)}
        self.config.pop("jitter", None)

    def _examples(self, indices: list[np.ndarray], step: int, part: slice) -> list[np.ndarray]:
        """Patches of the photographs that these indices are of, each anywhere in its photograph."""
        random = np.random.default_rng((self.config["seed"], step, _STREAM))
        places = random.random((self.batch_size, 2))[part]
        mirrored = random.random(self.batch_size)[part] < 0.5
        turns = random.integers(4, size=self.batch_size)[part]
        zooms = self._zoom ** random.random(self.batch_size)[part]
        made = [np.empty((len(places), *shape), np.uint8) for shape in self.image_shapes]
        for row, index in enumerate(indices[0]):
            number, level = self._tiles.photograph(index), self._level(zooms[row])
            photographs, wide = self._levels[level], self._least
            sides = np.array(photographs[0][number].shape[:2])
            if len(self._scales) == 1:
                wide = min(round(wide * zooms[row] / self._step**level), sides.min())
            top, left = (places[row] * (sides - wide + 1)).astype(int)
            for patches, images, factor in zip(made, photographs, self._scales, strict=True):
                side = wide * factor
                down, right = top * factor, left * factor
                patch = images[number][down : down + side, right : right + side]
                if wide > self._least:
                    patch = _resized(patch, (self._least, self._least))
                if self._mirror and mirrored[row]:
                    patch = patch[:, ::-1]
                patches[row] = np.rot90(patch, turns[row]) if self._rotate else patch
        return made

    def _level(self, zoom: float) -> int:
        """The smallest photographs from which a patch of this zoom need not be enlarged."""
        return int(math.log(zoom, self._step) + 1e-9)


def _smaller(image: np.ndarray, factor: float, least: int) -> np.ndarray:
    """An image of a `factor`-th of the size, but with `least` pixels on its shorter side."""
    height, width = image.shape[:2]
    factor = min(factor, min(height, width) / least)
    return (
        image if factor == 1 else _resized(image, (round(height / factor), round(width / factor)))
    )


def _resized(image: np.ndarray, sides: tuple[int, int]) -> np.ndarray:
    """An image of this height and width, by Pillow's bicubic kernel."""
    made = as_pillow(image).resize(sides[::-1], Image.Resampling.BICUBIC)
    return np.asarray(made).reshape(*sides, -1)


def _cropped(image: np.ndarray, scale: int) -> np.ndarray:
    """The upper left of an image, of a height and width that the scale divides."""
    height, width = (side // scale * scale for side in image.shape[:2])
    return image[:height, :width]
