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
    a hole that reaches across 2^levels pixels is 0 in its middle. Height and width may be unknown
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

    def __init__(self, levels: int = 6, name: str | None = None, dtype: Any = "float32"):
        super().__init__(name=name, dtype=dtype)
        self.levels = check_integer("levels", levels, 1)
        self._double = BilinearUpsampling(2)

    @property
    def multiple(self) -> int:
        """The pixels between the first ones of two parts of an image that are filled as in it."""
        return 2**self.levels

    def call(self, inputs):
        """The images without holes, float32."""
        images, masks = inputs
        height, width = ops.shape(images)[1:3]
        known = ops.cast(masks > 0.5, "float32")
        means = ops.where(masks > 0.5, ops.cast(images, "float32"), 0.0)
        means, known = self._enlarged(means), self._enlarged(known)
        pulled = []
        for _ in range(self.levels):
            pulled.append((means, known))
            means, share = (
                ops.average_pool(part, 2, 2, "valid", "channels_last") for part in (means, known)
            )
            # One pixel that is known makes its square known; more do not outweigh other squares.
            known = ops.minimum(4 * share, 1.0)
            means = means * known / ops.maximum(share, _LEAST)
        filled = means
        for means, known in reversed(pulled):
            filled = means + (1 - known) * self._double(filled)
        return filled[:, :height, :width]

    def _enlarged(self, images):
        """Images whose last rows and columns are repeated up to a multiple of 2^levels."""
        for axis in (1, 2):
            last = ops.shape(images)[axis] - 1
            indices = ops.arange((last // self.multiple + 1) * self.multiple)
            images = ops.take(images, ops.minimum(indices, last), axis=axis)
        return images

    def compute_output_shape(self, input_shape):
        return input_shape[0]

    def get_config(self) -> dict[str, Any]:
        return {"levels": self.levels, "name": self.name, "dtype": self.dtype_policy.name}
