"""A transposed convolution that a CPU computes faster."""

from __future__ import annotations

import keras


@keras.saving.register_keras_serializable(package="kgan")
class Conv2DTranspose(keras.layers.Conv2DTranspose):
    """Keras's transposed convolution; with a 4x4 kernel and stride 2, faster in training on a CPU.

    Arguments, weights and numbers are those of `keras.layers.Conv2DTranspose`, up to rounding.

    Example:
        >>> features = keras.Input((14, 14, 64))
        >>> layer = kgan.layers.Conv2DTranspose(32, kernel_size=4, strides=2, padding="same")
        >>> layer(features).shape
        (None, 28, 28, 32)
    """

    def call(self, inputs, training=None):
        """The images `(batch, 2 * height, 2 * width, filters)` with stride 2."""
        if not training or keras.backend.backend() != "tensorflow":
            return super().call(inputs)
        import tensorflow as tf

        from kgan.ops import strided_convolution

        height, width = (size and strided_convolution.STRIDE * size for size in inputs.shape[1:3])
        if not strided_convolution.suits(self, height, width):
            return super().call(inputs)
        outputs = strided_convolution.spread(inputs, tf.convert_to_tensor(self.kernel))
        if self.use_bias:
            outputs = tf.nn.bias_add(outputs, self.bias)
        return self.activation(outputs)
