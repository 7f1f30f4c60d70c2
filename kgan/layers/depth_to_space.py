"""Channels rearranged as pixels."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kgan.checks import check_integer


@keras.saving.register_keras_serializable(package="kgan")
class DepthToSpace(keras.layers.Layer):
    """Images `scale` times as high and wide, whose pixels are the channels of the inputs.

    Takes `(batch, height, width, scale² · channels)` and gives `(batch, scale · height, scale ·
    width, channels)`; height and width may be unknown in the graph. Pixel (i, j) of each square
    has the channels from `(scale · i + j) · channels` on.

    Example:
        >>> layer = kgan.layers.DepthToSpace(scale=2)
        >>> np.asarray(layer(np.float32([[[[0, 1, 2, 3]]]])))[0, ..., 0]
        array([[0., 1.],
               [2., 3.]], dtype=float32)

    Raises:
        UsageError: `scale` is below 1.

    Shi et al., "Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel
    Convolutional Neural Network", 2016, arXiv:1609.05158, equation 4.
    """

    def __init__(self, scale: int, **keras_arguments: Any):
        super().__init__(**keras_arguments)
        self.scale = check_integer("scale", scale, 1)

    def call(self, inputs):
        """The images `(batch, scale · height, scale · width, channels)`."""
        scale = self.scale
        if keras.backend.backend() == "tensorflow":
            import tensorflow as tf

            return inputs if scale == 1 else tf.nn.depth_to_space(inputs, scale)
        height, width, channels = ops.shape(inputs)[1:]
        squares = ops.reshape(inputs, (-1, height, width, scale, scale, channels // scale**2))
        rows = ops.transpose(squares, (0, 1, 3, 2, 4, 5))
        return ops.reshape(rows, (-1, height * scale, width * scale, channels // scale**2))

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        sides = (side and self.scale * side for side in (height, width))
        return (batch, *sides, channels // self.scale**2)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"scale": self.scale}
