"""What users give `fit` and `evaluate`, as a `tf.data.Dataset`: arrays, data sets, generators."""

from __future__ import annotations

import dataclasses
import math
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from kgan.checks import check_integer
from kgan.data import load, pairs, unpaired
from kgan.errors import UsageError
from kgan.models.batch_checks import check_batches, check_number_of_parts, check_parts, num_parts
from kgan.models.generated_data import from_generator, from_py_dataset
from kgan.signature import in_turn

if TYPE_CHECKING:
    from kgan.models.compiled_model import CompiledModel

_BATCH_SIZE = 64  # of arrays


@dataclasses.dataclass(frozen=True)
class GivenData:
    """The arguments that say what the batches are; errors call the first one `argument`.

    `parts` are arrays, one for each field, or empty where `x` makes batches by itself. An iterator
    is read from where it stands.
    """

    x: Any
    batch_size: int | None = None
    shuffle: bool = True
    argument: str = "x"
    parts: tuple[Any, ...] = ()
    # Whether a last, smaller batch of arrays is kept, as in an evaluation.
    keep_rest: bool = False

    @property
    def kind(self) -> str:
        """The class of what was given, for errors."""
        return type(self.x).__name__

    @property
    def count(self) -> int:
        """The number of examples in the arrays: the fewest, where the numbers differ."""
        return min(len(part) if np.ndim(part) else 0 for part in self.parts)

    def batches(self, gan: CompiledModel) -> tf.data.Dataset:
        """The batches, checked: arrays as a whole, others batch by batch.

        Raises:
            UsageError: no batches can be made of it, or the networks cannot take them.
        """
        if self.parts:
            return _from_arrays(gan, self)
        return check_batches(gan, self.dataset(gan), self.argument)

    def dataset(self, gan: CompiledModel) -> tf.data.Dataset:
        """The batches of what makes them by itself, not checked yet.

        Raises:
            UsageError: it makes none.
        """
        if isinstance(self.x, keras.utils.PyDataset):
            return from_py_dataset(gan, self.x, self.shuffle, self.argument)
        if isinstance(self.x, Iterator):
            return from_generator(gan, self.x, self.argument)
        if isinstance(self.x, tf.data.Dataset):
            return self.x
        raise UsageError(
            f"{self.argument} must be kgan.data.load(...), a tf.data.Dataset, a generator of "
            f"batches, or an array of images; received {self.kind}.",
            self.argument,
        )


def given(
    x: Any,
    y: Any = None,
    batch_size: int | None = None,
    shuffle: bool = True,
    argument: str = "x",
) -> GivenData:
    """The data of an argument, with labels or targets `y` beside it if they are passed separately.

    Raises:
        UsageError: `y`, a batch size or an order for what has its own.
    """
    if isinstance(x, tuple) and len(x) < 2 and y is None:
        raise UsageError(
            f"{argument} must be an array, or a tuple (images, labels); received a tuple of "
            f"{len(x)}. Pass the array alone, or its labels, too.",
            argument,
        )
    parts: tuple[Any, ...] = ()
    if isinstance(x, tuple) or _is_array(x):
        parts = (*(x if isinstance(x, tuple) else (x,)), *(() if y is None else (y,)))
        parts = tuple(np.asarray(part) if keras.ops.is_tensor(part) else part for part in parts)
    elif y is not None:
        raise UsageError(
            f"y must be None, since {argument} is a {type(x).__name__}: its batches hold both. "
            "Give arrays x and y, or batches (images, labels).",
            "y",
        )
    elif batch_size is not None:
        raise UsageError(
            "batch_size belongs to arrays; give it to kgan.data.load or dataset.batch instead "
            f"(received batch_size={batch_size!r} with {type(x).__name__}).",
            "batch_size",
        )
    elif not shuffle and not isinstance(x, keras.utils.PyDataset):
        raise UsageError(
            f"shuffle=False belongs to arrays; {argument}, a {type(x).__name__}, has its own "
            "order. Leave it out.",
            "shuffle",
        )
    return GivenData(x, batch_size, shuffle, argument, parts)


