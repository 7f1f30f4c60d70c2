"""DiffAugment: random, differentiable augmentations of real and generated images."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from kgan.errors import UsageError, unknown_name
from kgan.registry import Configured, Registry


class Augment(Configured):
    """Base class: a differentiable map of images `(batch, height, width, channels)`.

    Example:
        >>> class Mirror(kgan.augment.Augment):
        ...     def __call__(self, images):
        ...         return images[:, :, ::-1]
        >>> gan.compile(augment=Mirror())
    """

    # The model binds its own generator, so that its seed and checkpoints pin the draws.
    seed_generator: keras.random.SeedGenerator | None = None

    def __call__(self, images):
        """The augmented images, of the same shape and dtype."""
        raise NotImplementedError

    def together(self, images: Sequence[Any]) -> list[Any]:
        """Images that belong together, of one height and width, each changed in the same way.

        Here as the channels of one image.
        """
        return _split(self(ops.concatenate(images, axis=-1)), images)

    def with_values(self, images: Sequence[Any], values: Sequence[Any]) -> tuple[list, list]:
        """Images that belong together, changed in the same way, and values that move with them.

        `values`, such as masks, are of the height and width of the images. As alpha channels they
        keep what they are wherever they are moved to.
        """
        if not values:
            return self.together(images), []
        channels = ops.concatenate(values, axis=-1)
        alphas = [
            ops.repeat(channels[..., place : place + 1], 2, axis=-1)
            for place in range(channels.shape[-1])
        ]
        changed = self.together([*images, *alphas])
        moved = [each[..., 1:] for each in changed[len(images) :]]
        return changed[: len(images)], _split(ops.concatenate(moved, axis=-1), values)


def _split(merged, images: Sequence[Any]) -> list[Any]:
    """The images whose channels lie beside each other in `merged`."""
    ends = list(itertools.accumulate(image.shape[-1] for image in images))
    return [
        merged[..., end - image.shape[-1] : end] for end, image in zip(ends, images, strict=True)
    ]


augments: Registry[Augment] = Registry("augment", Augment)


@augments.register("diffaugment")
class DiffAugment(Augment):
    """Differentiable random colour, translation and cutout, drawn for each image.

    `policy` names the augmentations, which are applied in the paper's order: "color" (brightness
    ±0.5 in units of [-1, 1], saturation 0 to 2, contrast 0.5 to 1.5), "translation" (up to an
    eighth of the side, filled with zeros), "cutout" (a square of half the side becomes zero). The
    last channel of two or four is alpha, which colour does not change.

    Example:
        >>> augment = kgan.augment.DiffAugment(policy=("translation", "cutout"))
        >>> gan.compile(augment=augment)
        >>> gan.fit(images, epochs=1)

    Raises:
        UsageError: an unknown name in `policy`, or none.

    Zhao et al., "Differentiable Augmentation for Data-Efficient GAN Training", 2020,
    arXiv:2006.10738, section 3.2.
    """

    def __init__(self, policy: tuple[str, ...] = ("color", "translation", "cutout")):
        for name in policy if isinstance(policy, (tuple, list)) else [policy]:
            if name not in ("color", "translation", "cutout"):
                raise unknown_name("policy", name, ("color", "translation", "cutout"))
        if not isinstance(policy, (tuple, list)) or not policy:
            raise UsageError(
                f'policy must be names such as ("color",); received {policy!r}.', "policy"
            )
        self.policy = tuple(policy)

    def __call__(self, images):
        return self.together([images])[0]

    def together(self, images: Sequence[Any]) -> list[Any]:
        """Images that belong together, each after the same change of colours and places."""
        if "color" in self.policy:
            images = self._color(images)
        merged = ops.concatenate(images, axis=-1) if len(images) > 1 else images[0]
        if "translation" in self.policy:
            merged = self._translation(merged)
        if "cutout" in self.policy:
            merged = self._cutout(merged)
        return _split(merged, images) if len(images) > 1 else [merged]

    def _uniform(self, images, low, high):
        """One number per image, `(batch, 1, 1, 1)`."""
        shape = (ops.shape(images)[0], 1, 1, 1)
        return keras.random.uniform(shape, low, high, images.dtype, seed=self.seed_generator)

    def _whole(self, images, low, high):
        """One integer in [low, high) per image, `(batch, 1)`."""
        shape = (ops.shape(images)[0], 1)
        return keras.random.randint(shape, low, high, "int32", seed=self.seed_generator)

    def _color(self, images):
        """Each of the images after the same change of colour."""
        colors = [1 if each.shape[-1] < 3 else 3 for each in images]
        brightness = self._uniform(images[0], -0.5, 0.5)
        saturation = self._uniform(images[0], 0.0, 2.0) if 3 in colors else None
        contrast = self._uniform(images[0], 0.5, 1.5)
        changed = []
        for each, count in zip(images, colors, strict=True):
            x, alpha = each[..., :count] + brightness, each[..., count:]
            if count == 3:
                gray = ops.mean(x, axis=-1, keepdims=True)
                x = gray + saturation * (x - gray)
            mean = ops.mean(x, axis=(1, 2, 3), keepdims=True)
            changed.append(ops.concatenate([mean + contrast * (x - mean), alpha], axis=-1))
        return changed

    def _translation(self, images):
        _, height, width, _ = images.shape
        reach_y, reach_x = (height + 4) // 8, (width + 4) // 8
        rows = ops.arange(height)[None] + self._whole(images, -reach_y, reach_y + 1)
        columns = ops.arange(width)[None] + self._whole(images, -reach_x, reach_x + 1)
        # Selection by a matrix product has a gradient on every backend; an index out of range
        # selects no row, which leaves zeros.
        select_rows = ops.one_hot(rows, height, dtype=images.dtype)
        select_columns = ops.one_hot(columns, width, dtype=images.dtype)
        moved = ops.einsum("bij,bjwc->biwc", select_rows, images)
        return ops.einsum("bij,bhjc->bhic", select_columns, moved)

    def _cutout(self, images):
        _, height, width, _ = images.shape
        side_y, side_x = (height + 1) // 2, (width + 1) // 2
        top = self._whole(images, 0, height + 1 - side_y % 2) - side_y // 2
        left = self._whole(images, 0, width + 1 - side_x % 2) - side_x // 2
        rows, columns = ops.arange(height)[None], ops.arange(width)[None]
        in_rows = ops.logical_and(rows >= top, rows < top + side_y)
        in_columns = ops.logical_and(columns >= left, columns < left + side_x)
        inside = ops.logical_and(in_rows[:, :, None], in_columns[:, None, :])
        return images * ops.cast(ops.logical_not(inside), images.dtype)[..., None]
