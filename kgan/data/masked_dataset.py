"""Batches of images with free-form masks, from any step on."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence

import numpy as np

from kgan.checks import check_integer
from kgan.data.dataset import ImageDataset
from kgan.data.masks import KINDS, check_kinds, check_shares, hole
from kgan.errors import UsageError

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


def masked(
    data: ImageDataset,
    kinds: str | Sequence[str] = KINDS,
    shares: tuple[float, float] = (0.0, 0.5),
    seed: int | None = None,
) -> MaskedDataset:
    """Batches `(images, masks)` of a data set's images and free-form masks of their size.

    Each image gets another mask each time: a function of the seed and the step. There are 4,096 of
    them, which are drawn once each.

    Args:
        data: images alone, as `kgan.data.load` and `kgan.data.patches` give them.
        kinds, shares: see `free_form_masks`.
        seed: of the masks; None is that of the data.

    Example:
        >>> data = kgan.data.masked(kgan.data.patches("photos", size=64), kinds="thick")
        >>> images, masks = next(iter(data))
        >>> images.shape, masks.shape
        (TensorShape([16, 64, 64, 3]), TensorShape([16, 64, 64, 1]))

    Raises:
        UsageError: data of something else than images alone, or as for `free_form_masks`.
    """
    if not isinstance(data, ImageDataset) or len(data.image_shapes) > 1 or data.config["labels"]:
        received = f"{data!r}" if isinstance(data, ImageDataset) else type(data).__name__
        raise UsageError(
            "data must be images alone, such as kgan.data.patches(…) or kgan.data.load(…) without "
            f"labels; received {received}. Other batches (images, masks) need no kgan.data.masked: "
            "kgan.data.free_form_masks makes arrays of masks.",
            "data",
        )
    if seed is not None:
        seed = check_integer("seed", seed, 0, 2**32 - 1)
    return MaskedDataset(data, check_kinds(kinds), check_shares(shares), seed)
