"""Fields of classes per pixel: label maps, and the probabilities of the classes."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from kgan.errors import UsageError
from kgan.signature.field import Bounds, Field
from kgan.signature.labels import Label
from kgan.validate import fits

_TOLERANCE = 1e-3  # of the sum of probabilities


@dataclasses.dataclass(frozen=True)
class LabelMap(Label):
    """The class of each pixel, int32 `(height, width)`, 0 to `classes` - 1.

    `names` are those of the classes, where they are known. -1 is a pixel whose class is not known.

    Example:
        >>> label_map = kgan.signature.LabelMap(2, names=("background", "emoji"))
        >>> label_map.brief()
        'label_map 0..1'
        >>> maps = label_map.check(np.zeros((4, 64, 64), "uint8"), n=4)
    """

    name: str = "label_map"
    unlabelled: bool = True
    hint: ClassVar[str] = "Pass (images, label_maps), these int32 (n, height, width)."
    kind: ClassVar[str] = "label_map"
    shape: ClassVar[tuple[Any, ...]] = (None, None)
    has_default: ClassVar[bool] = False
    embedded: ClassVar[bool] = False

    read = Field.read  # commands have no option for it

    def check(self, values: Any, n: int, argument: str | None = None) -> np.ndarray:
        argument = argument or self.argument
        try:
            maps = np.asarray(values)
        except ValueError:  # of no one shape
            maps = np.empty(0)
        if not fits(maps.shape, (n, None, None)):
            raise UsageError(
                f"{argument} must have the shape ({n}, height, width), a class per pixel; received "
                f"{maps.shape}.{_fix(argument, maps.shape, self.classes)}",
                argument,
            )
        if maps.dtype.kind not in "iu":
            raise UsageError(
                f"{argument} must be integers, 0 to classes - 1; received {maps.dtype}. Use "
                f"{argument}.astype('int32') if they are classes.",
                argument,
            )
        bounds = self.bounds()
        if maps.size and (maps.min() < bounds.low or maps.max() > bounds.high):
            also = ", -1 where the class is not known" if self.unlabelled else ""
            raise UsageError(
                f"{argument} must be 0 to {int(bounds.high)}{also}; received values from "
                f"{maps.min()} to {maps.max()}. {bounds.fix}",
                argument,
            )
        return maps.astype(np.int32)

    def check_batch(self, values: Any, n: int, argument: str | None = None) -> np.ndarray:
        return self.check(values, n, argument)

    def default(self, n: int, seed: int | None) -> np.ndarray:
        return Field.default(self, n, seed)

    def draw(self, n: Any, seeds: Any) -> Any:
        return Field.draw(self, n, seeds)

    def numpy_source(self) -> None:  # type: ignore[override]
        return None

    def bounds(self) -> Bounds:
        fix = "Build the model with more classes, or make these pixels -1."
        return super().bounds()._replace(fix=fix)

    def examples(self, n: int, seed: int, size: tuple[int, int] | None = None) -> np.ndarray:
        shape = (n, *(size or (16, 16)))
        return np.random.RandomState(seed).randint(0, self.classes or 1, shape).astype(np.int32)

    def describe(self, n: int) -> str:
        return f"`{self.argument}` are int32 ({n}, height, width), classes."

    def picture(self, values: np.ndarray) -> np.ndarray:
        """Each class in a colour of its own, unknown ones in white."""
        from kgan.images import class_colors

        colors = np.append(class_colors(self.classes or 256), [[255, 255, 255]], axis=0)
        return (colors[values] / 127.5 - 1).astype(np.float32)


@dataclasses.dataclass(frozen=True)
class Probabilities(Field):
    """The probability of each class at each pixel, float32 `(height, width, classes)`.

    `names` are those of the classes. Where all are 0, the class is not known.

    Example:
        >>> probabilities = kgan.signature.Probabilities(2)
        >>> probabilities.brief()
        'probability ?x?x2'
    """

    classes: int
    name: str = "probability"
    names: tuple[str, ...] = ()
    kind: ClassVar[str] = "probabilities"
    has_default: ClassVar[bool] = False
    answers: ClassVar[str] = "classes"
    reading: ClassVar[str] = ".argmax(-1)"

    @property
    def shape(self) -> tuple[Any, ...]:
        return (None, None, self.classes)

    @property
    def argument(self) -> str:
        return f"{self.name[:-1]}ies" if self.name.endswith("y") else f"{self.name}s"

    def check(self, values: Any, n: int, argument: str | None = None) -> np.ndarray:
        argument = argument or self.argument
        expected = f"({n}, height, width, {self.classes})"
        try:
            array = np.asarray(values, np.float32)
        except (TypeError, ValueError, OverflowError):
            array = np.full((), np.nan, np.float32)
        problem = f"the shape {array.shape}"
        if fits(array.shape, (n, *self.shape)):
            sums = array.sum(-1)
            known = np.abs(sums - np.round(sums)).max() <= _TOLERANCE and sums.max() < 1.5
            if known and array.min() >= 0:
                return array
            problem = "values whose sum is another, negative ones, or NaN"
        raise UsageError(
            f"{argument} must be probabilities of the shape {expected}, whose sum at a pixel is 1, "
            f"or 0 where the class is not known; received {problem}.",
            argument,
        )

    def named(self, names: Sequence[str]) -> Field:
        return dataclasses.replace(self, names=tuple(names))

    def metadata(self) -> dict[str, str]:
        names = {"class_names": json.dumps(self.names)} if self.names else {}
        return {"classes": str(self.classes)} | names

    def bounds(self) -> Bounds:
        return Bounds("numbers, 0 to 1,", 0.0, 1.0, "Use the softmax of logits.")

    def examples(self, n: int, seed: int, size: tuple[int, int] | None = None) -> np.ndarray:
        maps = LabelMap(self.classes).examples(n, seed, size)
        return np.eye(self.classes, dtype=np.float32)[maps]

    def describe(self, n: int) -> str:
        classes = ", ".join(self.names) or f"0 to {self.classes - 1}"
        shape = f"({n}, height, width, {self.classes})"
        return f"`{self.argument}` are float32 {shape}, the probabilities of the classes {classes}."

    def describe_answers(self, n: int) -> str:
        named = ", ".join(f"{number} {name}" for number, name in enumerate(self.names))
        classes = named or f"0 to {self.classes - 1}"
        return f"`{self.answers}` are int32 ({n}, height, width): {classes}."

    def picture(self, values: np.ndarray) -> np.ndarray:
        """The most likely class of each pixel in a colour of its own."""
        likely = np.where(values.any(-1), values.argmax(-1), -1)
        return LabelMap(self.classes).picture(likely)


def _fix(argument: str, shape: Sequence[int], classes: int | None) -> str:
    """What makes label maps of an array of another shape; empty if nothing does."""
    if len(shape) != 4:
        return ""
    if shape[-1] == 1:
        return f" Use {argument}[..., 0]."
    return f" Use {argument}.argmax(-1)." if shape[-1] == classes else ""
