"""Colour images of luminance and chroma, the luminance kept."""

from __future__ import annotations

import keras
from keras import ops

from kgan.luminance import BLUE, GREEN, RED

_LEAST = 1e-12  # a smaller offset is no colour


@keras.saving.register_keras_serializable(package="kgan")
class ChromaToRGB(keras.layers.Layer):
    """RGB images of a luminance and of chroma; call it on `[luminance, chroma]`.

    The luminance is `(batch, height, width, 1)` in [-1, 1]; the chroma is `(batch, height, width,
    2)`: blue minus luminance, and red minus luminance, each in [-1, 1] as JPEG files have them in
    0 to 255. In inference, a colour that RGB does not have is brought towards grey until RGB has
    it, so that the luminance of the result is the one that was given. In training, where a pixel at
    the limit would have no gradient, it is left outside of [-1, 1].

    Example:
        >>> layer = kgan.layers.ChromaToRGB()
        >>> grey, red = np.zeros((1, 1, 1, 1)), np.float32([0, 0.5]).reshape(1, 1, 1, 2)
        >>> kgan.images.to_uint8(layer([grey, red])).ravel().tolist()
        [217, 82, 128]

    ITU-T T.871, "JPEG File Interchange Format", 2011, section 7.
    """

    def call(self, inputs, training=None):
        """The images `(batch, height, width, 3)`."""
        grey, chroma = (ops.cast(part, self.compute_dtype) for part in inputs)
        blue = 2 * (1 - BLUE) * chroma[..., :1]
        red = 2 * (1 - RED) * chroma[..., 1:]
        green = -(BLUE * blue + RED * red) / GREEN
        offset = ops.concatenate([red, green, blue], axis=-1)
        if training:
            return grey + offset
        # The share of the offset at which a channel reaches its limit, -1 or 1.
        room = (1 - ops.sign(offset) * grey) / ops.maximum(ops.abs(offset), _LEAST)
        share = ops.clip(ops.min(room, axis=-1, keepdims=True), 0.0, 1.0)
        return ops.clip(grey + share * offset, -1.0, 1.0)

    def compute_output_shape(self, input_shape):
        (*sizes, _), _ = input_shape
        return (*sizes, 3)
