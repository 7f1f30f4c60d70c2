"""The metrics that `kgan evaluate` knows, by name. `--help` lists them, so it needs no NumPy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from kgan.errors import UsageError, unknown_name
from kgan.metrics.measure import Measure, Value

if TYPE_CHECKING:
    from kgan.metrics.evidence import Evidence

DEFAULT = ("fd", "kid", "pr", "dc")
MEASURES: dict[str, Measure] = {}


def get(names: str | Iterable[str]) -> dict[str, Measure]:
    """The measures of these names.

    Raises:
        UsageError: no name, or an unknown one; the message names the nearest.
    """
    names = (names,) if isinstance(names, str) else names
    if not isinstance(names, (list, tuple)) or not names:
        raise UsageError(
            f"metrics must be a list of one or more of {', '.join(MEASURES)}; received {names!r}.",
            "metrics",
        )
    for name in names:
        if not isinstance(name, str) or name not in MEASURES:
            raise unknown_name("metrics", name, MEASURES)  # also for a name of another type
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
    import numpy as np

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
    import numpy as np

    from kgan.data.decode import over_white
    from kgan.metrics.references import drawn
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
    import numpy as np

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
    import numpy as np

    from kgan.data.decode import over_white
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
