"""Whether batches are what a model's networks can take, checked before the first step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from kgan.data import ImageDataset
from kgan.errors import UsageError
from kgan.signature import Field, Signature
from kgan.validate import fits

if TYPE_CHECKING:
    from kgan.models.compiled_model import CompiledModel


def num_parts(gan: CompiledModel, updates: int) -> int:
    """Into how many parts a batch divides: whole packs, of every replica, for each update."""
    return updates * gan.distribute_strategy.num_replicas_in_sync * gan.pack


def check_size(gan: CompiledModel, dataset: tf.data.Dataset, steps: int) -> None:
    """Check that every update of the discriminator, on every replica, gets as many whole packs.

    Raises:
        UsageError: the batch does not divide.
    """
    spec = _parts(dataset)[0]
    batch = spec.shape[0] if spec.shape.rank else None
    parts = num_parts(gan, steps)
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


def check_batches(gan: CompiledModel, x: tf.data.Dataset, argument: str) -> tf.data.Dataset:
    """The batches, the first one checked now and the others when they come.

    Raises:
        UsageError: the networks cannot take them; errors call the first part `argument`.
    """
    check_number_of_parts(gan, x.element_spec, argument)
    if isinstance(x, ImageDataset):
        _check_loaded(gan, x, argument)
        return x
    if x.cardinality() == 0:
        raise UsageError(
            f"{argument} must hold batches; received an empty tf.data.Dataset.", argument
        )
    _check_batched(gan.batch_signature, x, argument)
    first = getattr(x, "first_batch", None)
    for batch in x.take(1) if first is None else first:
        parts = batch if isinstance(batch, tuple) else (batch,)
        check_parts(gan.batch_signature, [part.numpy() for part in parts], argument)
    guarded = _guarded(gan, x, argument)
    guarded.first_batch = first
    return guarded


def check_parts(
    signature: Signature, parts: Any, argument: str, paired: bool = True
) -> list[np.ndarray]:
    """The arrays of a batch, checked, in the order of the signature.

    Raises:
        UsageError: a field refuses its array, or one of another length than the first where they
            are `paired`; errors call the first one `argument`.
    """
    first = parts[0]
    checked: list[np.ndarray] = []
    for field, values in zip(signature.values(), parts, strict=True):
        counted = first if paired else values
        n = len(counted) if np.ndim(counted) else 0
        if not checked:
            checked.append(field.check(values, n, argument))
        else:
            checked.append(field.check_batch(values, n, _of(argument, field)))
            field.check_beside(checked[-1].shape, checked[0].shape, _of(argument, field))
    return checked


def _of(argument: str, field: Field) -> str:
    """What errors call a part of the data: `labels` of x, `validation_data's labels` of others."""
    return field.argument if argument == "x" else f"{argument}'s {field.argument}"


def _check_batched(signature: Signature, x: tf.data.Dataset, argument: str) -> None:
    """Tell a data set of single examples from batches that lack the axis of the channels."""
    field, spec = next(iter(signature.values())), _parts(x)[0]
    shape = tuple(spec.shape) if spec.shape.rank is not None else ()
    first = getattr(x, "first_batch", None)
    if first is not None:  # of which more is known
        shape = tuple(_parts(first)[0].shape)
    if len(shape) == len(field.shape) and fits(shape, field.shape):
        raise UsageError(
            f"{argument} must hold batches; it holds single {field.argument} of shape "
            f"{shape}. Use dataset.batch(64, drop_remainder=True).",
            argument,
        )


def _parts(dataset: tf.data.Dataset) -> tuple:
    spec = dataset.element_spec
    return spec if isinstance(spec, tuple) else (spec,)


def check_number_of_parts(gan: CompiledModel, spec: Any, argument: str) -> None:
    """Check that a batch has a part for each field; `spec` is that of the data set's elements.

    Raises:
        UsageError: it has more, or fewer.
    """
    expected, name = list(gan.batch_signature.values()), type(gan).__name__
    received = 1 if isinstance(spec, tf.TensorSpec) else len(spec)
    if received == len(expected) and isinstance(spec, (tf.TensorSpec, tuple)):
        return
    if len(expected) == 1:
        only = expected[0].name
        known, fix = "", f"Use dataset.map(lambda {only}, *others: {only})."
        if gan.batch_signature.images:
            known = ", which knows no classes"
            fix = "Load without labels=True, or dataset.map(lambda image, label: image)."
        raise UsageError(
            f"{argument} must hold {expected[0].argument} alone for {name}{known}; received "
            f"batches of {received} parts, a {type(spec).__name__}. {fix}",
            argument,
        )
    labelled = gan.batch_signature.label is not None
    fix = " Load with labels=True, or pass a tuple of arrays." if labelled else ""
    fix += "".join(f" {field.hint}" for field in expected if field.hint)
    raise UsageError(
        f"{argument} must hold batches ({', '.join(field.argument for field in expected)}) for "
        f"{name}; received {'images alone' if received == 1 else f'{received} parts'}, a "
        f"{type(spec).__name__}.{fix}",
        argument,
    )


def _check_loaded(gan: CompiledModel, x: ImageDataset, argument: str) -> None:
    images = gan.batch_signature.images
    if len(images) != len(x.image_shapes) or (gan.paired and not x.paired):
        names = ", ".join(field.argument for field in gan.batch_signature.values())
        function = "load" if len(images) == 1 else "pairs" if gan.paired else "unpaired"
        received = f"{len(x.image_shapes)} images for each example"
        if len(images) == len(x.image_shapes):
            names, received = f"{names} that belong together", "images that do not"
        raise UsageError(
            f"{argument} must hold batches ({names}) for {type(gan).__name__}; received "
            f"{received}. Use kgan.data.{function}.",
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
        field.check_beside((None, *shape), (None, *x.image_shape), _of(argument, field))
    fields = list(gan.batch_signature.values())
    others = fields[len(images) :]
    for other, spec in zip(others, _parts(x)[len(images) :], strict=True):
        if spec.dtype.is_integer and not tf.as_dtype(other.dtype).is_integer:
            raise UsageError(
                f"{argument} must hold batches (images, {other.argument}) for this "
                f"{type(gan).__name__}; received labels. Pass a tuple of arrays, or build the "
                f"model with classes in place of {other.name}_dim.",
                argument,
            )
        if not fits(tuple(spec.shape[1:]), other.shape):
            raise UsageError(
                f"{argument} must hold batches ({', '.join(field.argument for field in fields)}) "
                f"for {type(gan).__name__}; received {other.argument} of the shape "
                f"{tuple(spec.shape)}.{other.hint and f' {other.hint}'}",
                argument,
            )
    label = gan.batch_signature.classes
    if label is None:
        return
    if label.classes and x.label_names:
        check_classes(gan, len(x.label_names), argument)
    if label.names and x.label_names and list(label.names) != list(x.label_names):
        raise UsageError(
            f"{argument} has the classes {', '.join(x.label_names)}, but this "
            f"{type(gan).__name__} knows {', '.join(label.names)}, in this order. Train a new "
            "model, or give the data these classes.",
            argument,
        )
    if x.labels is not None:  # those of pixels come with the images
        label.check_batch(x.labels, x.num_images)


def check_classes(gan: CompiledModel, count: int, argument: str, otherwise: str = "") -> None:
    """Check the number of classes of the data.

    Raises:
        UsageError: the model was built with another.
    """
    label = gan.batch_signature.classes
    assert label is not None
    if count != label.classes:
        raise UsageError(
            f"{argument} has {count} classes, but {type(gan).__name__} was built with "
            f"classes={label.classes}; build it with classes={count}{otherwise}.",
            argument,
        )


def _guarded(gan: CompiledModel, x: tf.data.Dataset, argument: str) -> tf.data.Dataset:
    """Every batch checked as the first one was: a later one would be trained on in silence."""
    guard, fields = gan._guard, list(gan.batch_signature.values())

    def checked(field: Field, values):
        expected, low, high, fix = field.bounds()
        kept = values if values.dtype.is_floating else tf.cast(values, field.dtype)
        # NaN and infinity come through the sum alone.
        spoilt = 0 * tf.reduce_sum(kept)
        least, most = tf.reduce_min(kept) + spoilt, tf.reduce_max(kept) + spoilt

        def refused(least, most):
            guard.fail(
                UsageError(
                    f"{_of(argument, field)} must be {expected} in every batch; received values "
                    f"from {least:g} to {most:g}. {fix}",
                    field.argument,
                )
            )

        def refuse():
            tf.numpy_function(refused, [least, most], [])
            return tf.identity(kept)

        return tf.cond((least >= low) & (most <= high), lambda: tf.identity(kept), refuse)

    if len(fields) == 1:
        return x.map(lambda values: checked(fields[0], values))
    return x.map(lambda *parts: tuple(map(checked, fields, parts)))
