"""Batch normalisation times a class's scale, plus its shift."""

import keras
import numpy as np
import pytest

from kgan.layers import BatchNormalization, ConditionalBatchNormalization

RANDOM = np.random.RandomState(0)
IMAGES = RANDOM.normal(2.0, 3.0, (4, 5, 5, 3)).astype("float32")
CLASSES = np.array([0, 1, 1, 0])
ONE_HOT = np.eye(2, dtype="float32")[CLASSES]


def layer_with(scale, shift, **arguments):
    layer = ConditionalBatchNormalization(**arguments)
    layer.build([IMAGES.shape, ONE_HOT.shape])
    layer.scale.assign(scale)
    layer.shift.assign(shift)
    return layer


@pytest.mark.parametrize("training", [True, False])
def test_equals_batch_normalisation_times_scale_plus_shift(training):
    scale, shift = RANDOM.normal(size=(2, 2, 3)).astype("float32")
    layer = layer_with(scale, shift)
    plain = BatchNormalization(0.9, 1e-5)
    normal = np.asarray(plain(IMAGES, training=training))
    by_class = [(1 + scale[k]) * image + shift[k] for k, image in zip(CLASSES, normal, strict=True)]
    found = layer([IMAGES, ONE_HOT], training=training)
    np.testing.assert_allclose(found, by_class, rtol=1e-4, atol=1e-5)
    moving = layer.normalization
    np.testing.assert_array_equal(moving.moving_mean, plain.moving_mean)
    np.testing.assert_array_equal(moving.moving_variance, plain.moving_variance)
    assert (np.asarray(moving.moving_mean) != 0).any() == training


def test_a_vector_gives_scale_and_shift_by_a_linear_map():
    scale, shift = RANDOM.normal(size=(2, 2, 3)).astype("float32")
    layer = layer_with(scale, shift)
    vectors = RANDOM.normal(size=(4, 2)).astype("float32")
    normal = np.asarray(BatchNormalization(0.9, 1e-5)(IMAGES, training=True))
    expected = normal * (1 + vectors @ scale)[:, None, None] + (vectors @ shift)[:, None, None]
    found = layer([IMAGES, vectors], training=True)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_it_starts_as_plain_normalisation_and_trains_scale_and_shift_alone():
    layer = ConditionalBatchNormalization()
    found = layer([IMAGES, ONE_HOT], training=True)
    np.testing.assert_array_equal(found, BatchNormalization(0.9, 1e-5)(IMAGES, training=True))
    assert {variable.name for variable in layer.trainable_variables} == {"scale", "shift"}
    layer.trainable = False
    layer.trainable = True
    assert {variable.name for variable in layer.trainable_variables} == {"scale", "shift"}


@pytest.mark.parametrize("dtype", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision(dtype):
    scale, shift = RANDOM.normal(size=(2, 2, 3)).astype("float32")
    found = layer_with(scale, shift, dtype=dtype)([IMAGES, ONE_HOT], training=True)
    assert found.dtype == dtype.removeprefix("mixed_")
    expected = layer_with(scale, shift)([IMAGES, ONE_HOT], training=True)
    np.testing.assert_allclose(keras.ops.cast(found, "float32"), expected, atol=0.1)


def test_is_saved_and_loaded(tmp_path):
    image, vector = keras.Input((5, 5, 3)), keras.Input((2,))
    layer = ConditionalBatchNormalization(momentum=0.5, epsilon=1e-3)
    model = keras.Model([image, vector], layer([image, vector]))
    assert model.output_shape == (None, 5, 5, 3)
    random = RANDOM.normal(size=(2, 2, 3))
    layer.scale.assign(random[0])
    layer.shift.assign(random[1])
    model([IMAGES, ONE_HOT], training=True)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again([IMAGES, ONE_HOT]), model([IMAGES, ONE_HOT]))
    assert again.layers[-1].get_config() == layer.get_config()
