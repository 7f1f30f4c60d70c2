"""Batches of cut-outs on patches of photographs, from any step on."""

from __future__ import annotations

import numpy as np

from kgan.data.composing import CutOuts, paste, resized
from kgan.data.patch_dataset import PatchDataset
from kgan.data.photographs import Photographs

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
        least, most = self._objects
        for _ in range(random.integers(least, most + 1)):
            index = random.integers(len(self._cutouts.images))
            cutout = self._cutouts.images[index]
            if self._mirror and random.random() < 0.5:
                cutout = cutout[:, ::-1]
            cutout = resized(cutout, int(random.integers(self._sides[0], self._sides[1] + 1)))
            beyond = _BEYOND * np.array(cutout.shape[:2])
            room = np.array(image.shape[:2]) - cutout.shape[:2] + 2 * beyond
            top, left = np.floor(random.random(2) * np.maximum(room, 1) - beyond).astype(int)
            where, own = paste(image, cutout, top, left)
            label_map[where][own] = self._cutouts.labels[index]
