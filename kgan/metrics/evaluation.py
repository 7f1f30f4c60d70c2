"""What an evaluation found."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from kgan.metrics.protocol import Score
from kgan.metrics.references import Reference
from kgan.signature import in_turn

if TYPE_CHECKING:
    from kgan.metrics.extractors.extractor import Extractor
    from kgan.models import GAN


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """The scores that an `Evaluator` measured, and what it measured them with.

    Attributes:
        scores: in the order of the metrics asked for.
        by_class: figures of each class in the first repeat, by name and class: `share of fakes`
            as the extractor sees them, `share of reals`, and of a conditional model `accuracy`
            and `fd`; empty if neither the model nor the extractor knows classes.
        seed: of the first repeat.
        extractor: what gave the features; None if no metric needed any.
        reference: the real images' features; None if no metric needed any.
        truncation, inputs: the arguments that the images were generated with.

    Example:
        >>> measure = kgan.metrics.Evaluator("fashion_mnist", ["fd", "pr"], samples=1000, repeats=1)
        >>> found = measure(gan)
        >>> found["precision"].value, found["recall"].value
        >>> found.to_json()
    """

    scores: list[Score]
    by_class: dict[str, dict[int, float]]
    seed: int
    extractor: Extractor | None = None
    reference: Reference | None = None
    truncation: float | None = None
    inputs: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict)

    def images(self, gan: GAN, n: int) -> np.ndarray:
        """The first n images of the first repeat: float32 `(n, *image_shape)` in [-1, 1]."""
        given: dict[str, Any] = {name: in_turn(rows, n) for name, rows in self.inputs.items()}
        return gan.generate(n, self.seed, self.truncation, **given)

    def __getitem__(self, name: str) -> Score:
        """The score of that name.

        Raises:
            KeyError: there is none.
        """
        return {score.name: score for score in self.scores}[name]

    def to_json(self) -> dict[str, Any]:
        """The evaluation as JSON holds it; classes are strings."""
        by_class = {
            name: {str(label): value for label, value in values.items()}
            for name, values in self.by_class.items()
        }
        scores = [score.to_json() for score in self.scores]
        return {"scores": scores, "by_class": by_class, "seed": self.seed}
