"""Measures trained GANs: features of their images, then the scores with their protocol."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from kgan.checks import check_flag, check_integer
from kgan.errors import UsageError
from kgan.metrics import extractors, measures, references, requirements
from kgan.metrics.by_class import by_class_of, predicts_the_classes
from kgan.metrics.evaluation import Evaluation
from kgan.metrics.evidence import Evidence, Fakes
from kgan.metrics.measure import Measure, Value
from kgan.metrics.protocol import Protocol, Score
from kgan.metrics.references import Reference
from kgan.precision import compute_dtypes
from kgan.signature import in_turn

if TYPE_CHECKING:
    from kgan.models import GAN

_EXTRACTED = frozenset({"features", "logits", "extractor"})


class _Measured(NamedTuple):
    """One metric in one repeat."""

    settings: dict[str, Any]
    values: Mapping[str, Value]


class Evaluator:
    """Measures the scores of GANs; the features of the real images are computed once.

    The averaged generator makes the images in batches. They are rounded to 8 bits, as in files, and
    only their features are kept. A conditional model makes its classes in turn.

    Args:
        data: the real images: what `kgan.data.load` returns, or takes as its source. None if a
            `reference` is given or no metric needs any.
        metrics: names in `kgan.metrics.measures.MEASURES`.
        samples: generated images for each repeat.
        seed: of the first repeat; each further repeat adds 1.
        repeats: how often to measure, each time with other latents.
        extractor: what `kgan.metrics.extractors.get` takes; by default the packaged judge where
            the images have its shape, else EfficientNet-lite0.
        reference: the real images' features, made earlier, in place of the data.
        truncation: as in `gan.generate`.
        inputs: what the generator takes and has no default for, in turn over the images, such as
            `{"conditions": vectors}`.
        by_class: whether to compute the figures of each class, too, for `Evaluation.by_class`.

    Example:
        >>> measure = kgan.metrics.Evaluator("fashion_mnist", ["fd"], samples=1000, repeats=3)
        >>> found = measure(gan)
        >>> print(found["fd"])
        fd ... ± ... (frechet_distance|x=judge_fashion_mnist@...)

    Raises:
        UsageError: an unknown metric, or a count out of range.
    """

    def __init__(
        self,
        data: Any = None,
        metrics: str | Iterable[str] = measures.DEFAULT,
        *,
        samples: int = 10_000,
        seed: int = 0,
        repeats: int = 3,
        extractor: Any = None,
        reference: Reference | None = None,
        truncation: float | None = None,
        inputs: Mapping[str, Any] | None = None,
        by_class: bool = True,
    ):
        from kgan.data import ImageDataset, load

        self.measures = measures.get(metrics)
        self.needs = frozenset().union(*(measure.needs for measure in self.measures.values()))
        self.samples = check_integer("samples", samples, 2)
        self.repeats = check_integer("repeats", repeats, 1)
        self.seed = check_integer("seed", seed, 0, 2**32 - self.repeats)
        self.truncation = truncation
        self.inputs = {
            name: requirements.check_rows(name, rows) for name, rows in (inputs or {}).items()
        }
        self.by_class = check_flag("by_class", by_class)
        self._graph: tuple[GAN, Any] | None = None
        if data is not None and not isinstance(data, ImageDataset):
            data = load(data, batch_size=1)
        if reference is not None and not isinstance(reference, Reference):
            raise UsageError(
                f"reference must be a kgan.metrics.Reference; received {reference!r}. Of a file, "
                "kgan.metrics.references.load makes one.",
                "reference",
            )
        self.data = data
        self.reference = reference
        self.extractor = None if extractor is None else extractors.get(extractor)

    def __call__(self, gan: GAN, progress: Callable[[int, int], None] | None = None) -> Evaluation:
        """Measure a GAN; `progress` is called with the images extracted so far and all of them.

        Raises:
            UsageError: the model, the data or the extractor lack what a metric needs, too few
                samples, or a reference of another extractor.
        """
        self.prepare(gan)
        repeats: list[dict[str, _Measured]] = []
        by_class: dict[str, dict[int, float]] = {}
        for repeat in range(self.repeats):
            evidence = self._evidence(gan, repeat, progress)
            repeats.append(
                {
                    name: _Measured(
                        settings := measure.settings(evidence),
                        measure.compute(evidence, **settings),
                    )
                    for name, measure in self.measures.items()
                }
            )
            if repeat == 0 and self.by_class:
                by_class = by_class_of(evidence)
        scores = [
            score
            for name in self.measures
            for score in self._scores(gan, name, [each[name] for each in repeats])
        ]
        return Evaluation(
            scores,
            by_class,
            self.seed,
            self.extractor,
            self.reference,
            self.truncation,
            self.inputs,
        )

    @property
    def directions(self) -> dict[str, bool | None]:
        """Whether lower is better, by the names of the scores; None where neither is."""
        return {
            self._named(measure, score): lower_is_better
            for measure in self.measures.values()
            for score, lower_is_better in measure.scores.items()
        }

    def _named(self, measure: Measure, score: str) -> str:
        """Only the canonical network's distance is the one that papers call FID."""
        canonical = self.extractor is not None and self.extractor.canonical
        return measure.canonical.get(score, score) if canonical else score

    def prepare(self, gan: GAN) -> None:
        """Find the extractor and the real images' features, if they are not there yet.

        Raises:
            UsageError: the model, the data or the extractor lack what a metric needs, too few
                samples, or a reference of other images or another extractor.
        """
        if not hasattr(gan, "averaged_generator"):
            raise UsageError(
                f"gan must be a GAN of kgan; received {type(gan).__name__}. Of two Keras models, "
                "kgan.GAN(generator, discriminator) makes one.",
                "gan",
            )
        requirements.check_model(gan, self.measures)
        # Raises an error for inputs that the generator lacks or does not take.
        self._inputs(gan, 2, self.seed)
        requirements.check_data(gan, self.data, self.reference, self.measures)
        if self.needs & _EXTRACTED:
            if self.extractor is None:
                self.extractor = extractors.default(gan.image_shape)
            requirements.check_extractor(gan, self.extractor, self.measures)
        if "real" in self.needs:
            assert self.extractor is not None  # real features need the fakes' features
            if self.reference is None:
                self.reference = references.of(self.data, self.extractor)
            requirements.check_reference(
                gan, self.reference, self.data, self.extractor, self.measures
            )
        requirements.check_counts(
            self.samples,
            len(self.reference.features) if self.reference else 0,
            (self.extractor and self.extractor.feature_dim) or 1,
            gan.classes or 1,
            self.measures,
        )

    def _inputs(self, gan: GAN, samples: int, seed: int) -> dict[str, np.ndarray]:
        given = {name: in_turn(rows, samples) for name, rows in self.inputs.items()}
        return gan.generator_inputs(samples, seed, self.truncation, **given)

    def _evidence(
        self, gan: GAN, repeat: int, progress: Callable[[int, int], None] | None
    ) -> Evidence:
        """The images of one repeat, and their features."""
        seed = self.seed + repeat
        inputs = self._inputs(gan, self.samples, seed)
        evidence = Evidence(
            gan=gan,
            generator=self._compiled(gan),
            inputs=inputs,
            fake=Fakes(),
            real=self.reference,
            seed=seed,
            data=self.data,
            extractor=self.extractor,
        )
        if self.extractor is None or not self.needs & {"features", "logits"}:
            return evidence
        classed = "logits" in self.needs or (
            self.by_class and predicts_the_classes(gan, self.extractor, self.reference)
        )
        features, logits, done = [], [], 0
        for images in evidence.images():
            features.append(self.extractor.features(images))
            if classed:
                logits.append(self.extractor.logits(images))
            done += len(images)
            if progress:
                progress(repeat * self.samples + done, self.repeats * self.samples)
        seen = np.concatenate(logits) if classed else None
        fake = Fakes(np.concatenate(features), seen, evidence.labels)
        return dataclasses.replace(evidence, fake=fake)

    def _compiled(self, gan: GAN) -> Callable[[dict[str, np.ndarray]], Any]:
        """The averaged generator as a graph, which takes half the time; traced once per model."""
        import tensorflow as tf

        if self._graph is None or self._graph[0] is not gan:
            self._graph = gan, tf.function(gan.call, reduce_retracing=True)
        return self._graph[1]

    def _scores(self, gan: GAN, name: str, repeats: list[_Measured]) -> list[Score]:
        """The scores of one metric over the repeats."""
        measure = self.measures[name]
        real = self.reference if "real" in measure.needs else None
        data = real.data if real else None
        if "data" in measure.needs and self.data is not None:
            data = references.describe(self.data)
        extracted = self.extractor if measure.needs & _EXTRACTED else None
        transparent = "images" in measure.needs and gan.image_shape[2] in (2, 4)
        sampled = measure.needs & {"features", "logits", "images"}
        precision = ", ".join(sorted(compute_dtypes(gan.averaged_generator)))
        sampling = {
            "bits": 8 if sampled else None,
            "background": "white" if transparent else None,
            "precision": precision if sampled else "float32",
            "truncation": self.truncation if sampled else None,
            "labels": "in turn" if gan.input_signature.label else None,
            **{name: _digest(rows) for name, rows in self.inputs.items()},
        }
        protocol = Protocol(
            metric=measure.metric,
            settings=repeats[0].settings,
            extractor=extracted.describe(gan.image_shape[2]) if extracted else None,
            data=data,
            num_real=len(real.features) if real else None,
            num_fake=self.samples,
            sampling={name: value for name, value in sampling.items() if value is not None},
        )
        return [
            Score(
                self._named(measure, score),
                tuple(float(each.values[score].value) for each in repeats),
                protocol,
                lower_is_better,
                _mean_error([each.values[score].error for each in repeats]),
            )
            for score, lower_is_better in measure.scores.items()
        ]


def _digest(rows: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(rows).tobytes()).hexdigest()[:16]


def _mean_error(errors: list[float | None]) -> float | None:
    known = [error for error in errors if error is not None]
    return float(np.mean(known)) if known else None
