"""Fields in their order: a model's inputs, outputs or batches."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import numpy as np

from kgan.checks import check_integer
from kgan.errors import UsageError
from kgan.signature.field import Field
from kgan.signature.images import Image, Mask
from kgan.signature.labels import Label
from kgan.signature.vectors import Latent, Vector

F = TypeVar("F", bound=Field)


class Signature(Mapping[str, Field]):
    """The fields of a model's inputs, outputs or batches: an ordered mapping by name.

    Example:
        >>> inputs = kgan.signature.Signature(kgan.signature.Latent(64), kgan.signature.Label(10))
        >>> list(inputs), inputs["latent"].shape
        (['latent', 'label'], (64,))
    """

    def __init__(self, *fields: Field):
        self._fields = {field.name: field for field in fields}

    def __getitem__(self, name: str) -> Field:
        return self._fields[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def replace(self, field: Field) -> Signature:
        """The same fields, one of which gives way to `field` of its name."""
        return Signature(*(field if each.name == field.name else each for each in self.values()))

    def __repr__(self) -> str:
        return f"Signature({', '.join(map(repr, self.values()))})"

    @property
    def latent(self) -> Latent | None:
        """The first latent; None if there is none."""
        return next(iter(self._of(Latent)), None)

    @property
    def label(self) -> Label | None:
        """The first field of a class per example; None if there is none."""
        return next((field for field in self._of(Label) if not field.shape), None)

    @property
    def classes(self) -> Label | None:
        """The first field of classes, per example or per pixel; None if there is none."""
        return next(iter(self._of(Label)), None)

    @property
    def image(self) -> Image | None:
        """The first image; None if there is none."""
        return next(iter(self.images), None)

    @property
    def images(self) -> list[Image]:
        """The images and masks."""
        return self._of(Image)

    def _of(self, kind: type[F]) -> list[F]:
        return [field for field in self.values() if isinstance(field, kind)]

    @property
    def conditions(self) -> list[Field]:
        """The fields besides the latent."""
        return [field for field in self.values() if not isinstance(field, Latent)]

    @property
    def required(self) -> list[Field]:
        """The fields that the user must give."""
        return [field for field in self.values() if not field.has_default]

    def sample(
        self,
        n: int | None,
        seed: int | None,
        truncation: float | None,
        given: Mapping[str, Any],
        model: str,
    ) -> dict[str, np.ndarray]:
        """Arrays for n examples by name: checked where `given` by argument, else defaults.

        `n` may be None where `given` says how many; `model` is what errors call the model.

        Raises:
            UsageError: an argument that no field has, a field without default that is not given,
                or values that a field refuses.
        """
        given = {argument: value for argument, value in given.items() if value is not None}
        known = {field.argument: field for field in self.values()}
        for argument, value in given.items():
            if argument not in known:
                raise UsageError(
                    f"{argument} must be None, since {model} takes no {argument}; "
                    f"received {type(value).__name__}.",
                    argument,
                )
        if n is None and given:
            first = next(iter(given.values()))
            n = len(list(first)) if np.iterable(first) else 1
        n = check_integer("n", n, 1)
        made = {}
        for field in self.values():
            if field.argument in given:
                made[field.name] = field.check(given[field.argument], n)
            elif isinstance(field, Latent):
                made[field.name] = field.default(n, seed, truncation)
            else:
                made[field.name] = field.default(n, seed)
        return made

    def metadata(self) -> dict[str, str]:
        """What a user of an exported file must know to make the inputs."""
        return {key: text for field in self.values() for key, text in field.metadata().items()}

    def to_json(self) -> str:
        """The fields as JSON, for exported files."""
        return json.dumps([field.facts() for field in self.values()])

    @classmethod
    def from_json(cls, text: str) -> Signature:
        """The fields that `to_json` wrote; those of unknown kinds as `Other`.

        Raises:
            UsageError: it is something else.
        """
        from kgan.signature.facts import field

        try:
            return cls(*(field(facts) for facts in json.loads(text)))
        except (TypeError, ValueError) as error:
            if isinstance(error, UsageError):
                raise
            raise UsageError(
                f"text must be the JSON of a list of fields; received {text!r}.", "text"
            ) from None


def of_network(shapes: Mapping[str, tuple[Any, ...]], prior: str, classes: int | None) -> Signature:
    """The inputs of a network of the user's, by their names; the batch is in the shapes."""

    def field(name: str, shape: tuple[Any, ...]) -> Field:
        if name == Latent.name:
            return Latent(shape[-1], prior=prior)
        if len(shape) == 1:
            return Label(classes, name)
        if name == Mask.name:
            return Mask(shape[1:])
        return Image(shape[1:], name) if len(shape) == 4 else Vector(shape[-1], name)

    return Signature(*(field(name, shape) for name, shape in shapes.items()))
