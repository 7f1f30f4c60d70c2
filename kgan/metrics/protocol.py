"""What a score was measured with. Needs NumPy only."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kgan.errors import UsageError

VERSION = 1  # raised when kgan computes a metric differently

_SHORT = {  # parts with an abbreviation in the short string
    "extractor.name": "x",
    "extractor.resize": "resize",
    "data.source": "data",
    "num_real": "real",
    "num_fake": "fake",
}
_DIGITS = 8  # of a SHA-256 in the short string


@dataclasses.dataclass(frozen=True)
class Protocol:
    """Everything that defines a score besides the generator and the seed.

    Attributes:
        metric: its name.
        settings: its own numbers, by name: `{"k": 3}`.
        extractor: `Extractor.describe`, None for a metric without one.
        data: what defines the real images: `source`, `split`, `shape` and `sha256`; None for a
            metric without any.
        num_real: real images that were used; None for a metric without any.
        num_fake: generated images of each repeat.
        sampling: the generator's arguments, and what was done to its images.
        version: of the formulas.

    Example:
        >>> few = kgan.metrics.Protocol("frechet_distance", num_fake=1_000)
        >>> many = kgan.metrics.Protocol("frechet_distance", num_fake=10_000)
        >>> few.differences(many)
        ['num_fake is 1000 and 10000']
    """

    metric: str
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    extractor: Mapping[str, Any] | None = None
    data: Mapping[str, Any] | None = None
    num_real: int | None = None
    num_fake: int | None = None
    sampling: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    version: int = VERSION

    def __str__(self) -> str:
        """One short line: `frechet_distance|x=judge_fashion_mnist@5f1c2b3a|…|fake=10000|v=1`."""
        flat = _flat(self.to_json())
        parts = [flat.pop("metric")]
        for key, value in flat.items():
            group = key.partition(".")[0]
            if key.endswith(".sha256"):
                parts[-1] += f"@{value[:_DIGITS]}"
            elif key == "version":
                parts.append(f"v={value}")
            else:
                sign = _SHORT.get(key, key.removeprefix(f"{group}."))
                parts.append(f"{sign}={_plain(value)}")
        return "|".join(parts)

    def to_json(self) -> dict[str, Any]:
        """The attributes as JSON holds them; `from_json` reads them."""
        # A NumPy number is the Python number that it holds.
        return json.loads(json.dumps(dataclasses.asdict(self), default=lambda value: value.item()))

    @classmethod
    def from_json(cls, described: Mapping[str, Any]) -> Protocol:
        """The protocol that `to_json` described.

        Raises:
            UsageError: something else.
        """
        known = {field.name for field in dataclasses.fields(cls)}
        fits = isinstance(described, Mapping) and set(described) <= known
        dicts = ("settings", "extractor", "data", "sampling")
        fits = fits and all(isinstance(described.get(name) or {}, Mapping) for name in dicts)
        if not fits or not isinstance(described.get("metric"), str):
            raise UsageError(
                f"protocol must be what Protocol.to_json gave, with {', '.join(sorted(known))}; "
                f"received {described!r}.",
                "protocol",
            )
        return cls(**described)

    def differences(self, other: Protocol) -> list[str]:
        """The differences from another protocol, such as `["num_fake is 1000 and 10000"]`."""
        first, second = _flat(self.to_json()), _flat(other.to_json())
        return [
            f"{key} is {_plain(first.get(key))} and {_plain(second.get(key))}"
            for key in dict.fromkeys([*first, *second])
            if first.get(key) != second.get(key)
        ]


@dataclasses.dataclass(frozen=True)
class Score:
    """The values of one metric over repeats, and how they were measured.

    Attributes:
        name: what tables call it; `FID` only with the canonical Inception.
        values: one for each repeat, which differ in the seed of the generated images.
        protocol: what it was measured with.
        lower_is_better: whether less is better; None where it depends on the real images' value.
        error: the standard error of a value from its own sample, where the metric has one.

    Example:
        >>> protocol = kgan.metrics.Protocol("frechet_distance", num_fake=1_000)
        >>> score = kgan.metrics.Score("fd", (11.0, 12.0, 13.0), protocol)
        >>> score.value, score.deviation
        (12.0, 1.0)
    """

    name: str
    values: tuple[float, ...]
    protocol: Protocol
    lower_is_better: bool | None = True
    error: float | None = None

    @property
    def value(self) -> float:
        """The mean over the repeats."""
        return float(np.mean(self.values))

    @property
    def direction(self) -> str:
        """Which values are better, in words."""
        words = {True: "lower is better", False: "higher is better", None: ""}
        return words[self.lower_is_better]

    @property
    def deviation(self) -> float | None:
        """The standard deviation over the repeats, of n - 1; None for a single one."""
        return float(np.std(self.values, ddof=1)) if len(self.values) > 1 else None

    def __repr__(self) -> str:
        """Two lines; `str` has the whole protocol."""
        protocol = self.protocol
        repeats = f" over {len(self.values)} repeats" if len(self.values) > 1 else ""
        facts = [f"{protocol.num_fake} fakes"]
        if protocol.data is not None:
            real = "" if protocol.num_real is None else f"{protocol.num_real} images of "
            facts.append(f"{real}{protocol.data.get('source')!r}")
        if protocol.extractor is not None:
            facts.append(f"extractor {protocol.extractor.get('name')!r}")
        better = self.direction and f", {self.direction}"
        return f"<Score {self._figure}{repeats}{better};\n {', '.join(facts)}>"

    @property
    def _figure(self) -> str:
        spread = "" if self.deviation is None else f" ± {self.deviation:.2g}"
        return f"{self.name} {self.value:.5g}{spread}"

    def __str__(self) -> str:
        return f"{self._figure} ({self.protocol})"

    def to_json(self) -> dict[str, Any]:
        """The score as JSON holds it, with the protocol both short and whole."""
        return {
            "name": self.name,
            "value": self.value,
            "deviation": self.deviation,
            "values": list(self.values),
            "error": self.error,
            "lower_is_better": self.lower_is_better,
            "signature": str(self.protocol),
            "protocol": self.protocol.to_json(),
        }

    @classmethod
    def from_json(cls, described: Mapping[str, Any]) -> Score:
        """The score that `to_json` described, as a JSON file of `kgan evaluate` holds it.

        Raises:
            UsageError: something else.
        """
        try:
            values, lower_is_better = described["values"], described["lower_is_better"]
            if not isinstance(values, list) or not values:
                raise ValueError("values is no list of numbers")
            if lower_is_better not in (True, False, None):
                raise ValueError("lower_is_better is not true, false or null")
            return cls(
                described["name"],
                tuple(map(float, values)),
                Protocol.from_json(described["protocol"]),
                lower_is_better,
                described["error"],
            )
        except (KeyError, TypeError, ValueError) as error:
            raise UsageError(
                f"score must be what Score.to_json gave; received {described!r} ({error}).", "score"
            ) from error


def _flat(value: Any, key: str = "") -> dict[str, Any]:
    """Nested dicts as one, with dots in the keys; what is None or empty is left out."""
    if isinstance(value, Mapping):
        items = (_flat(part, f"{key}.{name}" if key else name) for name, part in value.items())
        return {name: part for item in items for name, part in item.items()}
    return {} if value is None else {key: value}


def _plain(value: Any) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "x".join(map(str, value))
    return str(value)
