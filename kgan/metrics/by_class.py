"""The figures of each class."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kgan.metrics import frechet
from kgan.metrics.evidence import Evidence
from kgan.metrics.references import Reference

if TYPE_CHECKING:
    from kgan.metrics.extractors.extractor import Extractor
    from kgan.models import GAN

_MOST_CLASSES = 100  # more are too many for a table


def predicts_the_classes(gan: GAN, extractor: Extractor, reference: Reference | None) -> bool:
    """Whether the extractor is a classifier of few classes, those of the images."""
    number, of = extractor.classes or 0, extractor.classes_of
    strange = bool(of and reference and of not in reference.data["source"])
    return 0 < number <= _MOST_CLASSES and gan.classes in (None, number) and not strange


def by_class_of(evidence: Evidence) -> dict[str, dict[int, float]]:
    """Figures by name and class, as far as they are known; `Evaluation.by_class` names them."""
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
            label: min(np.count_nonzero(given == label) for given in (labels, fake.labels))
            for label in np.unique(fake.labels)
        }
        kept = np.isin(fake.labels, [label for label, count in counts.items() if count > 1])
        if kept.any():
            found["fd"] = frechet.frechet_distance_by_class(
                real.features, labels, fake.features[kept], fake.labels[kept]
            )
    return found


def _shares(classes: np.ndarray, number: int) -> dict[int, float]:
    """The share of each of `number` classes; those hidden as -1 do not count."""
    counts = np.bincount(classes[classes >= 0], minlength=number)
    return {label: float(count / max(counts.sum(), 1)) for label, count in enumerate(counts)}
