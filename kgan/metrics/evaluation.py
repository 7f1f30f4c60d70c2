"""The scores of a trained GAN, each with its protocol."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from kgan.checks import check_flag, check_integer
from kgan.errors import UsageError
from kgan.metrics import extractors, frechet, measures, references
from kgan.metrics.measures import Evidence, Fakes, Measure, Value
from kgan.metrics.protocol import Protocol, Score
from kgan.metrics.references import Reference
from kgan.precision import compute_dtypes
from kgan.signature import Label, in_turn

if TYPE_CHECKING:
    from kgan.metrics.extractors.extractor import Extractor
    from kgan.models import GAN

DEFAULT_METRICS = ("fd", "kid", "pr", "dc")
_EXTRACTED = frozenset({"features", "logits", "extractor"})
_MOST_CLASSES = 100  # that figures by class are made of


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """What an evaluation found.

    Attributes:
        scores: in the order of the metrics asked for.
        by_class: figures of each class in the first repeat, by name and class: `share of fakes`
            as the extractor sees them, `share of reals`, and of a conditional model `accuracy`
            and `fd`; empty if neither the model nor the extractor knows classes.
        seed: of the first repeat.
        extractor: what gave the features; None if no metric needed any.
        reference: the real images' features; None if no metric needed any.
        truncation, inputs: how the images were asked for.
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
        """What JSON can hold; the classes are strings."""
        by_class = {
            name: {str(label): value for label, value in values.items()}
            for name, values in self.by_class.items()
        }
        scores = [score.to_json() for score in self.scores]
        return {"scores": scores, "by_class": by_class, "seed": self.seed}


class _Measured(NamedTuple):
    """One metric in one repeat."""

    settings: dict[str, Any]
    values: Mapping[str, Value]


