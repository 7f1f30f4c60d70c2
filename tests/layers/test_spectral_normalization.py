"""The norm is that of NumPy's singular values, and no kernel moves in the forward pass."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from kgan.layers import Conv2D, SpectralNormalization

RANDOM = np.random.RandomState(0)
IMAGES = RANDOM.normal(size=(2, 6, 6, 3)).astype("float32")
CASES = {
    "dense": (lambda: layers.Dense(4), IMAGES),
    "convolution": (lambda: layers.Conv2D(5, 3, padding="same"), IMAGES),
    "strided": (lambda: Conv2D(5, 4, 2, "same"), IMAGES),
    "without bias": (lambda: layers.Conv2D(5, 3, use_bias=False), IMAGES),
    "embedding": (lambda: layers.Embedding(7, 4), np.array([1, 5])),
}


def converged(make, inputs, calls=200):
    layer = SpectralNormalization(make())
    layer.build(inputs.shape)
    random = np.random.RandomState(1)
    layer.layer.set_weights([random.normal(size=weight.shape) for weight in layer.layer.weights])
    for _ in range(calls):
        layer(inputs, training=True)
    return layer


def spectral_norm(layer):
    kernel = layer.layer.get_weights()[0]
    return np.linalg.svd(kernel.reshape(-1, kernel.shape[-1]), compute_uv=False)[0]


@pytest.mark.parametrize("case", CASES)
def test_equals_the_layer_with_a_kernel_of_norm_one(case):
    make, inputs = CASES[case]
    layer = converged(make, inputs)
    kernel, *bias = layer.layer.get_weights()
    expected = make()
    expected.build(inputs.shape)
    expected.set_weights([kernel / spectral_norm(layer), *bias])
    for training in (False, True):
        found = layer(inputs, training=training)
        np.testing.assert_allclose(found, expected(inputs), rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(layer.layer.get_weights()[0], kernel)


def test_the_vector_moves_in_training_alone():
    layer = converged(*CASES["dense"], calls=1)
    before = np.asarray(layer.vector)
    layer(IMAGES)
    np.testing.assert_array_equal(before, layer.vector)
    layer(IMAGES, training=True)
    assert not np.array_equal(before, layer.vector)
    assert np.linalg.norm(layer.vector) == pytest.approx(1, abs=1e-6)
    assert [variable.name for variable in layer.trainable_variables] == ["kernel", "bias"]


def test_more_iterations_come_nearer():
    errors = []
    initializer = keras.initializers.RandomNormal(seed=0)
    for iterations in (1, 50):
        layer = SpectralNormalization(layers.Dense(16, kernel_initializer=initializer), iterations)
        inputs = np.eye(16, dtype="float32")
        layer(inputs, training=True)
        kernel = layer.layer.get_weights()[0]
        found = np.linalg.norm(kernel) / np.linalg.norm(layer(inputs))
        errors.append(abs(found / spectral_norm(layer) - 1))
    assert errors[1] < 0.1 * errors[0]


def test_the_gradient_is_that_of_the_quotient():
    """d(W/σ)/dW with σ = uᵀWv and constant u, v: equation 8 of the paper."""
    layer = converged(lambda: layers.Dense(4, use_bias=False), IMAGES)
    kernel = layer.layer.kernel
    upstream = tf.constant(RANDOM.normal(size=(2, 6, 6, 4)), tf.float32)
    with tf.GradientTape() as tape:
        outputs = layer(IMAGES)
    found = tape.gradient(outputs, kernel.value, upstream)
    u, s, v = np.linalg.svd(np.asarray(kernel))
    plain = np.einsum("bhwc,bhwo->co", IMAGES, upstream)
    normed = np.asarray(kernel) / s[0]
    expected = (plain - (plain * normed).sum() * np.outer(u[:, 0], v[0])) / s[0]
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("dtype", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision(dtype):
    layer = SpectralNormalization(layers.Dense(4, dtype=dtype))
    assert layer(IMAGES, training=True).dtype == dtype.removeprefix("mixed_")
    assert layer.vector.dtype == "float32"


@pytest.mark.slow
def test_trains_in_a_gan_and_survives_saving(tmp_path, images):
    import kgan

    generator = keras.Sequential(
        [keras.Input((4,)), layers.Dense(256, "tanh"), layers.Reshape((16, 16, 1))]
    )
    discriminator = keras.Sequential(
        [
            keras.Input((16, 16, 1)),
            SpectralNormalization(Conv2D(8, 4, 2, "same")),
            layers.Flatten(),
            SpectralNormalization(layers.Dense(1)),
        ]
    )
    gan = kgan.GAN(generator, discriminator)
    gan.compile("hinge", penalties=["r1"])
    gan.fit(images, batch_size=8, epochs=1, verbose=0)
    gan.save(tmp_path / "sngan.keras")
    again = kgan.load_model(tmp_path / "sngan.keras")
    np.testing.assert_array_equal(again.discriminator(images), gan.discriminator(images))
    assert [type(layer) for layer in again.discriminator.layers] == [
        type(layer) for layer in discriminator.layers
    ]


@pytest.mark.parametrize(
    "layer", [layers.Dense(3, "relu"), layers.Flatten(), layers.DepthwiseConv2D(3)]
)
def test_refuses_what_is_not_linear(layer):
    with pytest.raises(ValueError, match=r"layer must be a Dense, Embedding or convolution"):
        SpectralNormalization(layer)


def test_refuses_no_iteration():
    with pytest.raises(ValueError, match="power_iterations must be an integer of at least 1"):
        SpectralNormalization(layers.Dense(3), 0)
