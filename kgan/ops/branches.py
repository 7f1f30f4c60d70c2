"""A tensor for several branches of a network, whose gradients are added in one order."""

from __future__ import annotations

from typing import Any

import keras


def branches(tensor: Any, count: int) -> list[Any]:
    """The tensor, `count` times; the sum of the branches' gradients is the same in every run.

    TensorFlow adds the gradients of a tensor that is used three times or more by AddN, which begins
    with whichever input's memory is free: two runs differ in the last bit, and a resumed run from
    one that was not stopped. Where a tensor is used twice, nothing is needed.
    """
    if keras.backend.backend() != "tensorflow":
        return [tensor] * count
    import tensorflow as tf

    @tf.custom_gradient
    def copied(tensor):
        def gradient(*upstream):
            return tf.reduce_sum(tf.stack(upstream), 0)

        return [tf.identity(tensor) for _ in range(count)], gradient

    return copied(tensor)