class Evaluator:
    """Measures what GANs generate; what is the same for all of them is prepared once.

    The averaged generator makes the images in batches, which are rounded to 8 bits as files hold
    them, and of which only the features are kept. The classes of a conditional model are asked for
    in turn.

    Args:
        data: the real images: what `kgan.data.load` returns, or takes as its source. None if a
            `reference` is given or no metric needs any.
        metrics: names in `kgan.metrics.measures.MEASURES`.
        samples: generated images for each repeat.
        seed: of the first repeat; the next has the next.
        repeats: how often, each time with other latents.
        extractor: what `kgan.metrics.extractors.get` takes; by default the packaged judge where
            the images have its shape, else EfficientNet-lite0.
        reference: the real images' features, made earlier, in place of the data.
        truncation: as in `gan.generate`.
        inputs: what the generator takes and has no default for, in turn over the images, such as
            `{"conditions": vectors}`.
        by_class: find the figures of each class, too, for `Evaluation.by_class`.

    Raises:
        UsageError: an unknown metric, or a count out of range.
    """

    def __init__(
        self,
        data: Any = None,
        metrics: str | Iterable[str] = DEFAULT_METRICS,
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
        self.inputs = {name: _rows(name, rows) for name, rows in (inputs or {}).items()}
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
                by_class = _by_class(evidence)
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
        """The names of the scores, and whether less is better, None where neither is."""
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
        self._check_model(gan)
        self._check_data(gan)
        if self.needs & _EXTRACTED:
            self._check_extractor(gan)
        if "real" in self.needs:
            self._check_reference(gan)
        dimensions = (self.extractor and self.extractor.feature_dim) or 1
        for name, measure in self.measures.items():
            least = measure.samples(dimensions, gan.classes or 1)
            if self.samples < least:
                raise UsageError(
                    f"samples must be at least {least} for {name!r}; received {self.samples}.",
                    "samples",
                )
            reals = len(self.reference.features) if self.reference else 0
            if "real" in measure.needs and reals < measure.reals:
                raise UsageError(
                    f"data must hold at least {measure.reals} images for {name!r}; received "
                    f"{reals}. Load more, or leave the metric out.",
                    "data",
                )

    def _check_model(self, gan: GAN) -> None:
        if not hasattr(gan, "averaged_generator"):
            raise UsageError(
                f"gan must be a GAN of kgan; received {type(gan).__name__}. Of two Keras models, "
                "kgan.GAN(generator, discriminator) makes one.",
                "gan",
            )
        # Raises an error for inputs that the generator lacks or does not take.
        self._inputs(gan, 2, self.seed)
        for name, measure in self.measures.items():
            if "labels" in measure.needs and gan.input_signature.of(Label) is None:
                raise UsageError(
                    f"metrics={name!r} needs a model that is asked for classes; "
                    f"{type(gan).__name__} takes none. Leave it out, or train a ConditionalGAN.",
                    "metrics",
                )

    def _check_data(self, gan: GAN) -> None:
        from kgan.networks.shape import check_image_shape

        for name, measure in self.measures.items():
            if "data" in measure.needs and self.data is None:
                raise UsageError(
                    f"data must be given: {name!r} looks at the real images themselves. Pass the "
                    "data set that the model learned from.",
                    "data",
                )
            if "data_labels" in measure.needs:
                if self.data.labels is None or self.data.labels.max() < 0:
                    raise _unlabelled(name, self.data.config["source"])
                check_image_shape(gan.image_shape)  # of the classifier that is to learn
            if "real" in measure.needs and self.data is None and self.reference is None:
                raise UsageError(
                    f"data must be given: {name!r} compares with real images. Pass the data set, "
                    "or a reference that was made of one.",
                    "data",
                )
        if self.data is not None and self.data.image_shape != gan.image_shape:
            height, _, channels = gan.image_shape
            raise UsageError(
                f"data must have the model's image shape {gan.image_shape}; received "
                f"{self.data.image_shape}. Use kgan.data.load(…, resolution={height}, "
                f"channels={channels}).",
                "data",
            )

    def _check_extractor(self, gan: GAN) -> None:
        if self.extractor is None:
            self.extractor = extractors.default(gan.image_shape)
        classes = self.extractor.num_classes
        for name, measure in self.measures.items():
            if "logits" in measure.needs and classes is None:
                raise UsageError(
                    f"extractor={self.extractor.name!r} must predict classes for {name!r}; it "
                    "returns features only. Pass a classifier, such as a judge.",
                    "extractor",
                )
            if {"logits", "labels"} <= measure.needs and classes != gan.classes:
                raise UsageError(
                    f"extractor={self.extractor.name!r} must predict the model's {gan.classes} "
                    f"classes for {name!r}; it predicts {classes}. Pass another classifier.",
                    "extractor",
                )

    def _check_reference(self, gan: GAN) -> None:
        assert self.extractor is not None
        if self.reference is None:
            self.reference = references.of(self.data, self.extractor)
        data = {"shape": list(gan.image_shape)}
        if self.data is not None:
            data = references.describe(self.data)
        described = self.extractor.describe(gan.image_shape[2])
        references.check_protocol("reference", self.reference, data, described)
        for name, measure in self.measures.items():
            if "real_labels" in measure.needs and self.reference.labels is None:
                raise _unlabelled(name, self.reference.data["source"])

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
        classed = "logits" in self.needs or (self.by_class and self._predicts_the_classes(gan))
        features, logits, done = [], [], 0
        for images in evidence.images():
            features.append(self.extractor.features(images))
            if classed:
                logits.append(self.extractor.logits(images))
            done += len(images)
            if progress:
                progress(repeat * self.samples + done, self.repeats * self.samples)
        fake = Fakes(
            np.concatenate(features),
            np.concatenate(logits) if classed else None,
            evidence.labels,
        )
        return dataclasses.replace(evidence, fake=fake)

    def _predicts_the_classes(self, gan: GAN) -> bool:
        """Whether the extractor is a classifier of few classes, those of the images."""
        assert self.extractor is not None
        number, of = self.extractor.num_classes or 0, self.extractor.classes_of
        strange = bool(of and self.reference and of not in self.reference.data["source"])
        return 0 < number <= _MOST_CLASSES and gan.classes in (None, number) and not strange

    def _compiled(self, gan: GAN) -> Callable[[dict[str, np.ndarray]], Any]:
        """The averaged generator as a graph, which takes half the time; traced once a model."""
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
            "labels": "in turn" if gan.input_signature.of(Label) else None,
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


def _by_class(evidence: Evidence) -> dict[str, dict[int, float]]:
    """The figures of each class, as far as they are known."""
    fake, real = evidence.fake, evidence.real
    found: dict[str, dict[int, float]] = {}
    labels = None if real is None else real.labels
    if fake.logits is not None:
        seen, number = fake.logits.argmax(1), fake.logits.shape[1]
        found["share of fakes"] = _shares(seen, number)
        if labels is not None:
            found["share of reals"] = _shares(labels, number)
        if fake.labels is not None:
            right = seen == fake.labels
            found["accuracy"] = {
                int(label): float(right[fake.labels == label].mean())
                for label in np.unique(fake.labels)
            }
    if fake.features is not None and fake.labels is not None and labels is not None:
        counts = {
            label: min(np.count_nonzero(side == label) for side in (labels, fake.labels))
            for label in np.unique(fake.labels)
        }
        kept = np.isin(fake.labels, [label for label, count in counts.items() if count > 1])
        if kept.any():
            found["fd"] = frechet.frechet_distance_by_class(
                real.features, labels, fake.features[kept], fake.labels[kept]
            )
    return found


def _rows(argument: str, conditions: Any) -> np.ndarray:
    """Vectors as float32 `(m, n)`.

    Raises:
        UsageError: another rank, none, no numbers, NaN or infinity.
    """
    try:
        rows = np.asarray(conditions, np.float32)
    except (TypeError, ValueError):
        rows = np.full((), np.nan, np.float32)
    if rows.ndim != 2 or not rows.size or not np.isfinite(rows).all():
        raise UsageError(
            f"{argument} must be finite numbers of the shape (m, n), m at least 1; "
            f"received {f'the shape {rows.shape}' if rows.ndim else repr(conditions)}.",
            argument,
        )
    return rows


def _digest(rows: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(rows).tobytes()).hexdigest()[:16]


def _mean_error(errors: list[float | None]) -> float | None:
    known = [error for error in errors if error is not None]
    return float(np.mean(known)) if known else None


def _unlabelled(metric: str, source: str) -> UsageError:
    return UsageError(
        f"data must have labels for {metric!r}; {source!r} has none. Leave the metric out.", "data"
    )


def _shares(classes: np.ndarray, number: int) -> dict[int, float]:
    """The share of each of `number` classes; those hidden as -1 do not count."""
    counts = np.bincount(classes[classes >= 0], minlength=number)
    return {label: float(count / max(counts.sum(), 1)) for label, count in enumerate(counts)}
