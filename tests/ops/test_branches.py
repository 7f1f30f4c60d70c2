"""The gradients of several branches are added in one order, not by AddN."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kgan.errors import UsageError
from kgan.layers import Branches
from kgan.ops.branches import branches

VALUES = tf.constant(np.random.RandomState(0).normal(size=(5, 7)).astype("float32"))
WEIGHTS = np.random.RandomState(1).normal(size=(4, 5, 7)).astype("float32")


def gradient(values, branched):
    with tf.GradientTape() as tape:
        tape.watch(values)
        parts = branches(values, 4) if branched else [values] * 4
        total = sum(
            tf.reduce_sum(weight * part) for weight, part in zip(WEIGHTS, parts, strict=True)
        )
    return tape.gradient(total, values)


def test_the_gradient_is_the_sum():
    np.testing.assert_allclose(gradient(VALUES, True), WEIGHTS.sum(0), atol=1e-6)
    for part in branches(VALUES, 3):
        np.testing.assert_array_equal(part, VALUES)


def test_there_is_no_sum_of_more_than_two(sums):
    spec = tf.TensorSpec((5, 7))
    assert sums(lambda values: gradient(values, False), spec) == [4]
    assert sums(lambda values: gradient(values, True), spec) == []


def test_other_backends_need_none(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "another")
    assert all(part is VALUES for part in branches(VALUES, 3))


def test_the_layer_does_nothing_in_inference():
    layer = Branches(2, dtype="mixed_float16")
    first, second = layer(keras.Input((None, 3)))
    assert first.shape == second.shape == (None, None, 3) and first.dtype == "float16"
    half = tf.cast(VALUES, tf.float16)
    assert all(part is half for part in layer.call(half, training=False))
    assert len(layer(VALUES, training=True)) == 2
    assert Branches.from_config(layer.get_config()).count == 2
    with pytest.raises(UsageError, match="count must be an integer of at least 1"):
        Branches(0)
