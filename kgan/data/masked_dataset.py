"""Batches of images with free-form masks, from any step on."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np

from kgan.data.dataset import ImageDataset
from kgan.data.masks import hole

_MASKS = 4096  # that a data set draws, each when it is first needed


class MaskedDataset(ImageDataset):
    """Images of another data set, each beside a mask; `kgan.data.masked` makes it."""

    def __init__(
        self,
        data: ImageDataset,
        kinds: tuple[str, ...],
        shares: tuple[float, float],
        seed: int | None,
    ):
        height, width, _ = data.image_shape
        own = data.config["seed"]
        seed = own if seed is None else seed

        # Packed, since a data set holds them as long as it lives.
        @functools.lru_cache(maxsize=_MASKS)
        def packed(number: int) -> np.ndarray:
            return np.packbits(hole(height, width, kinds, seed, number, shares))

        self._data, self._packed = data, packed
        packed(0)  # refuses a range of shares that the kind hardly has
        masks = np.broadcast_to(np.float32(1), (data.num_images, height, width, 1))
        source = dataclasses.replace(data._source, labels=None, others=(masks,))
        super().__init__(source, data.config["split"], data.batch_size, own, labels=False)
        shapes = [list(shape) for shape in self.image_shapes]
        drawn = {"kinds": list(kinds), "shares": list(shares), "seed": seed}
        self.config = {**data.config, "shapes": shapes, "masks": drawn}

    def _examples(self, indices: list[np.ndarray], step: int, part: slice) -> list[np.ndarray]:
        (images,) = self._data._examples(indices[:1], step, part)
        first = step * self.batch_size + part.start
        numbers = np.arange(first, first + len(images)) % _MASKS
        height, width, _ = self.image_shape
        bits = np.stack([self._packed(int(number)) for number in numbers])
        holes = np.unpackbits(bits, axis=1, count=height * width)
        known = (1 - holes).astype(np.float32)
        return [images, known.reshape(-1, height, width, 1)]
