import keras
import numpy as np
import pytest

from kgan.layers import InstanceNormalization

IMAGES = np.random.RandomState(0).normal(3.0, 2.0, (2, 5, 7, 3)).astype("float32")


def test_each_channel_of_each_image_by_its_own_mean_and_variance():
    layer = InstanceNormalization(epsilon=1e-3)
    layer.build(IMAGES.shape)
    gamma, beta = np.float32([1, 2, 3]), np.float32([0, -1, 5])
    layer.set_weights([gamma, beta])
    expected = np.empty_like(IMAGES)
    for image in range(2):
        for channel in range(3):
            x = IMAGES[image, :, :, channel].astype("float64")
            normal = (x - x.mean()) / np.sqrt(x.var() + 1e-3)
            expected[image, :, :, channel] = gamma[channel] * normal + beta[channel]
    for training in (True, False):
        np.testing.assert_allclose(layer(IMAGES, training=training), expected, atol=1e-5)


def test_the_statistics_of_half_precision_are_in_float32():
    """In float16 the squares of 300 overflow."""
    layer = InstanceNormalization(dtype="mixed_float16")
    images = np.float16([[[[0.0]], [[600.0]]]])
    made = np.asarray(layer(images))
    assert made.dtype == np.float16
    np.testing.assert_allclose(made.ravel(), [-1, 1], atol=1e-3)


@pytest.mark.parametrize("size", [(5, 7), (1, 1)])
def test_any_size_and_its_configuration(size):
    layer = InstanceNormalization(gamma_initializer=keras.initializers.Constant(2.0))
    twin = InstanceNormalization.from_config(layer.get_config())
    images = IMAGES[:, : size[0], : size[1]]
    np.testing.assert_array_equal(layer(images), twin(images))
    assert layer(images).shape == images.shape
