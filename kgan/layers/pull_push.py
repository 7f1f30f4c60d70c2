"""Smooth interpolation of images with holes, at all scales."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kgan.checks import check_integer
from kgan.layers.bilinear_upsampling import BilinearUpsampling

_LEAST = 1e-6  # a smaller weight is none


@keras.saving.register_keras_serializable(package="kgan")
class PullPush(keras.layers.Layer):
    """Fills holes smoothly from the known pixels around them; call it on `[images, masks]`.

    Masks `(batch, height, width, 1)` are 1 where a pixel of the images `(batch, height, width,
    channels)` is known. Known pixels stay as they are. Means of known pixels are taken at ever
    halved sizes, `levels` times, and what is not known at one size comes from the next smaller one;
    a hole of more than 2^levels pixels is 0 in its middle. Height and width may be unknown
    in the graph. It computes in float32.

    Example:
        >>> images, masks = np.full((1, 8, 8, 3), 0.5), np.ones((1, 8, 8, 1))
        >>> masks[:, 2:6, 2:6] = 0
        >>> np.asarray(kgan.layers.PullPush()([images, masks]))[0, 4, 4].tolist()
        [0.5, 0.5, 0.5]

    Raises:
        UsageError: `levels` is below 1.

    Gortler, Grzeszczuk, Szeliski & Cohen, "The Lumigraph", SIGGRAPH 1996.
    """

    def __init__(self, levels: int = 8, name: str | None = None, dtype: Any = "float32"):
        super().__init__(name=name, dtype=dtype)
        self.levels = check_integer("levels", levels, 1)
        self._double = BilinearUpsampling(2)

    @property
    def multiple(self) -> int:
        """The pixels between the first ones of two parts of an image that are filled as in it."""
        return 2**self.levels

    def build(self, input_shape):
        self._double.build(input_shape[0])

    def call(self, inputs):
        """The images without holes, float32."""
        images, masks = inputs
        known = ops.cast(masks > 0.5, "float32")
        means = ops.where(masks > 0.5, ops.cast(images, "float32"), 0.0)
        pulled = []
        for _ in range(self.levels):
            pulled.append((means, known))
            means, share = (
                ops.average_pool(_even(part), 2, 2, "valid", "channels_last")
                for part in (means, known)
            )
            # One pixel that is known makes its square known; more do not outweigh other squares.
            known = ops.minimum(4 * share, 1.0)
            means = means * known / ops.maximum(share, _LEAST)
        filled = means
        for means, known in reversed(pulled):
            height, width = ops.shape(means)[1:3]
            filled = means + (1 - known) * self._double(filled)[:, :height, :width]
        return filled

    def compute_output_shape(self, input_shape):
        return input_shape[0]

    def get_config(self) -> dict[str, Any]:
        return {"levels": self.levels, "name": self.name, "dtype": self.dtype_policy.name}


def _even(images):
    """Images whose last row and column are repeated where their number is odd."""
    for axis in (1, 2):
        size = ops.shape(images)[axis]
        if isinstance(size, int) and size % 2 == 0:
            continue
        indices = ops.minimum(ops.arange((size + 1) // 2 * 2), size - 1)
        images = ops.take(images, indices, axis=axis)
    return images
