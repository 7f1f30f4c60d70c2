"""What turns images into the features that a metric compares."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from kgan.batches import in_batches
from kgan.checks import check_integer
from kgan.errors import UsageError

if TYPE_CHECKING:
    import keras


def in_inference(model: keras.Model) -> Callable[[Any], Any]:
    """The model in inference, as a graph: a small network takes a third of the time.

    A model that cannot be a graph, or was compiled to run eagerly, is called directly.
    """
    import tensorflow as tf

    call = functools.partial(model, training=False)
    graph = None if model.run_eagerly else tf.function(call, reduce_retracing=True)

    def run(images: Any) -> Any:
        nonlocal graph
        if graph is not None:
            try:
                return graph(images)
            except Exception:
                graph = None  # the checks below raise the error
        return call(images)

    return run


class Extractor:
    """A function from images to features, with the description that scores record.

    Scores of two extractors are not comparable, not even of one network behind two ways of
    resizing; `description` distinguishes them.

    Attributes:
        name: what scores call it.
        sha256: of the network's weights, 64 hexadecimal digits; None where a function has none.
        image_shape: `(height, width, channels)` that the images must have, None for any. An
            extractor of RGB images repeats the channel of grey ones; transparent images are laid
            on white for one of grey or RGB images.
        resize: how images are resized to the network's size, "none" if they are not.
        feature_dim: numbers per feature; if it is not given, None until the first are computed.
        classes: of the logits; None without a classifier.
        classes_of: the data set whose classes these are; None if that is unknown.
        canonical: whether a Fréchet distance of these features may be called FID.

    Example:
        >>> def thumbnails(images):
        ...     return images[:, ::4, ::4].reshape(len(images), -1)
        >>> extractor = kgan.metrics.extractors.Extractor("thumbnails", thumbnails, feature_dim=49)
        >>> metric = kgan.metrics.streaming.FrechetDistance(extractor)
    """

    def __init__(
        self,
        name: str,
        function: Callable[[Any], Any],
        feature_dim: int | None = None,
        *,
        sha256: str | None = None,
        image_shape: tuple[int | None, ...] = (None, None, None),
        resize: str = "none",
        classify: Callable[[Any], Any] | None = None,
        classes: int | None = None,
        classes_of: str | None = None,
        batch_size: int = 64,
        canonical: bool = False,
    ):
        """Makes an extractor from a function.

        Args:
            name, feature_dim, sha256, image_shape, resize, classes, classes_of, canonical: the
                attributes.
            function: float32 images `(batch, height, width, channels)` in [-1, 1], an array, to
                features `(batch, feature_dim)`, an array or tensor; it must compute in inference.
            classify: the same images to logits `(batch, classes)`.
            batch_size: images at a time.

        Raises:
            UsageError: a batch size or `feature_dim` below 1.
        """
        self.name = name
        self.sha256 = sha256
        self.image_shape = tuple(image_shape)
        self.resize = resize
        self.feature_dim = (
            None if feature_dim is None else check_integer("feature_dim", feature_dim, 1)
        )
        self.classes = classes
        self.classes_of = classes_of
        self.canonical = canonical
        self._function = function
        self._classify = classify
        self._batch_size = check_integer("batch_size", batch_size, 1)

    @property
    def description(self) -> dict[str, Any]:
        """What a score's protocol says about the extractor, as JSON holds it."""
        return {"name": self.name, "sha256": self.sha256, "resize": self.resize}

    def describe(self, channels: int) -> dict[str, Any]:
        """`description`, with the background of transparent images if there is one."""
        laid = channels in (2, 4) and self.image_shape[2] in (1, 3)
        return {**self.description, **({"background": "white"} if laid else {})}

    def features(self, images: np.ndarray) -> np.ndarray:
        """The features, float32 `(n, feature_dim)`, of images `(n, *image_shape)` in [-1, 1].

        Raises:
            UsageError: images of another type, shape or range, or NaN; or features that are not
                finite or not one row of `feature_dim` numbers per image.
        """
        features = self._run("features", self._function, images, self.feature_dim)
        self.feature_dim = features.shape[1]
        return features

    def logits(self, images: np.ndarray) -> np.ndarray:
        """The classes' logits, float32 `(n, classes)`, of images `(n, *image_shape)`.

        Raises:
            UsageError: as for `features`, or an extractor that is no classifier.
        """
        if self._classify is None:
            raise UsageError(
                f"extractor={self.name!r} must predict classes; it returns features only. "
                "Pass a classifier, for example kgan.metrics.judge.load().",
                "extractor",
            )
        return self._run("logits", self._classify, images, self.classes)

    def classify(self, images: np.ndarray) -> np.ndarray:
        """The likeliest class, int32 `(n,)`, of images `(n, *image_shape)` in [-1, 1].

        Raises:
            UsageError: as for `logits`.
        """
        return self.logits(images).argmax(1).astype(np.int32)

    def _run(
        self, what: str, function: Callable[[Any], Any], images: np.ndarray, columns: int | None
    ) -> np.ndarray:
        from kgan.data.decode import over_white
        from kgan.validate import check_images, check_shape

        images = np.asarray(images)
        check_shape(images, "images")
        height, width, channels = self.image_shape
        shape = images.shape
        if channels is None or channels == 3 or (channels, shape[3]) == (1, 2):
            expected = shape[3]
        else:
            expected = channels
        images = check_images(images, (height or shape[1], width or shape[2], expected))
        if channels in (1, 3):
            images = over_white(images)
        if channels == 3 and images.shape[3] == 1:
            images = images.repeat(3, axis=3)

        def rows(batch: np.ndarray) -> np.ndarray:
            return self._rows(what, function(batch), len(batch))

        made = in_batches(rows, images, self._batch_size)
        if columns is not None and made.shape[1] != columns:
            raise UsageError(
                f"extractor={self.name!r} must give {what} of {columns} numbers; received "
                f"{made.shape[1]}. Make a new extractor of a function that changed.",
                "extractor",
            )
        broken = ~np.isfinite(made).all(1)
        if broken.any():
            raise UsageError(
                f"extractor={self.name!r} must give finite {what}; received NaN or infinity for "
                f"{broken.sum()} of {len(made)} images, images[{broken.argmax()}] the first. Look "
                "for a division by 0 or a logarithm of 0 in it.",
                "extractor",
            )
        return made

    def _rows(self, what: str, made: Any, count: int) -> np.ndarray:
        """The output of a function for `count` images, if it has one row of numbers per image."""
        try:
            rows: np.ndarray = np.asarray(made, np.float32)
            found = f"the shape {rows.shape}"
        except (TypeError, ValueError):
            rows, found = np.empty(0), type(made).__name__
        if rows.ndim != 2 or len(rows) != count or rows.size == 0:
            fix = " Average over height and width: features.mean((1, 2))." if rows.ndim == 4 else ""
            raise UsageError(
                f"extractor={self.name!r} must give {what} of the shape ({count}, dimensions) for "
                f"{count} images; received {found}.{fix}",
                "extractor",
            )
        return rows
