"""From what the user passes to `fit` to an endless stream that starts at any step."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from kgan.checks import check_integer
from kgan.data import ImageDataset, check_images, load
from kgan.data.validate import check_labels, check_vectors
from kgan.errors import UsageError

if TYPE_CHECKING:
    from kgan.models.gan import GAN


class Feed:
    """The training data of one `fit`: `steps_per_epoch` steps an epoch, beginning at `start`.

    Keras's `fit` always begins an epoch at its first step. To go on within one, the stream begins
    at the right place and the train function passes over the steps that lie behind.
    """

    def __init__(self, gan: GAN, x: Any, batch_size: int | None, steps_per_epoch: int | None):
        self.gan = gan
        self.start = 0
        self._given = x, batch_size
        self.dataset = x = _checked(gan, x, batch_size, "x")
        _check_batch(gan, x, gan.discriminator_steps)
        known = isinstance(x, ImageDataset) and "label" in gan.batch_parts
        # Where labels are hidden, those of the highest class may be, too.
        if known and gan.classes and not x.label_names and x.labels.min() >= 0:
            _check_classes(
                gan,
                int(x.labels.max()) + 1,
                "x",
                ", or pass a tf.data.Dataset if the last classes are to have no images",
            )
        if steps_per_epoch is None:
            steps_per_epoch = int(x.cardinality())
            if steps_per_epoch < 1:
                raise UsageError(
                    "steps_per_epoch must be given: the data set does not know its own length "
                    f"(cardinality {steps_per_epoch})."
                )
        steps_per_epoch = check_integer("steps_per_epoch", steps_per_epoch, 1)
        # Whole executions only; the stream goes on across epochs, so no image is lost.
        per_execution = gan.steps_per_execution
        self.steps_per_epoch = max(steps_per_epoch // per_execution, 1) * per_execution

    @property
    def config(self) -> dict[str, Any]:
        """What must be the same for a run to be resumed."""
        described = self.dataset.config if isinstance(self.dataset, ImageDataset) else {}
        return {**described, "steps_per_epoch": self.steps_per_epoch}

    @property
    def shuffled(self) -> bool:
        """Whether kgan draws the order; a `tf.data.Dataset` of the user's has its own."""
        return isinstance(self.dataset, ImageDataset) or isinstance(self._given[0], tuple)

    def apart(self) -> tf.data.Dataset:
        """The batches of an epoch in a stream of its own, which the training's does not feel.

        A `tf.data.Dataset` of the user's that shuffles does feel it: it goes on to another order.
        """
        if isinstance(self.dataset, ImageDataset):
            return self.dataset.from_step(0).take(self.dataset.steps_per_epoch)
        return _checked(self.gan, *self._given, "x") if self.shuffled else self.dataset

    def stream(self):
        """Endless batches from step `start` on; each worker and replica gets its part."""
        if isinstance(self.dataset, ImageDataset):
            strategy = self.gan.distribute_strategy
            if strategy.num_replicas_in_sync > 1:
                return self.dataset.distributed(strategy, self.start)
            return self.dataset.from_step(self.start)
        return _steady(self.dataset.repeat().skip(self.start))

    def skipping(self, train_function):
        """The train function, but steps of the first epoch before `start` are not taken."""
        behind = self.start % self.steps_per_epoch

        def function(iterator):
            nonlocal behind
            if behind > 0:
                behind -= self.gan.steps_per_execution
                return self.gan.get_metrics_result()
            return train_function(iterator)

        return function


def _check_batch(gan: GAN, dataset: tf.data.Dataset, steps: int) -> None:
    """Every one of `steps` discriminator updates of every replica gets as many whole packs."""
    spec = _parts(dataset)[0]
    batch = spec.shape[0] if spec.shape.rank else None
    parts = steps * gan.distribute_strategy.num_replicas_in_sync * gan.pack
    factors = f"discriminator_steps={steps} times the replicas"
    if gan.pack > 1:
        factors += f" times pack={gan.pack}"
    if batch is None and parts > 1:
        raise UsageError(
            f"The batches must divide into {parts} parts ({factors}), but their size is not "
            "fixed; use dataset.batch(size, drop_remainder=True)."
        )
    if batch is not None and batch % parts:
        raise UsageError(
            f"The batch of {batch} images must divide into {parts} parts ({factors}); "
            f"use batch_size={max(batch // parts, 1) * parts}."
        )


