"""A convolution in groups of channels that every runtime can compute."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kgan.checks import check_integer
from kgan.errors import UsageError
from kgan.ops.grouped_convolution import grouped_convolution


@keras.saving.register_keras_serializable(package="kgan")
class GroupedConv2D(keras.layers.Layer):
    """A convolution in which each group of channels sees only its own channels.

    Takes `(batch, height, width, channels)` and gives the same shape. Kernel
    `(size, size, channels / groups, channels)` and numbers are those of
    `keras.layers.Conv2D(channels, kernel_size, groups=groups, padding="same", use_bias=False)`.
    This layer can be exported and trains on a CPU without XLA.

    Example:
        >>> features = keras.Input((14, 14, 64))
        >>> kgan.layers.GroupedConv2D(kernel_size=3, groups=4)(features).shape
        (None, 14, 14, 64)

    Raises:
        UsageError: the channels do not divide into the groups.

    Xie et al., "Aggregated Residual Transformations for Deep Neural Networks", 2017,
    arXiv:1611.05431, section 3.3.
    """

    def __init__(
        self,
        kernel_size: int,
        groups: int,
        kernel_initializer: str | keras.initializers.Initializer = "glorot_uniform",
        name: str | None = None,
        dtype: Any = None,
    ):
        super().__init__(name=name, dtype=dtype)
        self.kernel_size = check_integer("kernel_size", kernel_size, 1)
        self.groups = check_integer("groups", groups, 1)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape):
        channels = input_shape[-1]
        if channels % self.groups:
            raise UsageError(f"groups={self.groups} must divide the {channels} channels.", "groups")
        size, inside = self.kernel_size, channels // self.groups
        self.kernel = self.add_weight(
            name="kernel",
            shape=(size, size, inside, channels),
            initializer=self.kernel_initializer,
        )

    def call(self, images, training=None):
        kernel = ops.cast(self.kernel, images.dtype)
        return grouped_convolution(images, kernel, bool(training))

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {
            "kernel_size": self.kernel_size,
            "groups": self.groups,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "name": self.name,
            "dtype": self.dtype_policy.name,
        }
