"""A dilated convolution that exports as one."""

from __future__ import annotations

import keras


@keras.saving.register_keras_serializable(package="kgan")
class DilatedConv2D(keras.layers.Conv2D):
    """Keras's convolution with a dilation; exported files run it as one convolution.

    Keras moves the pixels into the batch and back, which a CPU needs for the gradients, and which
    makes exported files larger and slower. Here that happens in training alone. Arguments, weights
    and numbers are those of `keras.layers.Conv2D`, up to rounding; strides are 1, the padding is
    "same" and the data format "channels_last".

    Example:
        >>> features = keras.Input((None, None, 64))
        >>> kgan.layers.DilatedConv2D(64, 3, dilation_rate=8, padding="same")(features).shape
        (None, None, None, 64)
    """

    def call(self, inputs, training=None):
        """The features `(batch, height, width, filters)`."""
        whole = (self.strides, self.padding, self.data_format) == ((1, 1), "same", "channels_last")
        if training or not whole or keras.backend.backend() != "tensorflow":
            return super().call(inputs)
        import tensorflow as tf

        kernel = tf.convert_to_tensor(self.kernel)
        # Padded by hand: "SAME" of a size that is not known would not export.
        sizes = zip(self.dilation_rate, self.kernel_size, strict=True)
        reach = [rate * (size - 1) for rate, size in sizes]
        sides = [[each // 2, each - each // 2] for each in reach]
        padded = tf.pad(inputs, [[0, 0], *sides, [0, 0]])
        outputs = tf.nn.conv2d(padded, kernel, 1, "VALID", dilations=list(self.dilation_rate))
        if self.use_bias:
            outputs = tf.nn.bias_add(outputs, self.bias)
        return self.activation(outputs)
