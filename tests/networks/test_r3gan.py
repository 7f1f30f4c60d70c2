"""R3GAN's residual networks: sizes, parameters, and blocks that start as the identity."""

import itertools

import keras
import numpy as np
import pytest
from keras import layers

from kgan.layers import GroupedConv2D
from kgan.networks import R3GAN
from kgan.networks.r3gan import Basis
from kgan.signature import Image, Latent, Signature

SIZES = {28: [28, 14, 7], 32: [32, 16, 8, 4], 64: [64, 32, 16, 8, 4]}


@pytest.mark.parametrize("size", SIZES)
def test_shapes_and_ranges(size):
    generator = R3GAN(2).generator(Signature(Latent(5)), Image((size, size, 3)))
    discriminator = R3GAN(2).discriminator(Signature(Image((size, size, 3))))
    images = np.asarray(generator(np.random.RandomState(0).normal(size=(2, 5))))
    assert images.shape == (2, size, size, 3) and images.dtype == "float32"
    assert 0 < np.abs(images).max() <= 1.0
    assert discriminator(images).shape == (2, 1)
    for network in (generator, discriminator):
        blocks = [layer for layer in network.layers if isinstance(layer, layers.Add)]
        found = sorted((block.output.shape[1] for block in blocks), reverse=True)
        assert found == [place for place in SIZES[size] for _ in range(2)]  # two at each size


@pytest.mark.parametrize("size", SIZES)
def test_parameter_count(size):
    w, d = 16, 5
    widths = [w * min(2**level, 4) for level in range(len(SIZES[size]))]
    # 1x1, grouped 3x3 in groups of 16, 1x1, and two biases, twofold as wide inside.
    blocks = sum(2 * (2 * c * c + 9 * 16 * 2 * c + 2 * c * c + 2 * 2 * c) for c in widths)
    changes = sum(a * b for a, b in itertools.pairwise(widths) if a != b)
    basis = SIZES[size][-1] ** 2 * widths[-1]
    generator = R3GAN(w).generator(Signature(Latent(d)), Image((size, size, 3)))
    assert generator.count_params() == d * widths[-1] + basis + blocks + changes + w * 3
    discriminator = R3GAN(w).discriminator(Signature(Image((size, size, 3))))
    assert discriminator.count_params() == 3 * w + blocks + changes + basis + widths[-1] + 1


def test_a_fresh_block_is_the_identity():
    """Its last kernel starts at zero (fix-up), whatever the others are."""
    for network in (
        R3GAN(4).generator(Signature(Latent(4)), Image((8, 8, 1))),
        R3GAN(4).discriminator(Signature(Image((8, 8, 1)))),
    ):
        adds = [layer for layer in network.layers if isinstance(layer, layers.Add)]
        assert len(adds) == 4
        probe = keras.Model(
            network.input, [tensor for add in adds for tensor in (*add.input, add.output)]
        )
        values = [
            np.asarray(v)
            for v in probe(np.random.RandomState(0).normal(size=(2, *network.input.shape[1:])))
        ]
        for start, branch, end in zip(values[::3], values[1::3], values[2::3], strict=True):
            np.testing.assert_array_equal(branch, np.zeros_like(branch))
            np.testing.assert_array_equal(start, end)
            assert np.abs(start).max() > 0


def test_the_other_kernels_start_smaller_the_more_blocks_there_are():
    """He's deviation for LeakyReLU, times L^(-1/4) of L blocks with three kernels."""
    network = R3GAN(64).discriminator(Signature(Image((8, 8, 1))))
    kernels = [layer.kernel.numpy() for layer in network.layers if isinstance(layer, GroupedConv2D)]
    assert len(kernels) == 4
    gain = np.sqrt(2 / (1 + 0.2**2)) * 4**-0.25
    for kernel in kernels:
        fan_in = np.prod(kernel.shape[:3])
        assert kernel.shape[2] == 16
        assert kernel.std() == pytest.approx(gain / np.sqrt(fan_in), rel=0.05)
    assert len({kernel.tobytes() for kernel in kernels}) == 4


def test_the_last_basis_keeps_the_variance():
    """Each feature is a sum over the places of one channel."""
    (basis,) = (
        layer
        for layer in R3GAN(128).discriminator(Signature(Image((8, 8, 1)))).layers
        if isinstance(layer, layers.DepthwiseConv2D)
    )
    size = basis.kernel.shape[0]
    assert basis.kernel.numpy().std() == pytest.approx(1 / size, rel=0.05)


def test_no_normalisation():
    for network in (
        R3GAN(2).generator(Signature(Latent(4)), Image((28, 28, 1))),
        R3GAN(2).discriminator(Signature(Image((28, 28, 1)))),
    ):
        assert not [layer for layer in network.layers if "Normalization" in type(layer).__name__]
        assert not [v for v in network.variables if not v.trainable]


@pytest.mark.parametrize("dtype", ["float32", "mixed_float16", "mixed_bfloat16"])
def test_every_precision_and_survives_saving(tmp_path, dtype):
    latents = np.random.RandomState(0).normal(size=(2, 4)).astype("float32")
    generator = R3GAN(8).generator(Signature(Latent(4)), Image((8, 8, 1)), seed=2, dtype=dtype)
    discriminator = R3GAN(8).discriminator(Signature(Image((8, 8, 1))), seed=2, dtype=dtype)
    random = np.random.RandomState(1)
    for network in (generator, discriminator):  # fresh ones would not use their blocks
        network.set_weights([w + random.normal(0, 0.1, w.shape) for w in network.get_weights()])
    images = np.asarray(generator(latents))
    logits = discriminator(images)
    assert images.dtype == "float32" and logits.dtype == "float32"
    assert np.isfinite(images).all() and np.isfinite(logits).all()
    for network, inputs, outputs in (
        (generator, latents, images),
        (discriminator, images, logits),
    ):
        network.save(tmp_path / "network.keras")
        again = keras.saving.load_model(tmp_path / "network.keras")
        np.testing.assert_array_equal(again(inputs), outputs)


def test_the_start_of_the_generator_is_a_basis_that_the_latent_scales():
    basis = Basis((3, 3), seed=1)
    scales = np.random.RandomState(0).normal(size=(2, 5)).astype("float32")
    maps = np.asarray(basis(scales))
    assert maps.shape == (2, 3, 3, 5)
    np.testing.assert_allclose(
        maps, scales[:, None, None, :] * basis.basis.numpy()[None], rtol=1e-6
    )
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(basis))
    np.testing.assert_array_equal(again(scales), maps)  # the seed pins its maps
