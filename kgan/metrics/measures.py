"""What `kgan evaluate` can measure: a name for each metric, its settings, and what it needs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from kgan.data.decode import over_white
from kgan.errors import UsageError, unknown_name
from kgan.images import to_uint8
from kgan.metrics.references import drawn
from kgan.signature import Label

if TYPE_CHECKING:
    from kgan.models import GAN

_BATCH = 100  # images in memory at once


class Value(NamedTuple):
    """A figure, and its standard error where the metric knows it."""

    value: float
    error: float | None = None


class Fakes(NamedTuple):
    """What is known of generated images: features and logits `(n, …)`, and the classes asked for.

    Each is None where it was not needed, or where the model has no classes.
    """

    features: Any = None
    logits: Any = None
    labels: Any = None


@dataclasses.dataclass(frozen=True)
class Evidence:
    """All that a measure may look at in one repeat.

    Attributes:
        gan: the model.
        generator: what makes its images of a dict of inputs.
        inputs: these inputs, by name, `(n, …)` each.
        fake: the features of these images.
        seed: of this repeat.
        real: the `Reference` of the real images.
        data: the real images themselves, an `ImageDataset`.
        extractor: what gave the features, an `Extractor`.
    """

    gan: GAN
    generator: Callable[[dict[str, np.ndarray]], Any]
    inputs: dict[str, np.ndarray]
    fake: Fakes
    seed: int
    # What a measure needs is there, so that none has to ask; None otherwise.
    real: Any
    data: Any
    extractor: Any

    def first(self, count: int) -> Iterator[np.ndarray]:
        """The first `count` of the generated images, in batches, on white where transparent."""
        rows = {name: part[:count] for name, part in self.inputs.items()}
        return map(over_white, dataclasses.replace(self, inputs=rows).images())

    @property
    def num_fake(self) -> int:
        """How many images are generated."""
        return len(next(iter(self.inputs.values())))

    @property
    def labels(self) -> np.ndarray | None:
        """The class that each image was asked for; None for a model without classes."""
        label = self.gan.input_signature.of(Label)
        return None if label is None else self.inputs[label.name]

    def images(self) -> Iterator[np.ndarray]:
        """The generated images, in batches, rounded to 8 bits as files hold them.

        They are made anew each time.
        """
        for start in range(0, self.num_fake, _BATCH):
            rows = {name: part[start : start + _BATCH] for name, part in self.inputs.items()}
            pixels = to_uint8(np.asarray(self.generator(rows), np.float32))
            yield pixels / np.float32(127.5) - np.float32(1)


@dataclasses.dataclass(frozen=True)
class Measure:
    """One metric as `kgan evaluate` knows it.

    Attributes:
        metric: what the protocol calls it.
        scores: the name of each figure that it gives, and whether less is better.
        compute: evidence and settings to the figures by name.
        settings: evidence to the metric's own numbers, which the protocol states.
        needs: of "features" and "logits" of the fakes, "images", the fakes themselves, "extractor",
            "labels" that the fakes were asked for, "real" features and their "real_labels", the
            real images ("data") and their "data_labels".
        samples: how many fakes it takes at least, of the features' dimensions and the classes.
        reals: how many real images it compares with at least.
        canonical: the names of scores by the FID's own network, where they are others.
    """

    metric: str
    scores: Mapping[str, bool | None]
    compute: Callable[..., Mapping[str, Value]]
    settings: Callable[[Evidence], dict[str, Any]] = lambda evidence: {}
    needs: frozenset[str] = frozenset()
    samples: Callable[[int, int], int] = lambda dimensions, classes: 2
    reals: int = 2
    canonical: Mapping[str, str] = dataclasses.field(default_factory=dict)


MEASURES: dict[str, Measure] = {}


def get(names: str | Iterable[str]) -> dict[str, Measure]:
    """The measures of these names.

    Raises:
        UsageError: no name, or an unknown one; says the nearest.
    """
    names = (names,) if isinstance(names, str) else names
    if not isinstance(names, (list, tuple)) or not names:
        raise UsageError(
            f"metrics must be a list of one or more of {', '.join(MEASURES)}; received {names!r}.",
            "metrics",
        )
    for name in names:
        if not isinstance(name, str) or name not in MEASURES:
            raise unknown_name("metrics", name, MEASURES)  # a name of another type, too
    return {name: MEASURES[name] for name in names}


def _measure(name: str, metric: str, scores: Mapping[str, bool | None], needs: str, **more: Any):
    """Decorator: the function computes what `name` stands for."""

    def decorate(function):
        MEASURES[name] = Measure(metric, scores, function, needs=frozenset(needs.split()), **more)
        return function

    return decorate


@_measure("fd", "frechet_distance", {"fd": True}, "features real", canonical={"fd": "fid"})
def _frechet(evidence: Evidence) -> dict[str, Value]:
    from kgan.metrics import frechet

    fake = frechet.statistics(evidence.fake.features, argument="fake")
    return {"fd": Value(frechet.frechet_distance(evidence.real.statistics, fake))}


@_measure(
    "fd_inf",
    "frechet_distance_infinite",
    {"fd_inf": True},
    "features real",
    samples=lambda dimensions, classes: 2 * (dimensions + 1) + 14,
    canonical={"fd_inf": "fid_inf"},
)
def _frechet_infinite(evidence: Evidence) -> dict[str, Value]:
    from kgan.metrics import frechet

    return {
        "fd_inf": Value(
            *frechet.frechet_distance_infinite(
                evidence.real.statistics, evidence.fake.features, seed=evidence.seed
            )
        )
    }


@_measure(
    "fd_class",
    "frechet_distance_by_class",
    {"fd_class": True},
    "features real labels real_labels",
    samples=lambda dimensions, classes: 2 * classes,
    canonical={"fd_class": "fid_class"},
)
def _frechet_by_class(evidence: Evidence) -> dict[str, Value]:
    from kgan.metrics import frechet

    distances = frechet.frechet_distance_by_class(
        evidence.real.features, evidence.real.labels, evidence.fake.features, evidence.fake.labels
    )
    return {"fd_class": Value(float(np.mean(list(distances.values()))))}


def _kernel_settings(evidence: Evidence) -> dict[str, Any]:
    # Subsets of all images would all be the same, and their error 0.
    most = min(len(evidence.real.features), evidence.num_fake) // 2
    return {"subsets": 100, "subset_size": min(1000, most), "degree": 3}


@_measure(
    "kid",
    "kernel_distance",
    {"kid": True},
    "features real",
    settings=_kernel_settings,
    samples=lambda dimensions, classes: 4,
    reals=4,
)
def _kernel(evidence: Evidence, **settings: Any) -> dict[str, Value]:
    from kgan.metrics.kernel import kernel_distance

    distance = kernel_distance(
        evidence.real.features, evidence.fake.features, seed=evidence.seed, **settings
    )
    return {"kid": Value(*distance)}


@_measure(
    "mifid",
    "memorisation_informed_frechet",
    {"mifd": True},
    "features real",
    canonical={"mifd": "mifid"},
)
def _memorisation(evidence: Evidence) -> dict[str, Value]:
    from kgan.metrics.memorisation import mifid

    return {"mifd": Value(mifid(evidence.real.features, evidence.fake.features))}


@_measure(
    "is",
    "inception_score",
    {"is": False},
    "logits",
    settings=lambda evidence: {"splits": 10},
    samples=lambda dimensions, classes: 10,
)
def _inception_score(evidence: Evidence, splits: int) -> dict[str, Value]:
    from kgan.metrics.inception_score import inception_score

    mean, _ = inception_score(evidence.fake.logits, splits=splits, seed=evidence.seed)
    return {"is": Value(mean)}


@_measure(
    "pr",
    "precision_recall",
    {"precision": False, "recall": False},
    "features real",
    settings=lambda evidence: {"k": 3},
    samples=lambda dimensions, classes: 4,
    reals=4,
)
def _precision_recall(evidence: Evidence, k: int) -> dict[str, Value]:
    from kgan.metrics.manifold import precision_recall

    values = precision_recall(evidence.real.features, evidence.fake.features, k)
    return dict(zip(("precision", "recall"), map(Value, values), strict=True))


@_measure(
    "dc",
    "density_coverage",
    {"density": False, "coverage": False},
    "features real",
    settings=lambda evidence: {"k": 5},
    samples=lambda dimensions, classes: 6,
    reals=6,
)
def _density_coverage(evidence: Evidence, k: int) -> dict[str, Value]:
    from kgan.metrics.manifold import density_coverage

    values = density_coverage(evidence.real.features, evidence.fake.features, k)
    return dict(zip(("density", "coverage"), map(Value, values), strict=True))


@_measure(
    "ppl",
    "path_length",
    {"ppl": True},
    "extractor",
    settings=lambda evidence: {"epsilon": 1e-4, "trim": 1.0},
)
def _path_length(evidence: Evidence, epsilon: float, trim: float) -> dict[str, Value]:
    from kgan.metrics.path_length import feature_distance, path_length

    found = path_length(
        evidence.gan,
        feature_distance(evidence.extractor),
        evidence.num_fake,
        epsilon,
        evidence.seed,
        inputs={
            field.argument: evidence.inputs[field.name]
            for field in evidence.gan.input_signature.conditions
        },
        trim=trim,
    )
    return {"ppl": Value(found)}


def _patch_settings(evidence: Evidence) -> dict[str, Any]:
    most = min(evidence.data.num_images, evidence.num_fake, 2048)
    return {"images": most, "patches": 128, "projections": 512, "smallest": 14}


@_measure("swd", "pyramid_distances", {"swd": True}, "images data", settings=_patch_settings)
def _sliced_wasserstein(
    evidence: Evidence, images: int, patches: int, projections: int, smallest: int
) -> dict[str, Value]:
    from kgan.metrics.sliced_wasserstein import PatchPyramid, level_distances

    real, fake = (PatchPyramid(patches, smallest, evidence.seed) for _ in range(2))
    for batch in drawn(evidence.data, images):
        real.add(over_white(batch))
    for batch in evidence.first(images):
        fake.add(batch)
    distances = level_distances(real, fake, projections, evidence.seed)
    return {"swd": Value(float(np.mean(list(distances.values()))))}


def _pair_settings(evidence: Evidence) -> dict[str, Any]:
    from kgan.metrics.ms_ssim import fitting_scales

    scales = fitting_scales(*evidence.gan.image_shape[:2])
    return {"images": min(evidence.num_fake, 1000), "pairs": 1000, "scales": scales}


@_measure("ms_ssim", "ms_ssim_diversity", {"ms_ssim": None}, "images", settings=_pair_settings)
def _ms_ssim(evidence: Evidence, images: int, pairs: int, scales: int) -> dict[str, Value]:
    from kgan.metrics.ms_ssim import ms_ssim_diversity

    labels = evidence.labels
    found = ms_ssim_diversity(
        np.concatenate(list(evidence.first(images))),
        None if labels is None else labels[:images],
        pairs,
        evidence.seed,
        scales,
    )
    return {"ms_ssim": Value(found)}


@_measure(
    "cas",
    "classification_accuracy_score",
    {"cas": False},
    "images labels data data_labels",
    settings=lambda evidence: {"epochs": 4},
    samples=lambda dimensions, classes: 128,
)
def _classification_accuracy(evidence: Evidence, epochs: int) -> dict[str, Value]:
    from kgan.metrics.classification import classification_accuracy_score

    known = evidence.data.labels >= 0  # hidden ones are -1
    found = classification_accuracy_score(
        np.concatenate(list(evidence.first(evidence.num_fake))),
        evidence.labels,
        over_white(evidence.data.images[known]),
        evidence.data.labels[known],
        epochs,
        evidence.seed % 2**31,
    )
    return {"cas": Value(found)}


@_measure("diversity", "mean_pairwise_distance", {"diversity": None}, "features")
def _diversity(evidence: Evidence) -> dict[str, Value]:
    from kgan.metrics.diversity import mean_pairwise_distance

    return {"diversity": Value(mean_pairwise_distance(evidence.fake.features))}


@_measure("accuracy", "accuracy_of_asked_classes", {"accuracy": False}, "logits labels")
def _accuracy(evidence: Evidence) -> dict[str, Value]:
    right = evidence.fake.logits.argmax(1) == evidence.fake.labels
    return {"accuracy": Value(float(right.mean()))}
