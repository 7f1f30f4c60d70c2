"""Bilinear upsampling of images of any size."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kgan.checks import check_integer


@keras.saving.register_keras_serializable(package="kgan")
class BilinearUpsampling(keras.layers.Layer):
    """Images `scale` times as high and wide, by bilinear interpolation between pixel centres.

    Takes `(batch, height, width, channels)`; height and width may be unknown in the graph, where
    Keras's UpSampling2D fails. It computes in float32, since half precision would round pixels.

    Example:
        >>> images = keras.Input((None, None, 3))
        >>> kgan.layers.BilinearUpsampling(scale=4)(images).shape
        (None, None, None, 3)

    Raises:
        UsageError: `scale` is below 1.
    """

    def __init__(self, scale: int, name: str | None = None, dtype: Any = "float32"):
        super().__init__(name=name, dtype=dtype)
        self.scale = check_integer("scale", scale, 1)

    def call(self, inputs):
        """The images `(batch, scale · height, scale · width, channels)`."""
        if keras.backend.backend() == "tensorflow":
            import tensorflow as tf

            return tf.image.resize(inputs, self.scale * tf.shape(inputs)[1:3])
        size = tuple(self.scale * side for side in ops.shape(inputs)[1:3])
        return ops.image.resize(inputs, size, "bilinear", data_format="channels_last")

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        return (batch, *(side and self.scale * side for side in (height, width)), channels)

    def get_config(self) -> dict[str, Any]:
        return {"scale": self.scale, "name": self.name, "dtype": self.dtype_policy.name}
