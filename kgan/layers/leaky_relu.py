"""LeakyReLU that TensorFlow fuses into the convolution before it."""

from __future__ import annotations

import keras


@keras.saving.register_keras_serializable(package="kgan")
class LeakyReLU(keras.layers.LeakyReLU):
    """Keras's LeakyReLU, with a gradient that needs only the output's sign.

    TensorFlow's own gradient keeps the input as well, and behind `kgan.layers.Conv2D` its optimizer
    then fails to fuse the two and reports it ("remapper failed").

    Example:
        >>> layer = kgan.layers.LeakyReLU(negative_slope=0.2)
        >>> np.asarray(layer(np.array([-1.0, 0.0, 2.0])))
        array([-0.2,  0. ,  2. ], dtype=float32)

    Maas et al., "Rectifier Nonlinearities Improve Neural Network Acoustic Models", 2013.
    """

    def call(self, inputs, training=None):
        """The inputs, those below zero times `negative_slope`."""
        if not training or keras.backend.backend() != "tensorflow":
            return super().call(inputs)
        import tensorflow as tf

        @tf.custom_gradient
        def leaky_relu(inputs):
            outputs = tf.nn.leaky_relu(inputs, self.negative_slope)
            # Its sign is constant, but a second derivative would follow it back to the inputs.
            sign = tf.stop_gradient(outputs)

            def gradient(upstream):
                return tf.raw_ops.LeakyReluGrad(
                    gradients=upstream, features=sign, alpha=self.negative_slope
                )

            return outputs, gradient

        return leaky_relu(inputs)
