"""From what the user passes to `fit` to an endless stream that starts at any step."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from kgan.checks import check_integer
from kgan.data import ImageDataset, load, pairs
from kgan.errors import UsageError
from kgan.signature import Field, Image, Label, Signature, Vector
from kgan.validate import fits

if TYPE_CHECKING:
    from kgan.models.trainer import Trainer


class TrainingData:
    """The training data of one `fit`: `steps_per_epoch` steps an epoch, beginning at `start`.

    Keras's `fit` always begins an epoch at its first step. To go on within one, the stream begins
    at the right place and the train function passes over the steps that lie behind.
    """

    def __init__(self, gan: Trainer, x: Any, batch_size: int | None, steps_per_epoch: int | None):
        self.gan = gan
        self.start = 0
        self._given = x, batch_size
        self.dataset = x = _checked(gan, x, batch_size, "x")
        _check_batch(gan, x, gan.discriminator_steps)
        label = gan.batch_signature.of(Label)
        known = isinstance(x, ImageDataset) and label is not None and label.classes
        # Where labels are hidden, those of the highest class may be, too.
        if known and not x.label_names and x.labels.min() >= 0:
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
                    f"(cardinality {steps_per_epoch}).",
                    "steps_per_epoch",
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

    def separate_pass(self) -> tf.data.Dataset:
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


def _check_batch(gan: Trainer, dataset: tf.data.Dataset, steps: int) -> None:
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


def one_pass(gan: Trainer, x: Any, batch_size: int | None, argument: str) -> tf.data.Dataset:
    """The batches of `x` once, for an evaluation.

    Raises:
        UsageError: the networks cannot take them.
    """
    x = _checked(gan, x, batch_size, argument)
    if gan.pack > 1:
        _check_batch(gan, x, 1)
    return _steady(x)


def _checked(gan: Trainer, x: Any, batch_size: int | None, argument: str) -> tf.data.Dataset:
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
            f"received {type(x).__name__}.",
            argument,
        )
    _check_number_of_parts(gan, x.element_spec, argument)
    if isinstance(x, ImageDataset):
        _check_loaded(gan, x, argument)
        return x
    if x.cardinality() == 0:
        raise UsageError(
            f"{argument} must hold batches; received an empty tf.data.Dataset.", argument
        )
    for batch in x.take(1):
        parts = batch if isinstance(batch, tuple) else (batch,)
        _check_parts(gan.batch_signature, [part.numpy() for part in parts], argument)
    return _guarded(gan.batch_signature, x)


def _check_parts(signature: Signature, parts: Any, argument: str) -> None:
    """Check the arrays of a batch, in the order of the signature.

    Raises:
        UsageError: a field refuses its array; errors call the first one `argument`.
    """
    n = len(parts[0])
    for field, values in zip(signature.values(), parts, strict=True):
        if values is parts[0]:
            field.check(values, n, argument)
        else:
            field.check_batch(values, n)


def _parts(dataset: tf.data.Dataset) -> tuple:
    spec = dataset.element_spec
    return spec if isinstance(spec, tuple) else (spec,)


def _check_number_of_parts(gan: Trainer, spec: Any, argument: str) -> None:
    expected, name = list(gan.batch_signature.values()), type(gan).__name__
    received = 1 if isinstance(spec, tf.TensorSpec) else len(spec)
    if received == len(expected) and isinstance(spec, (tf.TensorSpec, tuple)):
        return
    if len(expected) == 1:
        raise UsageError(
            f"{argument} must hold {expected[0].argument} alone for {name}, which knows no "
            f"classes; received batches of {received} parts, a {type(spec).__name__}. Load without "
            "labels=True, or dataset.map(lambda image, label: image).",
            argument,
        )
    labelled = any(isinstance(field, Label) for field in expected)
    fix = " Load with labels=True, or pass a tuple of arrays." if labelled else ""
    raise UsageError(
        f"{argument} must hold batches ({', '.join(field.argument for field in expected)}) for "
        f"{name}; received {'images alone' if received == 1 else f'{received} parts'}, a "
        f"{type(spec).__name__}.{fix}",
        argument,
    )


def _check_loaded(gan: Trainer, x: ImageDataset, argument: str) -> None:
    images = [field for field in gan.batch_signature.values() if isinstance(field, Image)]
    if len(images) != len(x.image_shapes):
        names = ", ".join(field.argument for field in gan.batch_signature.values())
        function = "kgan.data.pairs" if len(images) > 1 else "kgan.data.load"
        raise UsageError(
            f"{argument} must hold batches ({names}) for {type(gan).__name__}; received "
            f"{len(x.image_shapes)} images for each example. Use {function}.",
            argument,
        )
    for field, shape in zip(images, x.image_shapes, strict=True):
        if not fits(shape, field.shape):
            resolution = f"resolution={field.shape[0]}, " if field.shape[0] else ""
            build = f"image_shape={shape}" if resolution else f"{field.name}'s {shape[2]} channels"
            raise UsageError(
                f"{argument} holds {field.argument} of shape {shape}, but the networks are made "
                f"for {tuple(field.shape)}; load with {resolution}channels={field.shape[2]}, or "
                f"build the model with {build}.",
                argument,
            )
        field.check_size((None, *shape), argument)
    if gan.batch_signature.of(Vector) is not None and x.element_spec[1].dtype.is_integer:
        raise UsageError(
            f"{argument} must hold batches (images, conditions) for this {type(gan).__name__}; "
            "received labels. Pass a tuple of arrays, or build the model with classes in place of "
            "condition_dim.",
            argument,
        )
    label = gan.batch_signature.of(Label)
    if label is None:
        return
    if label.classes and x.label_names:
        _check_classes(gan, len(x.label_names), argument)
    assert x.labels is not None  # it gives them in its batches
    label.check_batch(x.labels, x.num_images)


def _check_classes(gan: Trainer, count: int, argument: str, otherwise: str = "") -> None:
    label = gan.batch_signature.of(Label)
    assert label is not None
    if count != label.classes:
        raise UsageError(
            f"{argument} has {count} classes, but {type(gan).__name__} was built with "
            f"classes={label.classes}; build it with classes={count}{otherwise}.",
            argument,
        )


def _guarded(signature: Signature, x: tf.data.Dataset) -> tf.data.Dataset:
    """Every batch checked as the first one was, for a later one would be trained on in silence."""

    def checked(field: Field, values):
        expected, low, high, fix = field.bounds()
        kept = values if values.dtype.is_floating else tf.cast(values, field.dtype)
        # NaN and infinity come through the sum alone.
        spoilt = 0 * tf.reduce_sum(kept)
        least, most = tf.reduce_min(kept) + spoilt, tf.reduce_max(kept) + spoilt
        said = f"{field.argument} must be {expected} in every batch; received values from"
        with tf.control_dependencies(
            [tf.debugging.Assert((least >= low) & (most <= high), [said, least, "to", most, fix])]
        ):
            return tf.identity(kept)

    fields = list(signature.values())
    if len(fields) == 1:
        return x.map(lambda values: checked(fields[0], values))
    return x.map(lambda *parts: tuple(map(checked, fields, parts)))


@contextlib.contextmanager
def reraise_guard():
    """What `_guarded` finds in a later batch as a UsageError, without TensorFlow's graph around."""
    try:
        yield
    except tf.errors.InvalidArgumentError as error:
        words = r"\[(\w+ must be .*?)\] \[(\S+)\] \[to\] \[(\S+)\] \[(.*?)\]"
        found = re.search(words, str(error))
        if found is None:
            raise
        raise UsageError("{} {} to {}. {}".format(*found.groups())) from None


