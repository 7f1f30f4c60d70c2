"""The activation of gated convolutions."""

from __future__ import annotations

import keras
from keras import ops

from kgan.errors import UsageError


@keras.saving.register_keras_serializable(package="kgan")
class GatedActivation(keras.layers.Layer):
    """elu(features) · sigmoid(gates): the gates say how much each feature counts at each place.

    The features are the first half of the input's channels, the gates the second, so that one
    convolution makes both.

    Example:
        >>> features_and_gates = np.float32([2.0, 0.0]).reshape(1, 1, 1, 2)
        >>> np.asarray(kgan.layers.GatedActivation()(features_and_gates)).ravel().tolist()
        [1.0]

    Raises:
        UsageError: an odd number of channels.

    Yu et al., "Free-Form Image Inpainting with Gated Convolution", 2019, arXiv:1806.03589,
    equation 2.
    """

    def build(self, input_shape):
        if input_shape[-1] % 2:
            raise UsageError(
                "inputs must have an even number of channels, features and as many gates; received "
                f"{input_shape[-1]}.",
                "inputs",
            )

    def call(self, inputs):
        """The features `(…, channels / 2)`."""
        half = inputs.shape[-1] // 2
        return ops.elu(inputs[..., :half]) * ops.sigmoid(inputs[..., half:])

    def compute_output_shape(self, input_shape):
        *sizes, channels = input_shape
        return (*sizes, channels // 2)
