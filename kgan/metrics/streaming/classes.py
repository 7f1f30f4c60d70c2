"""Metrics of images with classes that come in batches."""

from __future__ import annotations

from typing import Any

import numpy as np

from kgan.checks import check_integer
from kgan.errors import UsageError
from kgan.metrics import extractors
from kgan.metrics.check import check_classes
from kgan.metrics.classification import Learner
from kgan.metrics.frechet import frechet_distance
from kgan.metrics.inception_score import inception_score
from kgan.metrics.moments import Moments
from kgan.metrics.streaming.base import StreamingMetric
from kgan.metrics.streaming.feature_metric import missing
from kgan.metrics.streaming.mean import Mean
from kgan.networks.shape import check_image_shape
from kgan.validate import check_images


class FrechetDistanceByClass(StreamingMetric):
    """The Fréchet distance within each class; keeps only the moments of the features.

    Args:
        extractor: what `kgan.metrics.extractors.get` takes.
        name: of the metric.

    Example:
        >>> metric = kgan.metrics.streaming.FrechetDistanceByClass("judge_fashion_mnist")
        >>> metric.update_state(real, fake, real_labels, fake_labels)
        >>> distances = metric.result()
    """

    def __init__(self, extractor: Any, name: str | None = None):
        super().__init__(name=name)
        self.extractor = extractors.get(extractor)
        self.reset_state()

    def update_state(
        self, real: Any = None, fake: Any = None, real_labels: Any = None, fake_labels: Any = None
    ) -> None:
        """Take images `(n, height, width, channels)` real, fake or both with their labels `(n,)`.

        Raises:
            UsageError: images that the extractor does not take, or invalid labels.
        """
        made = {}
        for kind, images, labels in (("real", real, real_labels), ("fake", fake, fake_labels)):
            if images is not None:
                features = self.extractor.features(np.asarray(images))
                made[kind] = features, check_classes(f"{kind}_labels", labels, len(features))
        for kind, (features, labels) in made.items():
            for label in np.unique(labels):
                moments = self._moments.setdefault((kind, int(label)), Moments(features.shape[1]))
                moments.add(features[labels == label])

    def result(self) -> dict[int, float]:
        """The distance of each class that the fakes have.

        Raises:
            UsageError: no fakes, or a class with fewer than two real or fake images.
        """
        classes = sorted(label for kind, label in self._moments if kind == "fake")
        if not classes:
            raise missing("fake")
        for label in classes:
            for kind in ("real", "fake"):
                count = getattr(self._moments.get((kind, label)), "count", 0)
                if count < 2:
                    raise UsageError(
                        f"{kind} images must be at least 2 of class {label}; received {count}.",
                        kind,
                    )
        return {
            label: frechet_distance(
                self._moments["real", label].statistics(),
                self._moments["fake", label].statistics(),
            )
            for label in classes
        }

    def reset_state(self) -> None:
        """Forget all images."""
        self._moments: dict[tuple[str, int], Moments] = {}


class InceptionScore(StreamingMetric):
    """The inception score (`kgan.metrics.inception_score`) of generated images; keeps logits.

    Args:
        extractor: what `kgan.metrics.extractors.get` takes; it must be a classifier.
        splits: parts of the images, over which the score is averaged.
        seed: of the order in which they are split.
        name: of the metric.

    Example:
        >>> metric = kgan.metrics.streaming.InceptionScore("judge_fashion_mnist", splits=10)
        >>> metric.update_state(fake=fake)
        >>> score, deviation = metric.result().values()
    """

    def __init__(self, extractor: Any, splits: int = 10, seed: int = 0, name: str | None = None):
        super().__init__(name=name)
        self.extractor = extractors.get(extractor)
        self.splits = check_integer("splits", splits, 1)
        self.seed = check_integer("seed", seed, 0, 2**32 - 1)
        self.reset_state()

    def update_state(self, real: Any = None, fake: Any = None) -> None:
        """Take generated images `(n, height, width, channels)` in [-1, 1]; real ones are unused.

        Raises:
            UsageError: images that the extractor does not take, or one without classes.
        """
        if fake is not None:
            self._logits.append(self.extractor.logits(np.asarray(fake)))

    def result(self) -> dict[str, float]:
        """`score`, the mean over the splits of the images so far, and their `deviation`.

        Raises:
            UsageError: fewer images than splits.
        """
        if not self._logits:
            raise missing("fake")
        found = inception_score(np.concatenate(self._logits), self.splits, self.seed)
        return dict(zip(("score", "deviation"), found, strict=True))

    def reset_state(self) -> None:
        """Forget all images."""
        self._logits: list[np.ndarray] = []


