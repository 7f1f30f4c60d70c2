import keras
import numpy as np
import pytest
import tensorflow as tf

from kgan.errors import UsageError
from kgan.layers import ReflectionPadding2D

IMAGES = np.random.RandomState(0).uniform(-1, 1, (2, 5, 8, 3)).astype("float32")


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("padding", [0, 1, 4])
def test_it_is_numpys_reflection(padding, known):
    """Whether or not the graph knows the size."""
    layer = ReflectionPadding2D(padding)
    shape = IMAGES.shape if known else (None, None, None, 3)
    function = tf.function(layer, input_signature=[tf.TensorSpec(shape, tf.float32)])
    side = (padding, padding)
    expected = np.pad(IMAGES, ((0, 0), side, side, (0, 0)), mode="reflect")
    np.testing.assert_array_equal(function(IMAGES), expected)
    assert layer.compute_output_shape((None, None, 8, 3)) == (None, None, 8 + 2 * padding, 3)


@pytest.mark.parametrize("dtype", ["mixed_float16", "mixed_bfloat16"])
def test_its_gradient_in_half_precision_counts_each_pixel_as_often_as_it_shows(dtype):
    layer = ReflectionPadding2D(1, dtype=dtype)
    with tf.GradientTape() as tape:
        images = tf.constant(IMAGES)
        tape.watch(images)
        total = tf.reduce_sum(layer(images))
    rows, columns = (np.ones(size) for size in IMAGES.shape[1:3])
    for times in (rows, columns):
        times[[1, -2]] = 2
    expected = np.broadcast_to(np.outer(rows, columns)[None, :, :, None], IMAGES.shape)
    np.testing.assert_array_equal(tape.gradient(total, images), expected)


def test_a_model_of_it_is_serialised():
    image = keras.Input((None, None, 3))
    model = keras.Model(image, ReflectionPadding2D(2)(image))
    twin = keras.Model.from_config(model.get_config())
    np.testing.assert_array_equal(twin(IMAGES), model(IMAGES))


def test_a_negative_padding_is_refused():
    with pytest.raises(UsageError, match="padding must be an integer of at least 0"):
        ReflectionPadding2D(-1)
