"""One metric as `kgan evaluate` knows it. Needs no NumPy."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from kgan.metrics.evidence import Evidence


class Value(NamedTuple):
    """A value, and its standard error where the metric has one."""

    value: float
    error: float | None = None


@dataclasses.dataclass(frozen=True)
class Measure:
    """One metric as `kgan evaluate` knows it.

    Attributes:
        metric: what the protocol calls it.
        scores: the names of its scores, and whether lower is better.
        compute: a function of evidence and settings that returns values by the scores' names.
        settings: a function of evidence that returns the metric's parameters, for the protocol.
        needs: of "features" and "logits" of the fakes, "images", the fakes themselves, "extractor",
            "labels" that the fakes were asked for, "real" features and their "real_labels", the
            real images ("data") and their "data_labels".
        samples: the least number of fakes, a function of the features' dimensions and the classes.
        reals: the least number of real images.
        canonical: the scores' names with the FID's own network, where they differ.
    """

    metric: str
    scores: Mapping[str, bool | None]
    compute: Callable[..., Mapping[str, Value]]
    settings: Callable[[Evidence], dict[str, Any]] = lambda evidence: {}
    needs: frozenset[str] = frozenset()
    samples: Callable[[int, int], int] = lambda dimensions, classes: 2
    reals: int = 2
    canonical: Mapping[str, str] = dataclasses.field(default_factory=dict)