def once(gan: GAN, x: Any, batch_size: int | None, argument: str) -> tf.data.Dataset:
    """The batches of `x` once, for an evaluation.

    Raises:
        UsageError: the networks cannot take them.
    """
    x = _checked(gan, x, batch_size, argument)
    if gan.pack > 1:
        _check_batch(gan, x, 1)
    return _steady(x)


def _checked(gan: GAN, x: Any, batch_size: int | None, argument: str) -> tf.data.Dataset:
    """What the user passed as `argument`, as batches that the networks can take."""
    if batch_size is not None and not isinstance(x, (np.ndarray, tuple)):
        raise UsageError(
            "batch_size belongs to arrays; give it to kgan.data.load or dataset.batch instead "
            f"(received batch_size={batch_size!r} with {type(x).__name__})."
        )
    if isinstance(x, (np.ndarray, tuple)):
        x = _from_arrays(gan, x, 64 if batch_size is None else batch_size, argument)
    if not isinstance(x, tf.data.Dataset):
        raise UsageError(
            f"{argument} must be kgan.data.load(...), a tf.data.Dataset or an array of images; "
            f"received {type(x).__name__}."
        )
    _check_number_of_parts(gan, x.element_spec, argument)
    if isinstance(x, ImageDataset):
        _check_loaded(gan, x, argument)
        return x
    if x.cardinality() == 0:
        raise UsageError(f"{argument} must hold batches; received an empty tf.data.Dataset.")
    for batch in x.take(1):
        images, *rest = batch if isinstance(batch, tuple) else (batch,)
        check_images(images.numpy(), gan.image_shape, argument)
        for name, values in zip(gan.batch_parts[1:], rest, strict=True):
            _check_condition(gan, name, values.numpy(), len(images))
    return _guarded(gan, x)


def _parts(dataset: tf.data.Dataset) -> tuple:
    spec = dataset.element_spec
    return spec if isinstance(spec, tuple) else (spec,)


def _check_number_of_parts(gan: GAN, spec: Any, argument: str) -> None:
    wanted, name = gan.batch_parts, type(gan).__name__
    received = 1 if isinstance(spec, tf.TensorSpec) else len(spec)
    if received == len(wanted) and isinstance(spec, (tf.TensorSpec, tuple)):
        return
    if len(wanted) == 1:
        raise UsageError(
            f"{argument} must hold images alone for {name}, which knows no classes; "
            f"received batches of {received} parts, a {type(spec).__name__}. Load without "
            "labels=True, or dataset.map(lambda image, label: image)."
        )
    mend = " Load with labels=True, or pass a tuple of arrays." if "label" in wanted else ""
    raise UsageError(
        f"{argument} must hold batches ({', '.join(f'{part}s' for part in wanted)}) for {name}; "
        f"received {'images alone' if received == 1 else f'{received} parts'}, a "
        f"{type(spec).__name__}.{mend}"
    )


def _check_loaded(gan: GAN, x: ImageDataset, argument: str) -> None:
    if tuple(x.image_shape) != gan.image_shape:
        size, _, channels = gan.image_shape
        raise UsageError(
            f"{argument} holds images of shape {tuple(x.image_shape)}, but the networks are made "
            f"for {gan.image_shape}; load with resolution={size}, channels={channels}, or build "
            f"the model with image_shape={tuple(x.image_shape)}."
        )
    if "condition" in gan.batch_parts and x.element_spec[1].dtype.is_integer:
        raise UsageError(
            f"{argument} must hold batches (images, conditions) for this {type(gan).__name__}; "
            "received labels. Pass a tuple of arrays, or build the model with classes in place of "
            "condition_dim."
        )
    if "label" not in gan.batch_parts:
        return
    if gan.classes and x.label_names:
        _check_classes(gan, len(x.label_names), argument)
    assert x.labels is not None  # it gives them in its batches
    _check_condition(gan, "label", x.labels, x.num_images)


