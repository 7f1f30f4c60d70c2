"""The running means that a training step logs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import keras
import tensorflow as tf

_CAPACITY = 64


class Weighted(NamedTuple):
    """A value that counts `weight` times in its mean."""

    value: Any
    weight: Any


class StepLog(keras.metrics.Metric):
    """Running means of named scalars, in two variables whatever the names.

    A name gets its place when a step that logs it is traced, so that nobody declares names. The
    order is that of the code, the same in every run.
    """

    def __init__(self, name: str):
        super().__init__(name=name, dtype="float32")
        self.names: list[str] = []
        self.totals = self.add_variable((_CAPACITY,), "zeros", name="totals")
        self.weights = self.add_variable((_CAPACITY,), "zeros", name="weights")

    def update_state(self, values: Mapping[str, Any], weight: Any = 1.0) -> None:
        """Add scalars, each of them `weight` times, or `Weighted` ones, to their means."""
        if not values:
            return
        for name in values:
            if name not in self.names:
                self.names.append(name)
        if len(self.names) > _CAPACITY:
            raise ValueError(f"A step logs at most {_CAPACITY} values; received {self.names}.")
        indices = [[self.names.index(name)] for name in values]
        pairs = [
            value if isinstance(value, Weighted) else Weighted(value, weight)
            for value in values.values()
        ]
        weights = tf.stack([tf.cast(pair.weight, tf.float32) for pair in pairs])
        numbers = tf.stack([tf.cast(pair.value, tf.float32) for pair in pairs])
        # A value without weight may be NaN, and does not count.
        weighted = tf.where(weights > 0, weights * numbers, 0.0)
        self.totals.assign_add(tf.scatter_nd(indices, weighted, (_CAPACITY,)))
        # Without data for a step, TensorFlow would count it all the same.
        with tf.control_dependencies([weighted]):
            self.weights.assign_add(tf.scatter_nd(indices, weights, (_CAPACITY,)))

    def result(self) -> dict[str, Any]:
        """The means by name."""
        means = tf.math.divide_no_nan(self.totals.value, self.weights.value)
        return {name: means[index] for index, name in enumerate(self.names)}
