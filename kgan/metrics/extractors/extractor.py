"""What turns images into the features that a metric compares."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from kgan.batches import in_batches
from kgan.checks import check_integer
from kgan.errors import UsageError


class Extractor:
    """A function from images to features, and what a score must say of it.

    Scores of two extractors are not comparable, not even of one network behind two ways of
    resizing; `description` tells them apart.

    Attributes:
        name: what scores call it.
        sha256: of the network's weights, 64 hexadecimal digits; None where a function has none.
        image_shape: `(height, width, channels)` that the images must have, None for any. An
            extractor of RGB images repeats the channel of grey ones.
        resize: how images of another size get to the network's, "none" where they do not.
        feature_dim: numbers a feature has.
        num_classes: of the logits; None if the network tells no classes.
        canonical: whether a Fréchet distance of these features may be called FID.
    """

    def __init__(
        self,
        name: str,
        function: Callable[[Any], Any],
        feature_dim: int,
        *,
        sha256: str | None = None,
        image_shape: tuple[int | None, ...] = (None, None, None),
        resize: str = "none",
        classify: Callable[[Any], Any] | None = None,
        num_classes: int | None = None,
        batch_size: int = 64,
        canonical: bool = False,
    ):
        """Make an extractor of a function of one's own.

        Args:
            name, feature_dim, sha256, image_shape, resize, num_classes, canonical: the attributes.
            function: float32 images `(batch, height, width, channels)` in [-1, 1] to features
                `(batch, feature_dim)`, arrays or tensors; called in inference.
            classify: the same images to logits `(batch, num_classes)`.
            batch_size: images at a time.
        """
        self.name = name
        self.sha256 = sha256
        self.image_shape = tuple(image_shape)
        self.resize = resize
        self.feature_dim = feature_dim
        self.num_classes = num_classes
        self.canonical = canonical
        self._function = function
        self._classify = classify
        self._batch_size = check_integer("batch_size", batch_size, 1)

    @property
    def description(self) -> dict[str, Any]:
        """What a score's protocol says of the extractor; JSON can hold it."""
        return {"name": self.name, "sha256": self.sha256, "resize": self.resize}

    def features(self, images: np.ndarray) -> np.ndarray:
        """The features, float32 `(n, feature_dim)`, of images `(n, *image_shape)` in [-1, 1].

        Raises:
            UsageError: images of another type, shape or range, or NaN.
        """
        return self._run(self._function, images)

    def logits(self, images: np.ndarray) -> np.ndarray:
        """The classes' logits, float32 `(n, num_classes)`, of images `(n, *image_shape)`.

        Raises:
            UsageError: images of another type, shape or range, NaN, or an extractor that tells no
                classes.
        """
        if self._classify is None:
            raise UsageError(
                f"extractor={self.name!r} must tell classes for this; it gives features alone. "
                "Take a classifier, kgan.metrics.judge.load() say."
            )
        return self._run(self._classify, images)

    def classify(self, images: np.ndarray) -> np.ndarray:
        """The likeliest class, int32 `(n,)`, of images `(n, *image_shape)` in [-1, 1].

        Raises:
            UsageError: as for `logits`.
        """
        return self.logits(images).argmax(1).astype(np.int32)

    def _run(self, function: Callable[[Any], Any], images: np.ndarray) -> np.ndarray:
        from kgan.data.validate import check_images

        images = np.asarray(images)
        if self.image_shape[-1] == 3 and images.ndim == 4 and images.shape[-1] == 1:
            images = images.repeat(3, axis=-1)
        images = check_images(images)
        expected = zip(self.image_shape, images.shape[1:], strict=True)
        images = check_images(images, tuple(wanted or found for wanted, found in expected))
        return in_batches(function, images, self._batch_size)
