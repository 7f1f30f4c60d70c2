"""A convolution whose gradients a CPU computes faster."""

from __future__ import annotations

import keras


@keras.saving.register_keras_serializable(package="kgan")
class Conv2D(keras.layers.Conv2D):
    """Keras's convolution; with a 4x4 kernel and stride 2, faster in training on a CPU.

    Arguments, weights and numbers are those of `keras.layers.Conv2D`, up to rounding.

    Example:
        >>> images = keras.Input((28, 28, 1))
        >>> kgan.layers.Conv2D(64, kernel_size=4, strides=2, padding="same")(images).shape
        (None, 14, 14, 64)
    """

    def call(self, inputs, training=None):
        """The features `(batch, height, width, filters)`."""
        if not training or keras.backend.backend() != "tensorflow":
            return super().call(inputs)
        import tensorflow as tf

        from kgan.ops import strided_convolution

        if not strided_convolution.suits(self, *inputs.shape[1:3]):
            return super().call(inputs)
        outputs = strided_convolution.convolve(inputs, tf.convert_to_tensor(self.kernel))
        if self.use_bias:
            outputs = tf.nn.bias_add(outputs, self.bias)
        return self.activation(outputs)
