"""Labels as vectors."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kgan.checks import check_integer


@keras.saving.register_keras_serializable(package="kgan")
class OneHot(keras.layers.Layer):
    """Labels `(batch,)`, integers in 0..classes-1, as one-hot vectors `(batch, classes)`.

    A label out of range gives zeros, so check labels before.

    Example:
        >>> layer = kgan.layers.OneHot(classes=3)
        >>> np.asarray(layer(np.array([2, 0])))
        array([[0., 0., 1.],
               [1., 0., 0.]], dtype=float32)

    Raises:
        UsageError: `classes` is below 1.
    """

    def __init__(self, classes: int, name: str | None = None, dtype: Any = None):
        super().__init__(name=name, dtype=dtype)
        self.classes = check_integer("classes", classes, 1)

    def call(self, labels):
        return ops.one_hot(ops.cast(labels, "int32"), self.classes, dtype=self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return (*input_shape, self.classes)

    def compute_output_spec(self, labels):
        return keras.KerasTensor((*labels.shape, self.classes), dtype=self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        return {"classes": self.classes, "name": self.name, "dtype": self.dtype_policy.name}
