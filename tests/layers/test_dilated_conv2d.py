import keras
import numpy as np
import pytest
import tensorflow as tf

from kgan.layers import DilatedConv2D

X = np.random.RandomState(0).normal(size=(2, 11, 13, 3)).astype("float32")


@pytest.mark.parametrize("dtype", ["float32", "mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize(("size", "dilation"), [(3, 1), (3, 2), (3, 8), (4, 3), ((2, 3), (3, 2))])
def test_it_is_keras_convolution_in_training_and_inference(size, dilation, dtype):
    arguments = {"dilation_rate": dilation, "padding": "same", "activation": "relu"}
    layer = DilatedConv2D(4, size, dtype=dtype, **arguments)
    twin = keras.layers.Conv2D(4, size, dtype=dtype, **arguments)
    for each in (layer, twin):
        each.build(X.shape)
    twin.set_weights([np.full_like(w, 0.1) if w.ndim == 1 else w for w in layer.get_weights()])
    layer.set_weights(twin.get_weights())
    expected = np.float32(twin(X))
    tolerance = 1e-5 if dtype == "float32" else 0.03
    for training in (False, True):
        np.testing.assert_allclose(
            np.float32(layer(X, training=training)), expected, rtol=tolerance, atol=tolerance
        )


def test_inference_is_one_convolution_of_any_size_and_training_has_gradients():
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, DilatedConv2D(4, 3, dilation_rate=4, padding="same")(inputs))
    graph = tf.function(model).get_concrete_function(tf.TensorSpec((None, None, None, 3))).graph
    kinds = [operation.type for operation in graph.get_operations()]
    assert kinds.count("Conv2D") == 1 and "SpaceToBatchND" not in kinds
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(model(X, training=True) ** 2)
    gradients = tape.gradient(total, model.trainable_variables)
    assert all(np.abs(gradient).max() > 0 for gradient in gradients)


def test_other_strides_and_paddings_are_keras_own():
    layer = DilatedConv2D(4, 3, dilation_rate=2, padding="valid")
    twin = keras.layers.Conv2D.from_config(layer.get_config())
    for each in (layer, twin):
        each.build(X.shape)
    twin.set_weights(layer.get_weights())
    np.testing.assert_array_equal(layer(X), twin(X))
