"""Batches that Python makes, as a `tf.data.Dataset`: those of a generator or a `PyDataset`."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from kgan.errors import UsageError
from kgan.models.batch_checks import num_parts

if TYPE_CHECKING:
    from kgan.models.compiled_model import CompiledModel


def from_py_dataset(gan: CompiledModel, x: Any, shuffle: bool, argument: str) -> tf.data.Dataset:
    """The batches of Keras's `PyDataset`, in another order in each pass where `shuffle` is set."""
    count, seed, passes = x.num_batches, gan.seed, itertools.count()
    if count == 0:
        raise UsageError(f"{argument} must hold batches; received an empty PyDataset.", argument)

    def batches() -> Iterator[Any]:
        number = next(passes)
        order: Any = itertools.count() if count is None else np.arange(count)
        if shuffle and count is not None:
            np.random.default_rng((seed, number)).shuffle(order)
        x.on_epoch_begin()
        for position, index in enumerate(order):
            batch = _tensors(x[int(index)])
            # Before the last one is given away: nobody asks for another one after it.
            if count is not None and position == count - 1:
                x.on_epoch_end()
            yield batch

    return _generated(gan, batches, _tensors(x[0]), argument, count)


def from_generator(gan: CompiledModel, x: Iterator[Any], argument: str) -> tf.data.Dataset:
    """The batches that an iterator yields, once; the first is read to learn their shapes."""
    first = next(x, None)
    if first is None:
        raise UsageError(
            f"{argument} must yield batches; received a {type(x).__name__} that is at its end.",
            argument,
        )
    rest = itertools.chain([_tensors(first)], map(_tensors, x))
    return _generated(gan, lambda: rest, _tensors(first), argument)


def _generated(
    gan: CompiledModel,
    batches: Callable[[], Iterator[Any]],
    first: Any,
    argument: str,
    count: int | None = None,
) -> tf.data.Dataset:
    """A data set of batches like the first one, of any size where that need not be fixed."""
    guard = gan._guard
    fixed = num_parts(gan, gan.discriminator_steps) > 1
    spec = tf.nest.map_structure(
        lambda array: tf.TensorSpec(
            (len(array) if fixed else None, *array.shape[1:]) if array.ndim else (), array.dtype
        ),
        first,
    )

    def guarded() -> Iterator[Any]:
        made = iter(batches())
        # Its end is no error.
        while (batch := guard.run(lambda: next(made, None))) is not None:
            guard.run(functools.partial(_check_like, batch, first, fixed, argument))
            yield batch

    dataset = tf.data.Dataset.from_generator(guarded, output_signature=spec)
    if count is not None:
        dataset = dataset.apply(tf.data.experimental.assert_cardinality(count))
    # Checks look at this one: a pass for them would use up batches.
    dataset.first_batch = tf.data.Dataset.from_tensors(first)
    return dataset


def _check_like(batch: Any, first: Any, fixed: bool, argument: str) -> None:
    """Check that a batch has the parts, shapes and types of the first one.

    Raises:
        UsageError: it has not.
    """
    found, expected = (
        [(part.shape[0 if fixed else 1 :], part.dtype.name) for part in tf.nest.flatten(each)]
        for each in (batch, first)
    )
    if found != expected:
        shapes = [
            ", ".join(f"{part.dtype} {part.shape}" for part in tf.nest.flatten(each))
            for each in (first, batch)
        ]
        raise UsageError(
            f"{argument} must yield batches of one kind; the first is {shapes[0]}, a later one "
            f"{shapes[1]}." + " Leave out the last, smaller one." * fixed,
            argument,
        )


def _tensors(batch: Any) -> Any:
    """A batch of arrays: one, or a tuple of them."""
    if isinstance(batch, (tuple, list)):
        return tuple(np.asarray(part) for part in batch)
    return np.asarray(batch)
