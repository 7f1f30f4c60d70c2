"""A convolution in groups of channels where TensorFlow has no kernel for one."""

from __future__ import annotations

import keras
import numpy as np
from keras import ops


def grouped_convolution(images, kernel, training: bool = False):
    """Convolves each group of the channels of `(batch, height, width, channels)` alone.

    The kernel `(size, size, channels / groups, channels)` is that of `keras.layers.Conv2D`. On a
    GPU, training uses Keras's own grouped convolution. TensorFlow has none for a CPU, and Keras's
    cannot be exported: there one plain convolution has zeros between the groups, at `groups` times
    the arithmetic. Both agree up to rounding.
    """
    inside, channels = kernel.shape[-2:]
    if not (training and _on_gpu()):
        group = np.arange(channels) // inside
        mask = ops.cast(group[:, None] == group[None, :], images.dtype)
        kernel = ops.tile(kernel, (1, 1, channels // inside, 1)) * mask
    return ops.conv(images, kernel, padding="same", data_format="channels_last")


def _on_gpu() -> bool:
    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    return bool(tf.config.get_visible_devices("GPU"))