def _check_classes(gan: GAN, count: int, argument: str, otherwise: str = "") -> None:
    if count != gan.classes:
        raise UsageError(
            f"{argument} has {count} classes, but {type(gan).__name__} was built with "
            f"classes={gan.classes}; build it with classes={count}{otherwise}."
        )


def _check_condition(gan: GAN, name: str, values: np.ndarray, n: int) -> None:
    if name == "label":
        check_labels(values, n, gan.classes, gan.takes_unlabelled)
    else:
        assert gan.condition_dim is not None
        check_vectors("conditions", values, (n, gan.condition_dim))


def _guarded(gan: GAN, x: tf.data.Dataset) -> tf.data.Dataset:
    """Every batch checked as the first one was, for a later one would be trained on in silence."""
    lowest, classes = (-1 if gan.takes_unlabelled else 0), gan.classes or np.iinfo(np.int32).max
    rules = {
        "image": ("finite numbers, -1 to 1,", -1.0, 1.0, "From 0 to 255, use images / 127.5 - 1."),
        "condition": ("finite numbers", -np.inf, np.inf, "Leave the broken ones out."),
        "label": (
            f"{lowest} to {classes - 1}",
            lowest,
            classes - 1,
            "Build the model with more classes, or leave these images out.",
        ),
    }

    def checked(name, values):
        expected, least, most, mend = rules[name]
        kept = values if values.dtype.is_floating else tf.cast(values, tf.int32)
        # NaN and infinity come through the sum alone.
        spoilt = 0 * tf.reduce_sum(kept)
        low, high = tf.reduce_min(kept) + spoilt, tf.reduce_max(kept) + spoilt
        said = [f"{name}s must be {expected} in every batch; received values from", low, "to", high]
        with tf.control_dependencies(
            [tf.debugging.Assert((low >= least) & (high <= most), [*said, mend])]
        ):
            return tf.identity(kept)

    if len(gan.batch_parts) == 1:
        return x.map(lambda images: checked("image", images))
    return x.map(lambda *parts: tuple(map(checked, gan.batch_parts, parts)))


@contextlib.contextmanager
def guard_said_plainly():
    """What `_guarded` finds in a later batch as a UsageError, without TensorFlow's graph around."""
    try:
        yield
    except tf.errors.InvalidArgumentError as error:
        words = r"\[(\w+ must be .*?)\] \[(\S+)\] \[to\] \[(\S+)\] \[(.*?)\]"
        found = re.search(words, str(error))
        if found is None:
            raise
        raise UsageError("{} {} to {}. {}".format(*found.groups())) from None


def _from_arrays(gan: GAN, x: Any, batch_size: int, argument: str) -> tf.data.Dataset:
    """Arrays as batches in an order that the model's seed defines."""
    if isinstance(x, tuple) and len(x) < 2:
        raise UsageError(
            f"{argument} must be an array, or a tuple (images, labels); received a tuple of "
            f"{len(x)}. Pass the array alone, or its labels, too."
        )
    images, *rest = x if isinstance(x, tuple) else (x,)
    check_images(images, gan.image_shape, argument)
    if "condition" not in gan.batch_parts or not rest:
        labels = isinstance(x, tuple)
        return load(x, batch_size=batch_size, seed=gan.seed, labels=labels)
    if len(rest) != 1:
        raise UsageError(
            f"{argument} must be a tuple (images, conditions) for this {type(gan).__name__}; "
            f"received {len(rest) + 1} arrays."
        )
    conditions = check_vectors("conditions", rest[0], (len(images), gan.condition_dim or 0))
    batch_size = check_integer("batch_size", batch_size, 1, len(images))
    dataset = tf.data.Dataset.from_tensor_slices((images, conditions))
    dataset = dataset.shuffle(len(images), seed=gan.seed)
    return dataset.batch(batch_size, drop_remainder=True)


def _steady(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """Without tf.data's autotuner, whose thread was seen to hold up the end of `fit`."""
    if dataset.options().autotune.enabled is None:
        options = tf.data.Options()
        options.autotune.enabled = False
        dataset = dataset.with_options(options)
    return dataset
