"""Images of any size through networks that need a multiple of some size."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kgan")
class ReflectToMultiple(keras.layers.Layer):
    """Pads images to a height and width that are multiples of `multiple` pixels.

    Takes `(batch, height, width, channels)`; height and width may be unknown in the graph. The
    lower and the right edge are reflected, so an image must be at least `multiple` high and wide.

    Example:
        >>> images = keras.Input((100, 70, 3))
        >>> kgan.layers.ReflectToMultiple(32)(images).shape
        (None, 128, 96, 3)
    """

    def __init__(self, multiple: int, **keras_arguments: Any):
        super().__init__(**keras_arguments)
        self.multiple = multiple

    def call(self, inputs):
        """The images `(batch, ⌈height⌉, ⌈width⌉, channels)`."""
        for axis in (1, 2):
            if inputs.shape[axis] is None or inputs.shape[axis] % self.multiple:
                last = ops.shape(inputs)[axis] - 1
                indices = ops.arange((last // self.multiple + 1) * self.multiple)
                inputs = ops.take(inputs, last - ops.abs(last - indices), axis=axis)
        return inputs

    def compute_output_shape(self, input_shape):
        batch, *sizes, channels = input_shape
        sizes = [size and size + -size % self.multiple for size in sizes]
        return (batch, *sizes, channels)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"multiple": self.multiple}


@keras.saving.register_keras_serializable(package="kgan")
class CropLike(keras.layers.Layer):
    """Crops images to the height and width of others; call it on `[images, others]`.

    The upper left part stays.

    Example:
        >>> images, padded = keras.Input((100, 70, 3)), keras.Input((128, 96, 3))
        >>> kgan.layers.CropLike()([padded, images]).shape
        (None, 100, 70, 3)
    """

    def call(self, inputs):
        """The images `(batch, height, width, channels)`, height and width those of the others."""
        images, others = inputs
        if None not in others.shape[1:3] and images.shape[1:3] == others.shape[1:3]:
            return images
        height, width = ops.shape(others)[1:3]
        return images[:, :height, :width]

    def compute_output_shape(self, input_shape):
        (batch, *_, channels), others = input_shape
        return (batch, *others[1:3], channels)
