"""Padding of images by their reflection."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kgan.checks import check_integer


@keras.saving.register_keras_serializable(package="kgan")
class ReflectionPadding2D(keras.layers.Layer):
    """Pads each side of images by `padding` pixels, the reflection of those next to the edge.

    Takes `(batch, height, width, channels)`, height and width more than `padding`; they may be
    unknown in the graph. A convolution without padding of its own then sees no black frame.

    Example:
        >>> images = keras.Input((100, 70, 3))
        >>> kgan.layers.ReflectionPadding2D(3)(images).shape
        (None, 106, 76, 3)

    Raises:
        UsageError: a padding below 0.
    """

    def __init__(self, padding: int = 1, **keras_arguments: Any):
        super().__init__(**keras_arguments)
        self.padding = check_integer("padding", padding, 0)

    def call(self, inputs):
        """The images `(batch, height + 2 * padding, width + 2 * padding, channels)`."""
        side = (self.padding, self.padding)
        return ops.pad(inputs, ((0, 0), side, side, (0, 0)), mode="reflect")

    def compute_output_shape(self, input_shape):
        batch, *sizes, channels = input_shape
        return (batch, *(size and size + 2 * self.padding for size in sizes), channels)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"padding": self.padding}
