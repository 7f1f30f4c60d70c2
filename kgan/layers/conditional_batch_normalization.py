"""Batch normalisation whose scale and shift depend on a condition."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kgan.layers.batch_normalization import BatchNormalization


@keras.saving.register_keras_serializable(package="kgan")
class ConditionalBatchNormalization(keras.layers.Layer):
    """Batch normalisation with a scale and a shift that depend on a vector.

    Takes `[images, vectors]`, images `(batch, height, width, channels)` and vectors `(batch, n)`,
    and gives images. With one-hot vectors each class has its own scale and shift for each channel;
    otherwise a linear map gives them. They start at 1 and 0 whatever the vector.

    Example:
        >>> features, labels = keras.Input((14, 14, 64)), keras.Input((), dtype="int32")
        >>> vectors = kgan.layers.OneHot(classes=10)(labels)
        >>> kgan.layers.ConditionalBatchNormalization()([features, vectors]).shape
        (None, 14, 14, 64)

    Dumoulin et al., "A Learned Representation For Artistic Style", 2017, arXiv:1610.07629,
    section 2.2; de Vries et al., "Modulating early visual processing by language", 2017,
    arXiv:1707.00683.
    """

    def __init__(
        self,
        momentum: float = 0.9,
        epsilon: float = 1e-5,
        name: str | None = None,
        dtype: Any = None,
    ):
        super().__init__(name=name, dtype=dtype)
        self.momentum = momentum
        self.epsilon = epsilon
        self.normalization = BatchNormalization(
            momentum, epsilon, affine=False, dtype=self.dtype_policy
        )

    def build(self, input_shape):
        images, vectors = input_shape
        self.normalization.build(images)
        shape = (vectors[-1], images[-1])
        self.scale = self.add_weight(name="scale", shape=shape, initializer="zeros")
        self.shift = self.add_weight(name="shift", shape=shape, initializer="zeros")

    def call(self, inputs, training=None):
        images, vectors = inputs
        scale, shift = (
            ops.expand_dims(ops.matmul(vectors, ops.cast(weight, vectors.dtype)), (1, 2))
            for weight in (self.scale, self.shift)
        )
        return self.normalization(images, training=training) * (1.0 + scale) + shift

    def compute_output_shape(self, input_shape):
        return input_shape[0]

    def get_config(self) -> dict[str, Any]:
        return {
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "name": self.name,
            "dtype": self.dtype_policy.name,
        }
