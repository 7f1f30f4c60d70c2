"""What `kgan evaluate` can measure: a name for each metric, its settings, and what it needs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from kgan.errors import UsageError, unknown_name
from kgan.metrics.extractors.extractor import Extractor
from kgan.metrics.reference import Reference

if TYPE_CHECKING:
    from kgan.data import ImageDataset
    from kgan.models import GAN


class Value(NamedTuple):
    """A figure, and its standard error where the metric knows it."""

    value: float
    error: float | None = None


class Fakes(NamedTuple):
    """What is known of generated images: features and logits `(n, …)`, and the classes asked for.

    Each is None where it was not needed, or where the model has no classes.
    """

    features: np.ndarray | None = None
    logits: np.ndarray | None = None
    labels: np.ndarray | None = None


@dataclasses.dataclass(frozen=True)
class Evidence:
    """All that a measure may look at.

    Attributes:
        fake: the generated images' features.
        real: the real ones'; None where no measure needs them.
        images: a function that generates the images anew: batches of `(images, labels)`.
        num_fake: how many these are.
        seed: of this repeat.
        gan, data, extractor: where they come from.
    """

    fake: Fakes
    real: Reference | None
    images: Callable[[], Iterator[tuple[np.ndarray, np.ndarray | None]]]
    num_fake: int
    seed: int
    gan: GAN | None = None
    data: ImageDataset | None = None
    extractor: Extractor | None = None


@dataclasses.dataclass(frozen=True)
class Measure:
    """One metric as `kgan evaluate` knows it.

    Attributes:
        metric: what the protocol calls it.
        scores: the name of each figure that it gives, and whether less is better.
        compute: evidence and settings to the figures by name.
        settings: evidence to the metric's own numbers, which the protocol states.
        needs: of "features", "logits", "real", "labels" (of a conditional model), "real_labels",
            "gan" and "data".
    """

    metric: str
    scores: Mapping[str, bool | None]
    compute: Callable[..., Mapping[str, Value]]
    settings: Callable[[Evidence], dict[str, Any]] = lambda evidence: {}
    needs: frozenset[str] = frozenset()


MEASURES: dict[str, Measure] = {}


def get(names: str | Iterable[str]) -> dict[str, Measure]:
    """The measures of these names.

    Raises:
        UsageError: no name, or an unknown one; says the nearest.
    """
    names = [names] if isinstance(names, str) else list(names)
    if not names:
        raise UsageError(f"metrics must be one or more of {', '.join(MEASURES)}; received none.")
    for name in names:
        if name not in MEASURES:
            raise unknown_name("metrics", name, MEASURES)
    return {name: MEASURES[name] for name in names}


def _measure(name: str, metric: str, scores: Mapping[str, bool | None], needs: str, **more: Any):
    """Decorator: the function computes what `name` stands for."""

    def decorate(function):
        MEASURES[name] = Measure(metric, scores, function, needs=frozenset(needs.split()), **more)
        return function

    return decorate


@_measure("fd", "frechet_distance", {"fd": True}, "features real")
def _frechet(evidence: Evidence) -> dict[str, Value]:
    from kgan.metrics import frechet

    fake = frechet.statistics(evidence.fake.features)
    return {"fd": Value(frechet.frechet_distance(evidence.real.statistics, fake))}
