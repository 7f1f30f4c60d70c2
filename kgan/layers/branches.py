"""A layer's output for several branches, whose gradients are added in one order."""

from __future__ import annotations

from typing import Any

import keras

from kgan.checks import check_integer
from kgan.ops.branches import branches


@keras.saving.register_keras_serializable(package="kgan")
class Branches(keras.layers.Layer):
    """The inputs, `count` times as a list, for as many branches of a network.

    In training their gradients are added in one order, so that two runs give the same bits. Needed
    where a tensor would be used three times or more: see `kgan.ops.branches`.

    Example:
        >>> features = keras.Input((28, 28, 64))
        >>> trunk, skip = kgan.layers.Branches(2)(features)

    Raises:
        UsageError: `count` is below 1.
    """

    def __init__(self, count: int, **keras_arguments: Any):
        super().__init__(**keras_arguments)
        self.count = check_integer("count", count, 1)

    def call(self, inputs, training=None):
        """The inputs, `count` times."""
        return list(branches(inputs, self.count)) if training else [inputs] * self.count

    def compute_output_spec(self, inputs, training=None):
        dtype = self.compute_dtype
        return [keras.KerasTensor(inputs.shape, dtype=dtype) for _ in range(self.count)]

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"count": self.count}