def _from_arrays(gan: Trainer, x: Any, batch_size: int, argument: str) -> tf.data.Dataset:
    """Arrays as batches in an order that the model's seed defines."""
    if isinstance(x, tuple) and len(x) < 2:
        raise UsageError(
            f"{argument} must be an array, or a tuple (images, labels); received a tuple of "
            f"{len(x)}. Pass the array alone, or its labels, too.",
            argument,
        )
    parts = list(x) if isinstance(x, tuple) else [x]
    fields = list(gan.batch_signature.values())
    fields[0].check(parts[0], len(parts[0]) if np.ndim(parts[0]) else 0, argument)
    # What a data set can hold: images, and labels beside them.
    if len(parts) == 1 or all(isinstance(field, Label) for field in fields[1:]):
        return load(x, batch_size=batch_size, seed=gan.seed, labels=isinstance(x, tuple))
    if len(parts) == len(fields) and all(isinstance(field, Image) for field in fields):
        return pairs(*parts, batch_size=batch_size, seed=gan.seed)
    if len(parts) != len(fields):
        raise UsageError(
            f"{argument} must be a tuple ({', '.join(field.argument for field in fields)}) for "
            f"this {type(gan).__name__}; received {len(parts)} arrays.",
            argument,
        )
    n = len(parts[0])
    checked = [
        parts[0],
        *(f.check_batch(part, n) for f, part in zip(fields[1:], parts[1:], strict=True)),
    ]
    batch_size = check_integer("batch_size", batch_size, 1, n)
    dataset = tf.data.Dataset.from_tensor_slices(tuple(checked))
    dataset = dataset.shuffle(n, seed=gan.seed)
    return dataset.batch(batch_size, drop_remainder=True)


def _steady(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """Without tf.data's autotuner, whose thread was seen to hold up the end of `fit`."""
    if dataset.options().autotune.enabled is None:
        options = tf.data.Options()
        options.autotune.enabled = False
        dataset = dataset.with_options(options)
    return dataset
