"""Instance normalisation: each channel of each image by its own mean and variance."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kgan")
class InstanceNormalization(keras.layers.Layer):
    """(x - mean) / √(variance + epsilon) · gamma + beta over height and width of each image.

    Takes `(batch, height, width, channels)` of any size and gives the same shape; training and
    inference compute the same. The statistics are in float32 whatever the precision policy.

    Example:
        >>> features = keras.Input((None, None, 64))
        >>> kgan.layers.InstanceNormalization()(features).shape
        (None, None, None, 64)

    Ulyanov, Vedaldi & Lempitsky, "Instance Normalization: The Missing Ingredient for Fast
    Stylization", 2016, arXiv:1607.08022, equation 4.
    """

    def __init__(
        self,
        epsilon: float = 1e-5,
        gamma_initializer: str | keras.initializers.Initializer = "ones",
        **keras_arguments: Any,
    ):
        super().__init__(**keras_arguments)
        self.epsilon = epsilon
        self.gamma_initializer = keras.initializers.get(gamma_initializer)

    def build(self, input_shape):
        channels = (input_shape[-1],)
        self.gamma = self.add_weight(
            shape=channels, initializer=self.gamma_initializer, name="gamma"
        )
        self.beta = self.add_weight(shape=channels, initializer="zeros", name="beta")

    def call(self, inputs):
        """The normalised images."""
        x = ops.cast(inputs, "float32")
        centred = x - ops.mean(x, axis=(1, 2), keepdims=True)
        variance = ops.mean(ops.square(centred), axis=(1, 2), keepdims=True)
        gamma, beta = ops.cast(self.gamma, "float32"), ops.cast(self.beta, "float32")
        scale = gamma * ops.rsqrt(variance + self.epsilon)
        return ops.cast(centred * scale + beta, self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self) -> dict[str, Any]:
        initializer = keras.initializers.serialize(self.gamma_initializer)
        return super().get_config() | {"epsilon": self.epsilon, "gamma_initializer": initializer}