def split_off(data: GivenData, share: Any) -> tuple[GivenData, GivenData]:
    """The examples to train on, and the last `share` of them, as Keras's `validation_split`.

    Raises:
        UsageError: no share between 0 and 1, what is no arrays, or too few examples.
    """
    if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 < share < 1:
        raise UsageError(
            f"validation_split must be a number between 0 and 1; received {share!r}.",
            "validation_split",
        )
    if not data.parts:
        raise UsageError(
            f"validation_split belongs to arrays; received it with a {data.kind}. Pass the "
            "held-out examples as validation_data.",
            "validation_split",
        )
    first, last = [], []
    for part in data.parts:
        count = len(part) if np.ndim(part) else 0
        at = math.floor(count * (1 - share))
        if not 0 < at < count:
            raise UsageError(
                f"validation_split={share} of {count} examples leaves {at} to train on and "
                f"{count - at} to validate on. Pass more examples, or another share.",
                "validation_split",
            )
        first.append(part[:at])
        last.append(part[at:])
    held_out = dataclasses.replace(data, parts=tuple(last), argument="validation_data")
    return dataclasses.replace(data, parts=tuple(first)), held_out


def _is_array(x: Any) -> bool:
    return isinstance(x, np.ndarray) or (keras.ops.is_tensor(x) and hasattr(x, "shape"))


def _from_arrays(gan: CompiledModel, data: GivenData) -> tf.data.Dataset:
    """Arrays as batches: for the training in an order that the model's seed defines.

    Raises:
        UsageError: the networks cannot take them.
    """
    parts, argument = data.parts, data.argument
    fields = list(gan.batch_signature.values())
    if len(parts) == 1 or len(fields) == 1:
        specs = tuple(tf.TensorSpec(None) for _ in parts)
        check_number_of_parts(gan, specs if len(parts) > 1 else specs[0], argument)
    if len(parts) != len(fields):
        raise UsageError(
            f"{argument} must be a tuple ({', '.join(field.argument for field in fields)}) for "
            f"this {type(gan).__name__}; received {len(parts)} arrays.",
            argument,
        )
    checked = check_parts(gan.batch_signature, parts, argument, gan.paired)
    size = _batch_size(gan, data)
    images, label = gan.batch_signature.images, gan.batch_signature.label
    if data.shuffle and len(fields) == len(images) + (label is not None):
        with warnings.catch_warnings():  # the check above has warned
            warnings.simplefilter("ignore")
            if len(images) > 1:
                join = pairs if gan.paired else unpaired
                return join(*checked, batch_size=size, seed=gan.seed)
            whole = tuple(checked) if len(checked) > 1 else checked[0]
            return load(whole, batch_size=size, seed=gan.seed, labels=len(parts) > 1)
    if not gan.paired:
        checked = [in_turn(part, max(map(len, checked))) for part in checked]
    dataset = tf.data.Dataset.from_tensor_slices(tuple(checked) if len(checked) > 1 else checked[0])
    if data.shuffle:
        dataset = dataset.shuffle(data.count, seed=gan.seed)
    # An evaluation sees every example, if its last batch may be smaller.
    keeps = data.keep_rest and num_parts(gan, 1) == 1
    return dataset.batch(size, drop_remainder=not keeps)


def _batch_size(gan: CompiledModel, data: GivenData) -> int:
    """The batch size of arrays; where it is left open, one that the model can divide.

    Raises:
        UsageError: more than there are examples.
    """
    n = data.count
    if data.batch_size is not None:
        size = check_integer("batch_size", data.batch_size, 1)
        if size > n:
            raise UsageError(
                f"batch_size={size} must not exceed the {n} examples of {data.argument}. Pass "
                f"batch_size={n} or less.",
                "batch_size",
            )
        return size
    parts = num_parts(gan, 1 if data.keep_rest else gan.discriminator_steps)
    return max(min(_BATCH_SIZE, n) // parts, 1) * parts
