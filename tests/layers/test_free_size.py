import keras
import numpy as np
import pytest
import tensorflow as tf

from kgan.layers import CropLike, ReflectToMultiple

IMAGES = np.random.RandomState(0).uniform(-1, 1, (2, 5, 8, 3)).astype("float32")
PADDED = np.pad(IMAGES, ((0, 0), (0, 3), (0, 0), (0, 0)), mode="reflect")


@pytest.mark.parametrize("known", [True, False])
def test_the_edges_are_reflected_up_to_a_multiple(known):
    """Whether or not the graph knows the size."""
    layer = ReflectToMultiple(4)
    shape = IMAGES.shape if known else (None, None, None, 3)
    function = tf.function(layer, input_signature=[tf.TensorSpec(shape, tf.float32)])
    np.testing.assert_array_equal(function(IMAGES), PADDED)
    assert layer.compute_output_shape((None, 5, 8, 3)) == (None, 8, 8, 3)
    assert layer.compute_output_shape((None, None, 8, 3)) == (None, None, 8, 3)


@pytest.mark.parametrize("known", [True, False])
def test_what_was_added_is_cut_off(known):
    layer = CropLike()
    shape = (
        [(2, 8, 8, 3), (2, 5, 8, 1)] if known else [(None, None, None, 3), (None, None, None, 1)]
    )
    specs = [tf.TensorSpec(each, tf.float32) for each in shape]
    function = tf.function(lambda *inputs: layer(list(inputs)), input_signature=specs)
    np.testing.assert_array_equal(function(PADDED, IMAGES[..., :1]), IMAGES)
    assert layer.compute_output_shape([(None, 8, 8, 3), (None, 5, 8, 1)]) == (None, 5, 8, 3)


def test_a_model_of_them_is_serialised():
    image = keras.Input((None, None, 3))
    model = keras.Model(image, CropLike()([ReflectToMultiple(4)(image), image]))
    twin = keras.Model.from_config(model.get_config())
    np.testing.assert_array_equal(twin(IMAGES), IMAGES)
