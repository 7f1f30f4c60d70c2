"""Keras's numbers, at sizes that a graph does not know."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kgan.errors import UsageError
from kgan.layers import BilinearUpsampling

IMAGES = np.random.RandomState(0).uniform(-1, 1, (2, 4, 5, 3)).astype("float32")


@pytest.mark.parametrize("scale", [1, 2, 3, 4])
def test_the_numbers_of_keras_in_a_graph_of_free_size(scale):
    layer = BilinearUpsampling(scale)
    expected = keras.layers.UpSampling2D(scale, interpolation="bilinear")(IMAGES)
    free = tf.TensorSpec((None, None, None, 3))
    made = tf.function(layer, input_signature=[free])(IMAGES)
    np.testing.assert_allclose(made, expected, atol=1e-6)
    assert layer.compute_output_shape((None, 4, None, 3)) == (None, 4 * scale, None, 3)


def test_other_backends_compute_the_same(monkeypatch):
    layer = BilinearUpsampling(3)
    here = np.asarray(layer(IMAGES))
    monkeypatch.setattr(keras.backend, "backend", lambda: "another")
    np.testing.assert_allclose(layer.call(tf.constant(IMAGES)), here, atol=1e-6)


def test_float32_whatever_the_policy_and_its_configuration():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        assert BilinearUpsampling(2)(IMAGES).dtype == "float32"
    finally:
        keras.config.set_dtype_policy("float32")
    assert BilinearUpsampling.from_config(BilinearUpsampling(2).get_config()).scale == 2
    with pytest.raises(UsageError, match="scale must be an integer of at least 1"):
        BilinearUpsampling(0)
