"""Batches in an order that a seed and an epoch define, from any step on."""

from __future__ import annotations

import functools
import textwrap
import weakref
from typing import Any

import numpy as np
import tensorflow as tf

from kgan.checks import check_integer
from kgan.data.source import Source
from kgan.errors import UsageError

_WIDEST = 32  # characters of a source's name in `repr`


class ImageDataset(tf.data.Dataset):
    """A `tf.data.Dataset` of image batches, which can start at any step of the training.

    A batch is float32 `(batch_size, height, width, channels)` in [-1, 1]; with labels it is
    `(images, labels)`, the labels int32 `(batch_size,)`; of pairs it is `(sources, targets)`.
    Iterating gives the batches of epoch 0; `fit` trains on one epoch after the other (`from_step`).
    `kgan.data.load` and `kgan.data.pairs` make it.

    Attributes:
        batch_size: images per batch.
        image_shape: `(height, width, channels)`.
        image_shapes: that of each of the images that belong together, `image_shape` first.
        num_images: images of the source; each epoch leaves out those that do not fill a batch,
            others each time.
        steps_per_epoch: whole batches in `num_images`.
        label_names: a name for each class, or None if they are not known.
        config: what defines the batches; JSON can hold it.

    Example:
        >>> data = kgan.data.load("fashion_mnist", batch_size=32, labels=True)
        >>> data.image_shape, data.steps_per_epoch
        ((28, 28, 1), 312)
        >>> images, labels = next(iter(data.from_step(1000)))
    """

    def __init__(
        self,
        source: Source,
        split: str,
        batch_size: int,
        seed: int,
        labels: bool,
        labelled: int | None = None,
        mirror: bool = False,
        jitter: int = 0,
    ):
        self.batch_size = batch_size
        self.num_images, height, width, channels = map(int, source.images.shape)
        self.image_shape = (height, width, channels)
        self._parts = (source.images, *source.others)
        self.image_shapes = [tuple(map(int, part.shape[1:])) for part in self._parts]
        self.steps_per_epoch = self.num_images // batch_size
        self.label_names = source.label_names
        self.config: dict[str, Any] = {
            "source": source.name,
            "split": split,
            "batch_size": batch_size,
            "seed": seed,
            "resolution": height,
            "channels": channels,
            "labels": labels,
            "labelled": labelled,
            "num_images": self.num_images,
            "sha256": source.sha256,
        }
        if source.others:
            shapes = [list(shape) for shape in self.image_shapes]
            self.config |= {"shapes": shapes, "mirror": mirror, "jitter": jitter}
        self._source = source
        self._labels = labels
        self._change = (mirror, jitter)
        # The order of an epoch is drawn once, not for each batch; prefetching needs two.
        self._order = functools.lru_cache(maxsize=2)(
            lambda epoch: self._drawn(np.random.default_rng((seed, epoch)), labelled is not None)
        )
        self._epoch = self._stream(tf.data.Dataset.range(self.steps_per_epoch))
        super().__init__(self._epoch._variant_tensor)

    def __repr__(self) -> str:
        """Two lines of at most 100 columns."""
        config, shape = self.config, "x".join(map(str, self.image_shape))
        source = config["source"]
        if len(source) > _WIDEST:  # the end of a path says most
            source = f"…{source[-_WIDEST:]}"
        if self.labels is None:
            classes = "no classes"
        else:
            named = self.label_names or ()
            number = len(named) or max(int(self.labels.max()) + 1, 0)
            classes = f"{number} classes{': ' * bool(named)}{', '.join(named)}"
        classes = textwrap.shorten(classes, 2 * _WIDEST, placeholder=" …")
        return (
            f"<{type(self).__name__} of {self.num_images} images {shape}, {source!r}, "
            f"{config['split']};\n batches of {self.batch_size}, {classes}>"
        )

    __str__ = __repr__

    def _inputs(self):
        return [self._epoch]

    @property
    def images(self) -> np.ndarray:
        """All images of the source, float32 `(num_images, *image_shape)` in [-1, 1]."""
        return self.at(np.arange(self.num_images))

    @property
    def labels(self) -> np.ndarray | None:
        """The label of each of `images`, int32, -1 where it is hidden; None if unknown."""
        return self._source.labels

    def at(self, indices: np.ndarray) -> np.ndarray:
        """The images at these indices of the source, float32 `(len(indices), *image_shape)`."""
        return _scaled(self._source.images[indices])

    @property
    def element_spec(self):
        """What `tf.data` knows about a batch."""
        return self._epoch.element_spec

    def from_step(self, step: int) -> tf.data.Dataset:
        """Endless batches from a global step on, without reading the earlier ones.

        Batch number `step` is batch `step % steps_per_epoch` of epoch `step // steps_per_epoch`.
        """
        step = check_integer("step", step, 0)
        return self._stream(tf.data.Dataset.counter(step))

    def distributed(self, strategy: tf.distribute.Strategy, step: int = 0):
        """Endless batches from a global step on, shared out to the replicas of a strategy.

        The parts of all replicas, in their order, are the batch of `from_step`.

        Returns:
            A `tf.distribute.DistributedDataset`.

        Raises:
            UsageError: the replicas cannot share a batch evenly.
        """
        step = check_integer("step", step, 0)
        replicas = strategy.num_replicas_in_sync
        if self.batch_size % replicas:
            raise UsageError(
                f"batch_size={self.batch_size} must be divisible by the {replicas} replicas of "
                f"{type(strategy).__name__}. Use "
                f"batch_size={max(self.batch_size // replicas, 1) * replicas}.",
                "batch_size",
            )

        def part(context: tf.distribute.InputContext) -> tf.data.Dataset:
            # One pipeline feeds the replicas of a worker in turn.
            local = replicas // context.num_input_pipelines
            return self._stream(
                tf.data.Dataset.counter(step * local), replicas, local, context.input_pipeline_id
            )

        return strategy.distribute_datasets_from_function(part)

    def _drawn(self, random: np.random.Generator, mixed: bool) -> np.ndarray:
        """The order of an epoch; mixed, every second image is one of the labelled in turn."""
        order = random.permutation(self.num_images)
        if mixed:
            assert self._source.labels is not None
            known = random.permutation(np.flatnonzero(self._source.labels >= 0))
            order[::2] = np.resize(known, len(order[::2]))
        return order

    def _stream(
        self, counter: tf.data.Dataset, replicas: int = 1, local: int = 1, worker: int = 0
    ) -> tf.data.Dataset:
        """The parts of the batches that `counter` numbers for the `local` replicas of a worker."""
        size = self.batch_size // replicas

        def take(count: np.int64):
            step, replica = divmod(int(count), local)
            epoch, number = divmod(step, self.steps_per_epoch)
            start = number * self.batch_size + (worker * local + replica) * size
            indices = self._order(epoch)[start : start + size]
            images = [part[indices] for part in self._parts]
            if any(self._change):
                first = start - number * self.batch_size
                images = self._changed(images, step, slice(first, first + size))
            return *map(_scaled, images), self._numbers(indices)

        # TensorFlow never releases what numpy_function calls, nor the images that it holds.
        weak = weakref.proxy(take)

        def batch(count: tf.Tensor):
            types = [tf.float32] * len(self._parts) + [tf.int32]
            *images, labels = tf.numpy_function(weak, [count], types)
            images = [
                tf.ensure_shape(image, (size, *shape))
                for image, shape in zip(images, self.image_shapes, strict=True)
            ]
            labels = [tf.ensure_shape(labels, (size,))] if self._labels else []
            return (*images, *labels) if len(images) + len(labels) > 1 else images[0]

        options = tf.data.Options()
        options.deterministic = True
        # The autotuner's thread was seen to hold up the end of an iteration for up to 41 s.
        options.autotune.enabled = False
        stream = counter.map(batch).prefetch(2).with_options(options)
        stream.take_batch = take  # held by the stream, and so by all that is made of it
        return stream

    def _numbers(self, indices: np.ndarray) -> np.ndarray:
        """The labels, zeros where there are none."""
        labels = self._source.labels
        return np.zeros(len(indices), np.int32) if labels is None else labels[indices]

    def _changed(self, images: list[np.ndarray], step: int, part: slice) -> list[np.ndarray]:
        """Images that belong together, mirrored and moved together.

        The draws are a function of (seed, step), another stream than that of any epoch's order.
        """
        mirror, jitter = self._change
        random = np.random.default_rng((self.config["seed"], step, 3))
        mirrored = (random.random(self.batch_size) < 0.5)[part, None, None, None] & mirror
        down, right = random.integers(-jitter, jitter + 1, (2, self.batch_size))[:, part, None]
        changed = []
        for image in images:
            image = np.where(mirrored, image[:, :, ::-1], image)
            height, width = image.shape[1:3]
            # The pixels at the edge are repeated.
            rows = np.clip(np.arange(height) + down, 0, height - 1)[:, :, None]
            columns = np.clip(np.arange(width) + right, 0, width - 1)[:, None]
            changed.append(image[np.arange(len(image))[:, None, None], rows, columns])
        return changed


def _scaled(images: np.ndarray) -> np.ndarray:
    """Images as float32 in [-1, 1]."""
    if images.dtype == np.uint8:
        return images / np.float32(127.5) - np.float32(1)
    return images
