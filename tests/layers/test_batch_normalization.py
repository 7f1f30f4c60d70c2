import keras
import numpy as np
import pytest
import tensorflow as tf

from kgan.layers import BatchNormalization

ARGUMENTS = {"momentum": 0.9, "epsilon": 1e-5}


@pytest.fixture
def pair():
    """The fused layer and Keras's, with the same weights."""
    ours, theirs = BatchNormalization(**ARGUMENTS), keras.layers.BatchNormalization(**ARGUMENTS)
    for layer in (ours, theirs):
        layer.build((None, 5, 5, 3))
    random = np.random.RandomState(0)
    weights = [random.uniform(0.5, 2, 3).astype("float32") for _ in range(4)]
    ours.set_weights(weights)
    theirs.set_weights(weights)
    return ours, theirs


IMAGES = tf.constant(np.random.RandomState(1).normal(2.0, 3.0, (4, 5, 5, 3)), tf.float32)


def test_equals_keras(pair):
    for training in (True, False):
        images, weights = [], []
        for layer in pair:
            images.append(np.asarray(layer(IMAGES, training=training)))
            weights.append(layer.get_weights())
        np.testing.assert_allclose(*images, atol=2e-6)
        for ours, theirs in zip(*weights, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=2e-6)


def test_gradients_of_first_and_second_order_equal_keras(pair):
    """The second is what a gradient penalty takes through the discriminator."""
    found = []
    for layer in pair:
        with tf.GradientTape() as outer:
            outer.watch(IMAGES)
            with tf.GradientTape() as inner:
                inner.watch(IMAGES)
                score = tf.reduce_sum(layer(IMAGES, training=True) ** 3)
            first = inner.gradient(score, IMAGES)
            penalty = tf.reduce_mean(first**2)
        gamma = layer.gamma.value
        found.append([first, *outer.gradient(penalty, [IMAGES, gamma])])
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("dtype", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision(dtype):
    layer = BatchNormalization(dtype=dtype)
    images = layer(IMAGES, training=True)
    assert images.dtype == dtype.removeprefix("mixed_")
    expected = (IMAGES - tf.reduce_mean(IMAGES, (0, 1, 2))) / tf.math.reduce_std(IMAGES, (0, 1, 2))
    np.testing.assert_allclose(tf.cast(images, tf.float32), expected, atol=0.03)


def test_a_matrix_is_left_to_keras(pair):
    layer = BatchNormalization()
    rows = np.random.RandomState(0).normal(3.0, 1.0, (64, 4)).astype("float32")
    assert np.abs(np.asarray(layer(rows, training=True)).mean(0)).max() < 1e-4


def test_is_rebuilt_from_its_configuration():
    layer = BatchNormalization(momentum=0.9, epsilon=1e-5, dtype="mixed_float16")
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert type(again) is BatchNormalization
    assert again.get_config() == layer.get_config()
