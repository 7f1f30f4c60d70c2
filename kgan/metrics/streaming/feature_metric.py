"""The base class of metrics of features; it keeps the features, or their sums, of all batches."""

from __future__ import annotations

from typing import Any

import numpy as np

from kgan.errors import UsageError
from kgan.metrics import extractors
from kgan.metrics.references import Reference, check_protocol
from kgan.metrics.streaming.base import StreamingMetric


class FeatureMetric(StreamingMetric):
    """Base class: a score of real and generated images, of which it keeps only the features.

    Args:
        extractor: what `kgan.metrics.extractors.get` takes.
        reference: the features of the real images, made earlier; `update_state` then takes fakes
            only.
        name: of the metric.

    Example:
        >>> extractor = kgan.metrics.extractors.get("judge_fashion_mnist")
        >>> reference = kgan.metrics.references.of(kgan.data.load("fashion_mnist"), extractor)
        >>> metric = kgan.metrics.streaming.PrecisionRecall(extractor, reference)
        >>> metric.update_state(fake=fake)

    Raises:
        UsageError: an unknown extractor, or a reference of another one.
    """

    def __init__(self, extractor: Any, reference: Reference | None = None, name: str | None = None):
        super().__init__(name=name)
        self.extractor = extractors.get(extractor)
        if reference is not None:
            if not isinstance(reference, Reference):
                raise UsageError(
                    "reference must be a kgan.metrics.Reference; received "
                    f"{type(reference).__name__}. kgan.metrics.references.load reads one from a "
                    "file.",
                    "reference",
                )
            check_protocol("reference", reference, extractor=self.extractor.description)
        self.reference = reference
        self.reset_state()

    def update_state(self, real: Any = None, fake: Any = None) -> None:
        """Take images `(n, height, width, channels)` in [-1, 1] real, fake or both.

        Raises:
            UsageError: images that the extractor does not take.
        """
        if real is not None and self.reference is not None:
            raise UsageError(
                "real must be None, since the reference stands for the real images.", "real"
            )
        pair = {"real": real, "fake": fake}
        # Both are computed before either is kept, so that a refused call changes nothing.
        made = {
            kind: self.extractor.features(np.asarray(images))
            for kind, images in pair.items()
            if images is not None
        }
        for kind, features in made.items():
            self._add(kind, features)

    def _add(self, kind: str, features: np.ndarray) -> None:
        self._collected[kind].append(features)

    def _features(self, kind: str) -> np.ndarray:
        """All features of the real or the fake images."""
        if kind == "real" and self.reference is not None:
            return self.reference.features
        if not self._collected[kind]:
            raise missing(kind)
        return np.concatenate(self._collected[kind])

    def reset_state(self) -> None:
        """Forget all images, the reference excepted."""
        self._collected: dict[str, list[np.ndarray]] = {"real": [], "fake": []}


def missing(kind: str) -> UsageError:
    """The error where real or fake images are missing."""
    return UsageError(f"{kind} images are missing: call update_state({kind}=images) first.", kind)