class ClassAccuracy(Mean):
    """The share of generated images in which a classifier sees the class that was asked for.

    Args:
        extractor: what `kgan.metrics.extractors.get` takes; it must be a classifier.
        name: of the metric.

    Example:
        >>> metric = kgan.metrics.streaming.ClassAccuracy("judge_fashion_mnist")
        >>> metric.update_state(fake_labels, fake)
        >>> accuracy = metric.result()
    """

    def __init__(self, extractor: Any, name: str | None = None):
        super().__init__(name=name)
        self.extractor = extractors.get(extractor)

    def update_state(self, labels: Any, fake: Any) -> None:
        """Take the classes asked for, integers `(n,)`, and the images made of them.

        Raises:
            UsageError: images that the extractor does not take, or invalid labels.
        """
        seen = self.extractor.classify(np.asarray(fake))
        self._count(seen == check_classes("labels", labels, len(seen)))


class ClassificationAccuracyScore(Mean):
    """The accuracy on real images of a classifier that learned from generated ones alone.

    See `kgan.metrics.classification`. The classifier is trained once on each batch of fakes, then
    tested on the real images; for more epochs, pass the fakes again or generate new ones.

    Images are square, with sides from 8 to 256 pixels that are divisible by 4.

    Args:
        classes: of the images.
        steps: batches of fakes, which all come before the first real images.
        seed: of the classifier's weights.
        name: of the metric.

    Example:
        >>> metric = kgan.metrics.streaming.ClassificationAccuracyScore(classes=10, steps=1)
        >>> metric.update_state(fake=fake, fake_labels=fake_labels)
        >>> metric.update_state(real=real, real_labels=real_labels)
        >>> accuracy = metric.result()

    Raises:
        UsageError: a count out of range.
    """

    absence = "real images are missing: call update_state(real=…) after the fakes."
    _learner: Learner | None
    _learnt: int

    def __init__(self, classes: int, steps: int, seed: int = 0, name: str | None = None):
        super().__init__(name=name)
        self.classes = check_integer("classes", classes, 2)
        self.steps = check_integer("steps", steps, 1)
        self.seed = check_integer("seed", seed, 0, 2**31 - 1)

    def update_state(
        self, real: Any = None, fake: Any = None, real_labels: Any = None, fake_labels: Any = None
    ) -> None:
        """Take images `(n, height, width, channels)` in [-1, 1] real, fake or both, labels `(n,)`.

        Raises:
            UsageError: invalid images or labels, more batches of fakes than `steps`, or
                real images before all of them.
        """
        # Both are checked before either counts, so that a refused call changes nothing.
        learnt = self._learnt + (fake is not None)
        if learnt > self.steps:
            raise UsageError(
                f"fake must come steps={self.steps} times; this is one more. Set steps to the "
                "number of batches.",
                "fake",
            )
        if real is not None and learnt < self.steps:
            raise UsageError(
                f"real images must come after steps={self.steps} batches of fakes; received "
                f"{learnt}. Pass the others first, or set steps to their number.",
                "real",
            )
        if fake is not None:
            fake, fake_labels = self._checked("fake", fake, fake_labels)
            if self._learner is None:
                shape = check_image_shape(fake.shape[1:])
                self._learner = Learner(shape, self.classes, self.steps, self.seed)
        if real is not None:
            real, real_labels = self._checked("real", real, real_labels)
        if self._learner is not None and fake is not None:
            self._learner.learn(fake, fake_labels)
            self._learnt = learnt
        if self._learner is not None and real is not None:
            self._count(self._learner.classify(real) == real_labels)

    def reset_state(self) -> None:
        """Reset the images and the classifier."""
        super().reset_state()
        self._learner = None
        self._learnt = 0

    def _checked(self, kind: str, images: Any, labels: Any) -> tuple[np.ndarray, np.ndarray]:
        shape = self._learner.image_shape if self._learner else None
        images = check_images(np.asarray(images), shape, kind)
        labels = check_classes(f"{kind}_labels", labels, len(images))
        outside = (labels < 0) | (labels >= self.classes)
        if outside.any():
            raise UsageError(
                f"{kind}_labels must be 0 to {self.classes - 1}; received "
                f"{labels[outside.argmax()]}.",
                f"{kind}_labels",
            )
        return images, labels
