"""Images with holes, filled by what a network makes."""

from __future__ import annotations

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kgan")
class KeepKnown(keras.layers.Layer):
    """Images where a mask is 1, and others where it is 0; call it on `[images, masks, others]`.

    The known pixels are those of the images, bit for bit.

    Example:
        >>> images, others = np.float32([0.1, 0.1]), np.float32([0.7, 0.7])
        >>> kept = kgan.layers.KeepKnown()([images, np.float32([1, 0]), others])
        >>> np.asarray(kept).tolist() == np.float32([0.1, 0.7]).tolist()
        True
    """

    def call(self, inputs):
        """The images `(batch, height, width, channels)`; masks have one channel."""
        images, masks, others = inputs
        return ops.where(masks > 0.5, images, ops.cast(others, images.dtype))

    def compute_output_shape(self, input_shape):
        return input_shape[0]
