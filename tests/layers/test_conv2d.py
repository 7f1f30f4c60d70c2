"""kgan's convolutions are Keras's: numbers, gradients, configuration, files."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kgan.layers import Conv2D, Conv2DTranspose
from kgan.ops import strided_convolution

PAIRS = [(Conv2D, keras.layers.Conv2D), (Conv2DTranspose, keras.layers.Conv2DTranspose)]
FAST = {"kernel_size": 4, "strides": 2, "padding": "same"}
IMAGES = tf.constant(np.random.RandomState(1).normal(size=(2, 8, 8, 3)), tf.float32)


def alike(ours, theirs, inputs, **arguments):
    """The two layers with the same weights."""
    layers = [ours(5, **arguments), theirs(5, **arguments)]
    for layer in layers:
        layer.build(inputs.shape)
    random = np.random.RandomState(0)
    weights = [random.normal(size=weight.shape) for weight in layers[0].weights]
    for layer in layers:
        layer.set_weights(weights)
    return layers


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("arguments", [{}, {"use_bias": False, "activation": "tanh"}])
@pytest.mark.parametrize("ours, theirs", PAIRS)
def test_equals_keras_in_training(ours, theirs, arguments, jit):
    found = []
    for layer in alike(ours, theirs, IMAGES, **FAST, **arguments):

        @tf.function(jit_compile=jit)
        def step(layer=layer):
            with tf.GradientTape() as tape:
                outputs = layer(IMAGES, training=True)
                score = tf.reduce_sum(outputs**2)
            values = [variable.value for variable in layer.trainable_variables]
            return [outputs, *tape.gradient(score, values)]

        found.append(step())
    for our, their in zip(*found, strict=True):
        np.testing.assert_allclose(our, their, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize(
    "arguments",
    [
        {"kernel_size": 3},
        {"strides": 1},
        {"padding": "valid"},
        {"dtype": "mixed_float16"},
        {"dtype": "mixed_bfloat16"},
    ],
)
@pytest.mark.parametrize("ours, theirs", PAIRS)
def test_leaves_all_else_to_keras(ours, theirs, arguments, monkeypatch):
    monkeypatch.delattr(strided_convolution, "convolve")
    monkeypatch.delattr(strided_convolution, "spread")
    layers = alike(ours, theirs, IMAGES, **{**FAST, **arguments})
    np.testing.assert_array_equal(*(layer(IMAGES, training=True) for layer in layers))


def test_leaves_odd_sizes_and_groups_to_keras(monkeypatch):
    monkeypatch.delattr(strided_convolution, "convolve")
    odd = tf.ones((1, 9, 9, 3))
    layers = alike(*PAIRS[0], odd, **FAST)
    np.testing.assert_array_equal(*(layer(odd, training=True) for layer in layers))
    grouped = Conv2D(6, 4, 2, "same", groups=3)
    assert grouped(IMAGES, training=True).shape == (2, 4, 4, 6)


@pytest.mark.parametrize("ours, theirs", PAIRS)
def test_leaves_images_of_any_size_to_keras(ours, theirs, monkeypatch):
    monkeypatch.delattr(strided_convolution, "convolve")
    monkeypatch.delattr(strided_convolution, "spread")
    found = []
    for layer in alike(ours, theirs, IMAGES, **FAST):
        signature = [tf.TensorSpec((None, None, None, 3))]
        found.append(tf.function(lambda x, f=layer: f(x, training=True), signature)(IMAGES))
    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize("ours, theirs", PAIRS)
def test_inference_is_keras_own(ours, theirs, monkeypatch):
    """So that exports hold the operations that every runtime knows."""
    monkeypatch.delattr(strided_convolution, "convolve")
    monkeypatch.delattr(strided_convolution, "spread")
    layers = alike(ours, theirs, IMAGES, **FAST)
    np.testing.assert_array_equal(*(layer(IMAGES) for layer in layers))


@pytest.mark.parametrize("ours, theirs", PAIRS)
def test_is_rebuilt_from_its_configuration(ours, theirs):
    layer = ours(5, **FAST, use_bias=False, kernel_initializer="ones", dtype="mixed_float16")
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert type(again) is ours
    assert again.get_config() == layer.get_config()
