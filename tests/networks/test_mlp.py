"""Multilayer perceptrons: any image shape, the parameters that arithmetic gives."""

import keras
import numpy as np
import pytest

from kgan.layers import SpectralNormalization
from kgan.networks import MLP
from kgan.signature import Image, Latent, Signature


@pytest.mark.parametrize("shape", [(1, 1, 2), (2, 3, 1), (28, 28, 1), (30, 17, 3)])
def test_shapes_and_ranges(shape):
    generator, discriminator = (
        MLP(4).generator(Signature(Latent(5)), Image(shape)),
        MLP(4).discriminator(Signature(Image(shape))),
    )
    images = np.asarray(generator(np.random.RandomState(0).normal(size=(3, 5))))
    assert images.shape == (3, *shape) and images.dtype == "float32"
    assert 0 < np.abs(images).max() <= 1.0
    assert discriminator(images).shape == (3, 1)
    assert MLP(4).encoder(Signature(Image(shape)), Latent(5))(images).shape == (3, 5)


def test_parameter_count():
    w, d, pixels = 6, 5, 2 * 3 * 1
    assert MLP(w).generator(Signature(Latent(d)), Image((2, 3, 1))).count_params() == (
        (d * w + w) + 2 * (w * w + w) + (w * pixels + pixels)
    )
    hidden = (pixels * w + w) + 2 * (w * w + w)
    assert MLP(w).discriminator(Signature(Image((2, 3, 1)))).count_params() == hidden + w + 1
    layered = MLP(w, normalization="layer").discriminator(Signature(Image((2, 3, 1))))
    assert layered.count_params() == hidden + w + 1 + 3 * 2 * w
    spectral = MLP(w, normalization="spectral").discriminator(Signature(Image((2, 3, 1))))
    trained = sum(int(np.prod(weight.shape)) for weight in spectral.trainable_weights)
    assert trained == hidden + w + 1
    assert sum(isinstance(layer, SpectralNormalization) for layer in spectral.layers) == 4


def test_the_generator_by_hand():
    network = MLP(4).generator(Signature(Latent(3)), Image((2, 2, 1)), seed=1)
    latents = np.random.RandomState(0).normal(size=(5, 3)).astype("float32")
    x, weights = latents, network.get_weights()
    for layer in range(4):
        x = x @ weights[2 * layer] + weights[2 * layer + 1]
        x = np.maximum(x, 0) if layer < 3 else np.tanh(x)
    np.testing.assert_allclose(network(latents), x.reshape(5, 2, 2, 1), atol=1e-5)


def test_seeds():
    for make in (
        lambda seed: MLP(4).generator(Signature(Latent(3)), Image((4, 4, 1)), seed=seed),
        lambda seed: MLP(4).discriminator(Signature(Image((4, 4, 1))), seed=seed),
    ):
        first, again, other = (make(seed).get_weights() for seed in (1, 1, 2))
        for a, b in zip(first, again, strict=True):
            np.testing.assert_array_equal(a, b)
        assert (first[0] != other[0]).any()


@pytest.mark.parametrize("dtype", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision_inside_float32_outside(dtype):
    generator = MLP(4).generator(Signature(Latent(3)), Image((4, 4, 1)), dtype=dtype)
    assert generator.layers[1].compute_dtype == dtype.removeprefix("mixed_")
    images = generator(np.zeros((2, 3)))
    assert images.dtype == "float32"
    assert MLP(4).discriminator(Signature(Image((4, 4, 1))), dtype=dtype)(images).dtype == "float32"


@pytest.mark.parametrize("normalization", ["none", "layer", "spectral"])
def test_survives_saving(tmp_path, normalization):
    network = MLP(4, normalization=normalization).discriminator(Signature(Image((4, 4, 1))))
    network.save(tmp_path / "network.keras")
    again = keras.saving.load_model(tmp_path / "network.keras")
    images = np.random.RandomState(0).normal(size=(2, 4, 4, 1))
    np.testing.assert_array_equal(again(images), network(images))


@pytest.mark.parametrize("shape", [(4, 4), (4, 4, 0), (4.0, 4, 1), "28", 28, None])
def test_impossible_shapes(shape):
    for make in (
        lambda: MLP(4).generator(Signature(Latent(4)), Image(shape)),
        lambda: MLP(4).discriminator(Signature(Image(shape))),
    ):
        with pytest.raises(
            ValueError, match=r"image_shape must be \(height, width, channels\).*rec"
        ):
            make()
