"""Images that a network without last activation makes, kept in their range."""

from __future__ import annotations

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kgan")
class ClipImages(keras.layers.Layer):
    """Clips images to [-1, 1] in inference; in training they pass unchanged.

    In training a clipped pixel would have no gradient.

    Example:
        >>> layer = kgan.layers.ClipImages()
        >>> np.asarray(layer(np.float32([-1.5, 0.25, 2.0]), training=False))
        array([-1.  ,  0.25,  1.  ], dtype=float32)
    """

    def call(self, inputs, training=None):
        """The images."""
        return inputs if training else ops.clip(inputs, -1.0, 1.0)

    def compute_output_shape(self, input_shape):
        return input_shape
