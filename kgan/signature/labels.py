"""The field of classes."""

from __future__ import annotations

import dataclasses
import difflib
import json
import re
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from kgan.checks import check_integer
from kgan.errors import UsageError
from kgan.signature.field import Bounds, Field, in_turn
from kgan.validate import check_labels

_NUMBER = re.compile(r"\s*[+-]?[0-9]{1,18}\s*")


@dataclasses.dataclass(frozen=True)
class Label(Field):
    """A class, 0 to `classes` - 1, with the classes' `names` where they are known.

    `classes` is None if the network does not say. `unlabelled` allows -1: no class is known.

    Example:
        >>> label = kgan.signature.Label(3, names=("shirt", "coat", "bag"))
        >>> label.default(4, seed=0), label.check(["bag", "coat"], 2)
        (array([0, 1, 2, 0], dtype=int32), array([2, 1], dtype=int32))
    """

    classes: int | None
    name: str = "label"
    names: tuple[str, ...] = ()
    unlabelled: bool = False
    shape: ClassVar[tuple[int, ...]] = ()
    dtype: ClassVar[str] = "int32"
    embedded: ClassVar[bool] = True

    def check(self, values: Any, n: int, argument: str | None = None) -> np.ndarray:
        argument = argument or self.argument
        values = self.numbers(values, argument)
        return check_labels(values, n, self.classes, asked=True, argument=argument)

    def check_batch(self, values: Any, n: int, argument: str | None = None) -> np.ndarray:
        argument = argument or self.argument
        return check_labels(values, n, self.classes, self.unlabelled, argument=argument)

    def default(self, n: int, seed: int | None) -> np.ndarray:
        """Each class in turn."""
        return in_turn(np.arange(self.classes or 1, dtype=np.int32), n)

    def draw(self, n: Any, seeds: Any) -> Any:
        import keras

        return keras.random.randint((n,), 0, self.classes or 1, dtype="int32", seed=seeds)

    def numpy_source(self) -> str:
        return f"(numpy.arange(n) % {self.classes or 1}).astype('int32')"

    def metadata(self) -> dict[str, str]:
        found = {} if self.classes is None else {"classes": str(self.classes)}
        return found | ({"class_names": json.dumps(self.names)} if self.names else {})

    def bounds(self) -> Bounds:
        low, high = -1 if self.unlabelled else 0, (self.classes or np.iinfo(np.int32).max) - 1
        fix = "Build the model with more classes, or leave these images out."
        return Bounds(f"{low} to {high}", low, high, fix)

    def vector(self, tensor: Any, dtype: Any = None) -> Any:
        from kgan.layers import OneHot

        assert self.classes is not None
        return OneHot(self.classes or 1, dtype=dtype)(tensor)

    def examples(self, n: int, seed: int, size: tuple[int, int] | None = None) -> np.ndarray:
        return np.linspace((self.classes or 1) - 1, 0, n).astype(np.int32)

    def numbers(self, labels: Any, argument: str | None = None) -> Any:
        """The labels with the number of each class in place of its name.

        Raises:
            UsageError: a name that no class has; the message names the nearest.
        """
        if isinstance(labels, np.ndarray) and labels.dtype.kind == "U" and labels.ndim == 1:
            labels = labels.tolist()
        if isinstance(labels, (str, bytes)) or not isinstance(labels, Sequence):
            return labels
        argument = argument or self.argument
        return [
            self._number(label, argument) if isinstance(label, str) else label for label in labels
        ]

    def check_names(self, names: Any, argument: str = "class_names") -> None:
        """Check names for the classes.

        Raises:
            UsageError: they are not different strings, or not as many as the classes.
        """
        listed = isinstance(names, (list, tuple)) and all(isinstance(name, str) for name in names)
        if not listed or len(set(names)) < len(names):
            raise UsageError(
                f"{argument} must be a list of different strings, one for each class; received "
                f"{names!r}.",
                argument,
            )
        if self.classes not in (None, len(names)):
            raise UsageError(
                f"{argument} must hold {self.classes} names, one for each class; received "
                f"{len(names)}.",
                argument,
            )

    def number(self, label: Any) -> int:
        """The number of one class, which is given by number or by name.

        Raises:
            UsageError: no class has it.
        """
        (label,) = self.numbers([label], self.name)
        return check_integer(self.name, label, 0, self.classes and self.classes - 1)

    def _number(self, name: str, argument: str) -> int:
        if name.strip() in self.names:
            return self.names.index(name.strip())
        known = {each.lower(): number for number, each in enumerate(self.names)}
        # Capitals do not matter where they tell no two classes apart.
        if name.strip().lower() in known and len(known) == len(self.names):
            return known[name.strip().lower()]
        if not self.names:
            raise UsageError(
                f"{argument} must be integers, since this model's classes have no names; "
                f"received {name!r}.",
                argument,
            )
        nearest = difflib.get_close_matches(name.strip().lower(), known, n=1, cutoff=0.0)
        raise UsageError(
            f"{argument}={name!r} is not a class of this model ({', '.join(self.names)}). "
            f"Did you mean {self.names[known[nearest[0]]]!r}?",
            argument,
        )

    def read(self, option: str, text: str) -> np.ndarray:
        words = [int(word) if _NUMBER.fullmatch(word) else word for word in text.split(",")]
        for index, word in enumerate(words):
            # A name of digits: that of the class of this number, or of another one.
            if isinstance(word, int) and str(word) in self.names:
                if self.names.index(str(word)) != word and 0 <= word < len(self.names):
                    raise UsageError(
                        f"{option}={word} may mean class number {word} or the class named "
                        f"{str(word)!r}. In Python labels= takes numbers as int, names as str.",
                        option,
                    )
                words[index] = str(word)
        labels = self.numbers(words, option)
        highest = (self.classes or np.iinfo(np.int32).max) - 1
        if not (min(labels) >= 0 and max(labels) <= highest):
            worst = max(labels) if max(labels) > highest else min(labels)
            known = f", one of the model's {self.classes} classes" if self.classes else ""
            raise UsageError(f"{option} must be 0 to {highest}{known}; received {worst}.", option)
        return np.array(labels, np.int32)

    def brief(self) -> str:
        return self.name if self.classes is None else f"{self.name} 0..{self.classes - 1}"

    def describe(self, n: int) -> str:
        highest = (self.classes or 1) - 1
        return (
            f"`{self.argument}` are classes, 0 to {highest}. The ONNX file does not check them: "
            "any other number gives a meaningless image."
        )
