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
    `(images, labels)`, the labels int32 `(batch_size,)`, of pixels `(batch_size, height, width)`;
    of two kinds of images it is `(sources, targets)`. Iterating gives the batches of epoch 0; `fit`
    trains on one epoch after the other (`from_step`). `kgan.data.load`, `pairs`, `unpaired`,
    `patches` and others make it.

    Attributes:
        batch_size: images per batch.
        image_shape: `(height, width, channels)`.
        image_shapes: that of each kind of images, `image_shape` first.
        num_images: images of the source; each epoch leaves out those that do not fill a batch,
            others each time.
        steps_per_epoch: whole batches in `num_images`; where the kinds do not belong together, in
            the most images of a kind.
        paired: whether the sources and targets of a batch belong together.
        label_names: a name for each class, or None if they are not known.
        config: what defines the batches; JSON can hold it.

    Example:
        >>> data = kgan.data.load("fashion_mnist", batch_size=32, labels=True)
        >>> data.image_shape, data.steps_per_epoch
        ((28, 28, 1), 312)
        >>> images, labels = next(iter(data.from_step(1000)))
    """

    # Of a label: a number, or `(height, width)`.
    _label_shape: tuple[int, ...] = ()

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
        self.paired = source.together
        self.steps_per_epoch = max(map(len, self._parts)) // batch_size
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
        if not self.paired:
            self.config["counts"] = list(map(len, self._parts))
        self._source = source
        self._labels = labels
        self._change = (mirror, jitter)
        # The orders of an epoch are drawn once, not for each batch; prefetching needs two.
        self._orders = functools.lru_cache(maxsize=2)(
            lambda epoch: self._drawn(seed, epoch, labelled is not None)
        )
        self._epoch = self._stream(tf.data.Dataset.range(self.steps_per_epoch))
        super().__init__(self._epoch._variant_tensor)

    def __repr__(self) -> str:
        """Two lines of at most 100 columns."""
        config, shape = self.config, "x".join(map(str, self.image_shape))
        source = config["source"]
        if len(source) > _WIDEST:  # the end of a path says most
            source = f"…{source[-_WIDEST:]}"
        if self.labels is None and not self.label_names:
            classes = "no classes"
        else:
            named, labels = self.label_names or (), self.labels
            number = len(named) or (0 if labels is None else max(int(labels.max()) + 1, 0))
            classes = f"{number} classes{': ' * bool(named)}{', '.join(named)}"
        classes = textwrap.shorten(classes, 2 * _WIDEST, placeholder=" …")
        counts = " and ".join(map(str, config.get("counts", [self.num_images])))
        return (
            f"<{type(self).__name__} of {counts} images {shape}, {source!r}, "
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

    def _drawn(self, seed: int, epoch: int, mixed: bool) -> list[np.ndarray]:
        """The order of an epoch for each part, the same where the parts belong together.

        Mixed, every second image is one of the labelled in turn. Of parts that do not belong
        together, the images of the smaller one come again, each time in another order.
        """
        if not self.paired:
            needed, orders = self.steps_per_epoch * self.batch_size, []
            for number, part in enumerate(self._parts):
                # Of other streams than (seed, step, 3), that of `_changed`.
                random = np.random.default_rng((seed, epoch, 4 * number))
                passes = [random.permutation(len(part)) for _ in range(0, needed, len(part))]
                orders.append(np.concatenate(passes))
            return orders
        random = np.random.default_rng((seed, epoch))
        order = random.permutation(self.num_images)
        if mixed:
            assert self._source.labels is not None
            known = random.permutation(np.flatnonzero(self._source.labels >= 0))
            order[::2] = np.resize(known, len(order[::2]))
        return [order] * len(self._parts)

    def _stream(
        self, counter: tf.data.Dataset, replicas: int = 1, local: int = 1, worker: int = 0
    ) -> tf.data.Dataset:
        """The parts of the batches that `counter` numbers for the `local` replicas of a worker."""
        size = self.batch_size // replicas

        def take(count: np.int64):
            step, replica = divmod(int(count), local)
            epoch, place = divmod(step, self.steps_per_epoch)
            first = (worker * local + replica) * size
            part = slice(first, first + size)
            start = place * self.batch_size + first
            indices = [order[start : start + size] for order in self._orders(epoch)]
            images, labels = self._labelled(indices, step, part)
            return *map(_scaled, images), labels

        # TensorFlow never releases what numpy_function calls, nor the images that it holds.
        weak = weakref.proxy(take)

        def batch(count: tf.Tensor):
            types = [tf.float32] * len(self._parts) + [tf.int32]
            *images, labels = tf.numpy_function(weak, [count], types)
            images = [
                tf.ensure_shape(image, (size, *shape))
                for image, shape in zip(images, self.image_shapes, strict=True)
            ]
            shape = (size, *self._label_shape)
            labels = [tf.ensure_shape(labels, shape)] if self._labels else []
            return (*images, *labels) if len(images) + len(labels) > 1 else images[0]

        options = tf.data.Options()
        options.deterministic = True
        # The autotuner's thread was seen to hold up the end of an iteration for up to 41 s.
        options.autotune.enabled = False
        stream = counter.map(batch).prefetch(2).with_options(options)
        stream.take_batch = take  # held by the stream, and so by all that is made of it
        return stream

    def _labelled(self, indices: list[np.ndarray], step: int, part: slice) -> tuple[list, Any]:
        """What `_examples` gives, and the labels."""
        return self._examples(indices, step, part), self._numbers(indices[0])

    def _examples(self, indices: list[np.ndarray], step: int, part: slice) -> list[np.ndarray]:
        """The images of each kind at its indices: a `part` of the batch of a step."""
        images = [images[rows] for images, rows in zip(self._parts, indices, strict=True)]
        return self._changed(images, step, part) if any(self._change) else images

    def _numbers(self, indices: np.ndarray) -> np.ndarray:
        """The labels, zeros where there are none."""
        labels = self._source.labels
        return np.zeros(len(indices), np.int32) if labels is None else labels[indices]

    def _changed(self, images: list[np.ndarray], step: int, part: slice) -> list[np.ndarray]:
        """Images mirrored and moved, those that belong together in the same way.

        The draws are a function of (seed, step), another stream than that of any epoch's order.
        """
        mirror, jitter = self._change
        changed = []
        for number, image in enumerate(images):
            own = () if self.paired else (number,)
            random = np.random.default_rng((self.config["seed"], step, 3, *own))
            mirrored = (random.random(self.batch_size) < 0.5)[part, None, None, None] & mirror
            down, right = random.integers(-jitter, jitter + 1, (2, self.batch_size))[:, part, None]
            image = np.where(mirrored, image[:, :, ::-1], image)
            height, width = image.shape[1:3]
            factor = height // images[0].shape[1]  # of targets that are larger
            # The pixels at the edge are repeated.
            rows = np.clip(np.arange(height) + factor * down, 0, height - 1)[:, :, None]
            columns = np.clip(np.arange(width) + factor * right, 0, width - 1)[:, None]
            changed.append(image[np.arange(len(image))[:, None, None], rows, columns])
        return changed


def _scaled(images: np.ndarray) -> np.ndarray:
    """Images as float32 in [-1, 1]."""
    if images.dtype == np.uint8:
        return images / np.float32(127.5) - np.float32(1)
    return images
