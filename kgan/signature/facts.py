"""Fields as JSON, as an exported file holds them, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kgan.errors import UsageError
from kgan.priors import PRIORS
from kgan.signature.field import Field
from kgan.signature.images import Image, Mask
from kgan.signature.labels import Label
from kgan.signature.vectors import Code, Latent, Vector


class Other(Field):
    """A field of a kind that this kgan does not know: its name, its shape, its dtype.

    Example:
        >>> scores = kgan.signature.Other("heat", "score", (None, None, 2), "float32")
        >>> scores.brief()
        'score ?x?x2'
    """

    def __init__(self, kind: str, name: str, shape: tuple[int | None, ...], dtype: str):
        self.kind, self.name = kind, name  # type: ignore[misc]
        self.shape, self.dtype = shape, dtype  # type: ignore[misc]


_KINDS: dict[str, Callable[[dict[str, Any]], Field]] = {
    "image": lambda of: Image(of["shape"], of["name"], of["smallest"], of["scale"]),
    "mask": lambda of: Mask(of["shape"], of["name"], of["smallest"], of["scale"]),
    "latent": lambda of: Latent(of["shape"][0], of["name"], of["prior"]),
    "vector": lambda of: Vector(of["shape"][0], of["name"]),
    "code": lambda of: Code(
        name=of["name"], categorical=of["categorical"], continuous=of["continuous"]
    ),
    "label": lambda of: Label(of["classes"], of["name"], of["names"]),
}
RANKS = {"image": 3, "mask": 3, "latent": 1, "vector": 1, "code": 1, "label": 0}


def field(facts: Mapping[str, Any]) -> Field:
    """The field that `Field.facts` described.

    Raises:
        UsageError: it is no such description.
    """
    try:
        of = {
            "name": _checked(str, facts["name"]),
            "kind": _checked(str, facts["kind"]),
            "dtype": _checked(str, facts["dtype"]),
            "shape": tuple(_size(size) for size in facts["shape"]),
            "smallest": _size(facts.get("smallest", 1)),
            "scale": _size(facts.get("scale")),
            "prior": _checked(str, facts.get("prior", "normal")),
            "classes": _size(facts.get("classes")),
            "categorical": tuple(_count(size) for size in facts.get("categorical", ())),
            "continuous": _count(facts.get("continuous", 0)),
            "names": tuple(_checked(str, name) for name in facts.get("names", ())),
        }
        if of["prior"] not in PRIORS:
            raise ValueError(repr(of["prior"]))
        rank = RANKS.get(of["kind"], len(of["shape"]))
        # Height and width alone may be free.
        if of["kind"] in RANKS and (len(of["shape"]) != rank or None in of["shape"][rank - 1 :]):
            raise ValueError(f"the shape {of['shape']}")
        if of["kind"] in _KINDS:
            return _KINDS[of["kind"]](of)
        return Other(of["kind"], of["name"], of["shape"], of["dtype"])
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise UsageError(
            f"facts must describe a field as kgan's exports do; received {facts!r}, of which "
            f"{str(error) or type(error).__name__} is wrong. Export the model again.",
            "facts",
        ) from None


def _checked(kind: type, value: Any) -> Any:
    if not isinstance(value, kind):
        raise TypeError(repr(value))
    return value


def _size(value: Any) -> int | None:
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
        raise ValueError(repr(value))
    return value


def _count(value: Any) -> int:
    return 0 if value == 0 else _size(value) or 0
