"""Keras's numbers and gradients, at sizes that a graph does not know."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kgan.layers import UpSampling2D

IMAGES = np.random.RandomState(0).uniform(-1, 1, (2, 4, 5, 3)).astype("float32")


@pytest.mark.parametrize("size", [1, 2, 3, (2, 4)])
def test_the_numbers_and_gradients_of_keras_in_a_graph_of_free_size(size):
    layer, other = UpSampling2D(size), keras.layers.UpSampling2D(size)
    free = tf.function(layer, input_signature=[tf.TensorSpec((None, None, None, 3))])
    found = []
    for function in (free, other):
        with tf.GradientTape() as tape:
            images = tf.constant(IMAGES)
            tape.watch(images)
            made = function(images)
            loss = tf.reduce_sum(
                made * tf.cast(tf.range(tf.size(made)), "float32").numpy().reshape(made.shape)
            )
        found.append((made, tape.gradient(loss, images)))
    np.testing.assert_array_equal(found[0][0], found[1][0])
    np.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-6)
    assert layer.compute_output_shape((None, None, 5, 3)) == other.compute_output_shape(
        (None, None, 5, 3)
    )


def test_litert_takes_it_before_a_convolution_where_sizes_are_free(tmp_path):
    source = keras.Input((None, None, 3))
    model = keras.Model(source, keras.layers.Conv2D(2, 3)(UpSampling2D()(source)))
    spec = tf.TensorSpec((None, None, None, 3), name="source")
    module = tf.Module()
    module.serve = tf.function(lambda source: {"made": model(source)}, input_signature=[spec])
    module.weights = [variable.value for variable in model.variables]
    tf.saved_model.save(module, str(tmp_path), signatures=module.serve)
    content = tf.lite.TFLiteConverter.from_saved_model(str(tmp_path)).convert()
    run = tf.lite.Interpreter(model_content=content).get_signature_runner("serving_default")
    np.testing.assert_allclose(run(source=IMAGES)["made"], model(IMAGES), atol=1e-5)


def test_it_comes_back_from_its_configuration():
    twin = UpSampling2D.from_config(UpSampling2D((2, 3), dtype="float16").get_config())
    assert twin.size == (2, 3) and twin.compute_dtype == "float16"
