"""Fields of pixels: images, masks."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from kgan.errors import UsageError
from kgan.signature.field import Bounds, Field
from kgan.validate import check_images, fits


@dataclasses.dataclass(frozen=True)
class Image(Field):
    """An image in [-1, 1] of `shape` `(height, width, channels)`; a size of None is free.

    `smallest` is the least height and width that the networks can take. With a `scale` an image is
    that many times as high and wide as the first one of its signature.

    Example:
        >>> image = kgan.signature.Image((28, 28, 1))
        >>> image.brief()
        'image 28x28x1'
        >>> images = image.check(images)
    """

    shape: tuple[int | None, ...]  # type: ignore[misc]
    name: str = "image"
    smallest: int = 1
    kind: ClassVar[str] = "image"
    scale: int | None = None
    has_default: ClassVar[bool] = False
    values: ClassVar[str] = "in [-1, 1]"

    def check(self, values: Any, n: int | None = None, argument: str | None = None) -> np.ndarray:
        images = check_images(values, self.shape, argument or self.argument)
        self.check_size(images.shape, argument)
        if n is not None and len(images) != n:
            raise UsageError(
                f"{argument or self.argument} must be {n} images; received {len(images)}.",
                argument or self.argument,
            )
        return images

    def check_size(self, shape: Sequence[int | None], argument: str | None = None) -> None:
        """Check that images `(batch, height, width, channels)` are not too small.

        Raises:
            UsageError: they are.
        """
        height, width = shape[1:3]
        shorter = min(height or self.smallest, width or self.smallest)
        if shorter < self.smallest:
            depth = max(int(math.log2(max(shorter, 1))), 1)
            raise UsageError(
                f"{argument or self.argument} must be at least {self.smallest} pixels high and "
                f"wide for these networks; received {width}x{height}. Resize them, or build the "
                f"model with shallower networks, such as kgan.networks.UNet(depth={depth}).",
                argument or self.argument,
            )

    def check_beside(
        self, shape: Sequence[int | None], first: Sequence[int | None], argument: str | None = None
    ) -> None:
        sides = [(side, of) for side, of in zip(shape[1:3], first[1:3], strict=True) if side and of]
        if self.scale is not None and any(side != self.scale * of for side, of in sides):
            times = "the" if self.scale == 1 else f"{self.scale} times the"
            raise UsageError(
                f"{argument or self.argument} must have {times} height and width of what they are "
                f"made of; received {shape[2]}x{shape[1]} for {first[2]}x{first[1]}.",
                argument or self.argument,
            )

    def metadata(self) -> dict[str, str]:
        found = {"smallest": self.smallest} if self.smallest > 1 else {}
        if self.scale not in (None, 1):
            found["scale"] = self.scale
        return {f"{self.name}_{key}": str(value) for key, value in found.items()}

    def facts(self) -> dict[str, Any]:
        return super().facts() | {"smallest": self.smallest, "scale": self.scale}

    def bounds(self) -> Bounds:
        fix = "From 0 to 255, use images / 127.5 - 1."
        return Bounds("finite numbers, -1 to 1,", -1.0, 1.0, fix)

    def describe(self, n: int) -> str:
        sides = ("height", "width", "channels")
        shape = ", ".join(str(size or side) for size, side in zip(self.shape, sides, strict=True))
        least = f", height and width at least {self.smallest}" if self.smallest > 1 else ""
        return f"`{self.argument}` are float32 ({n}, {shape}) {self.values}{least}."

    def describe_answers(self, n: int) -> str:
        made = dataclasses.replace(self, smallest=1)
        return made.describe(n).replace(self.argument, self.answers, 1)

    def examples(self, n: int, seed: int, size: tuple[int, int] | None = None) -> np.ndarray:
        free = size or (max(self.smallest, 16),) * 2
        sides = [free[axis] if side is None else side for axis, side in enumerate(self.shape[:2])]
        shape = (n, *sides, self.shape[2] or 1)
        return np.random.RandomState(seed).uniform(-1, 1, shape).astype(np.float32)


@dataclasses.dataclass(frozen=True)
class Mask(Image):
    """A mask `(height, width, 1)`: 1 where a pixel is known, 0 where it is to be made.

    Example:
        >>> mask = kgan.signature.Mask((28, 28, 1))
        >>> masks = mask.check(images > -1)
    """

    name: str = "mask"
    kind: ClassVar[str] = "mask"
    hint: ClassVar[str] = "kgan.data.masked(images) draws masks."
    values: ClassVar[str] = "of 0 and 1"

    def bounds(self) -> Bounds:
        return Bounds("numbers, 0 to 1,", 0.0, 1.0, "From 0 to 255, use masks / 255.")

    def check(self, values: Any, n: int | None = None, argument: str | None = None) -> np.ndarray:
        name = argument or self.argument
        expected = ("n" if n is None else n, *self.shape)
        try:
            masks = np.asarray(values, np.float32)
        except (TypeError, ValueError, OverflowError):
            masks = np.full((), np.nan, np.float32)
        shaped = fits(masks.shape, (n, *self.shape))
        if not shaped or not np.isin(masks, (0, 1)).all():
            received = "no numbers" if np.isnan(masks).all() else f"the shape {masks.shape}"
            raise UsageError(
                f"{name} must be 0 or 1, of the shape {expected}; received {received}"
                f"{' with other numbers' if shaped else ''}. Use "
                f"({name} > 0.5).astype('float32'), with one channel.",
                name,
            )
        self.check_size(masks.shape, argument)
        return masks

    def beside(self, values: Any, images: np.ndarray) -> np.ndarray:
        """Masks for checked images, one for each or one for all; the last axis may be left out.

        Raises:
            UsageError: other values than 0 and 1, or another size than that of the images.
        """
        try:
            masks = np.asarray(values)
        except ValueError:  # of no one shape
            masks = np.empty(0)
        n, height, width = images.shape[:3]
        if masks.ndim == 2 or masks.shape == (height, width, 1):
            masks = masks[np.newaxis].repeat(n, axis=0)
        masks = masks[..., np.newaxis] if masks.ndim == 3 else masks
        return dataclasses.replace(self, shape=(height, width, 1)).check(masks, n)

    def picture(self, values: np.ndarray) -> np.ndarray:
        """White where a pixel is known, black in the holes."""
        return 2 * values - 1

    def examples(self, n: int, seed: int, size: tuple[int, int] | None = None) -> np.ndarray:
        return (super().examples(n, seed, size) > 0).astype(np.float32)


def as_json(shape: Sequence[int | None]) -> str:
    """A shape as JSON, free sizes as null."""
    return json.dumps(list(shape))
