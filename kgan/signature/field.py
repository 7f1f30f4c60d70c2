"""The base class of the fields of a model's inputs, outputs and batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np

from kgan.errors import UsageError


class Bounds(NamedTuple):
    """What every value of a field must lie within, in words and numbers, and the fix."""

    expected: str
    low: float
    high: float
    fix: str


class Field:
    """Base class: says what a tensor is: its `name`, its `dtype`, its `shape` without the batch.

    `argument` is its plural, as `generate` and the command line call it.

    Example:
        >>> class Series(kgan.signature.Field):
        ...     name, shape = "series", (32, 1)
        ...     def check(self, values, n, argument=None):
        ...         return np.asarray(values, "float32").reshape(n, *self.shape)
        >>> Series().brief()
        'series 32x1'
    """

    name: str
    # What exported files call this kind of field.
    kind: ClassVar[str] = "field"
    shape: ClassVar[Any]
    dtype: ClassVar[str] = "float32"
    # Whether `default` makes values by itself.
    has_default: ClassVar[bool] = True
    # Whether networks learn an embedding of `vector`, for values of any scale.
    embedded: ClassVar[bool] = False
    # What gives it in batches, for errors.
    hint: ClassVar[str] = ""
    # What a card calls the answers of a model whose output it is, and how to get them from an
    # exported file's output, in Python.
    answers: ClassVar[str] = "images"
    reading: ClassVar[str] = ""

    @property
    def argument(self) -> str:
        return f"{self.name}s"

    def check(self, values: Any, n: int, argument: str | None = None) -> np.ndarray:
        """Values for n examples as an array `(n, *shape)` of the field's dtype.

        Raises:
            UsageError: another shape, type or range; names `argument`.
        """
        raise NotImplementedError

    def check_batch(self, values: Any, n: int, argument: str | None = None) -> np.ndarray:
        """The same for training data, whose errors suggest another fix."""
        return self.check(values, n, argument)

    def check_beside(
        self, shape: Sequence[int | None], first: Sequence[int | None], argument: str | None = None
    ) -> None:
        """Check that a batch of this shape belongs beside the signature's first field's of `first`.

        Raises:
            UsageError: it does not; names `argument`.
        """

    def default(self, n: int, seed: int | None) -> np.ndarray:
        """Values for n examples that the user left open.

        Raises:
            UsageError: the field has no default.
        """
        raise UsageError(
            f"{self.argument} must be given: an array {(n, *self.shape)}, since the generator "
            "takes one per image.",
            self.argument,
        )

    def draw(self, n: Any, seeds: Any) -> Any:
        """A tensor `(n, *shape)` for training, drawn by a `keras.random.SeedGenerator`.

        Raises:
            UsageError: the field comes with the data.
        """
        raise UsageError(
            f"{self.argument} must come with the data: they have no distribution.", self.argument
        )

    def numpy_source(self) -> str | None:
        """The NumPy expression of `n` and `seed` that equals `default`; None without default."""
        return None

    def metadata(self) -> dict[str, str]:
        """What a user of an exported file must know to make the field."""
        return {}

    def facts(self) -> dict[str, Any]:
        """What an exported file says of the field itself, as JSON-able values."""
        described = {"name": self.name, "kind": self.kind, "dtype": self.dtype}
        return {**described, "shape": list(self.shape)}

    def bounds(self) -> Bounds:
        """What the values lie within."""
        return Bounds("finite numbers", -np.inf, np.inf, "Leave the broken ones out.")

    def vector(self, tensor: Any, dtype: Any = None) -> Any:
        """A Keras tensor of the field as vectors `(batch, size)`, for conditioning."""
        return tensor

    def examples(self, n: int, seed: int, size: tuple[int, int] | None = None) -> np.ndarray:
        """Values for n examples that reach over the whole range, to compare two runtimes.

        `size` is the height and width of images where they are free.
        """
        return np.random.RandomState(seed).standard_normal((n, *self.shape)).astype(self.dtype)

    def named(self, names: Sequence[str]) -> Field:
        """The field with names for its classes; itself if it has none."""
        return self

    def picture(self, values: np.ndarray) -> np.ndarray:
        """The values as images in [-1, 1], for grids of images."""
        return values

    def read(self, option: str, text: str) -> np.ndarray:
        """The values that a command's option stands for, `(m, *shape)`.

        Raises:
            UsageError: it stands for none.
        """
        raise NotImplementedError

    def brief(self) -> str:
        """Name and shape, as in `image 28x28x1`; ? is a free size."""
        return f"{self.name} {'x'.join(str(size or '?') for size in self.shape)}"

    def describe(self, n: int) -> str:
        """One sentence for a card that says what n values are."""
        return f"`{self.argument}` are {self.dtype} {(n, *self.shape)}."

    def describe_answers(self, n: int) -> str:
        """The same of n of the model's answers."""
        return self.describe(n).replace(self.argument, self.answers, 1)


def in_turn(rows: Any, n: int) -> np.ndarray:
    """n rows, those given in turn; anything but rows is returned as it is, for a field to check."""
    rows = np.asarray(rows)
    return rows[np.arange(n) % len(rows)] if rows.ndim and len(rows) else rows
