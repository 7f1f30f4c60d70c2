"""Nearest-neighbour upsampling whose channels stay known where height and width are free."""

from __future__ import annotations

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kgan")
class UpSampling2D(keras.layers.UpSampling2D):
    """Keras's layer for interpolation="nearest" and data_format="channels_last".

    The numbers are Keras's. In a graph of free height and width the number of channels is known
    after Keras's layer, but not to LiteRT's converter, which then refuses the next convolution.

    Example:
        >>> layer = kgan.layers.UpSampling2D(2)
        >>> np.asarray(layer(np.float32([[[[0], [1]]]])))[0, ..., 0]
        array([[0., 0., 1., 1.],
               [0., 0., 1., 1.]], dtype=float32)
    """

    def __init__(self, size=2, name: str | None = None, dtype=None):
        super().__init__(size, "channels_last", "nearest", name=name, dtype=dtype)

    def call(self, inputs):
        """The images `(batch, rows · height, columns · width, channels)`."""
        rows, columns = self.size
        batch, height, width, channels = ops.shape(inputs)
        x = ops.concatenate([inputs] * columns, axis=-1)
        x = ops.reshape(x, (batch, height, columns * width, channels))
        x = ops.concatenate([x] * rows, axis=2)
        return ops.reshape(x, (batch, rows * height, columns * width, channels))

    def get_config(self):
        config = super().get_config()
        return {key: config[key] for key in ("size", "name", "dtype")}
