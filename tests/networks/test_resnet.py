"""The networks are those of the paper's table 4, at every size, and fit kgan's game."""

import numpy as np
import pytest
from keras import layers

import kgan
from kgan.layers import SpectralNormalization
from kgan.networks import ResNet
from kgan.signature import Image, Latent, Signature

SHAPES = [(8, 8, 1), (28, 28, 1), (32, 32, 3), (36, 36, 4), (64, 64, 3)]


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes_and_ranges(shape):
    generator = ResNet(4).generator(Signature(Latent(5)), Image(shape))
    discriminator = ResNet(4).discriminator(Signature(Image(shape)))
    images = np.asarray(generator(np.random.RandomState(0).normal(size=(3, 5))))
    assert images.shape == (3, *shape) and images.dtype == "float32"
    assert np.abs(images).max() <= 1.0
    assert discriminator(images).shape == (3, 1)


def parameters(model):
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


def test_parameter_count_at_32_pixels():
    w, d = 8, 10
    block = 2 * (9 * w * w + w)  # two 3x3 convolutions
    widened = w * w + w  # the shortcut's 1x1
    dense = d * 16 * w + 16 * w
    last = 2 * w + 9 * w * 3 + 3
    generator = ResNet(w).generator(Signature(Latent(d)), Image((32, 32, 3)))
    assert parameters(generator) == dense + 3 * (block + widened + 4 * w) + last
    first = (9 * 3 * w + w) + (9 * w * w + w) + (3 * w + w)
    discriminator = ResNet(w).discriminator(Signature(Image((32, 32, 3))))
    # Halved in the first two blocks, not in the last two.
    assert parameters(discriminator) == first + (block + widened) + 2 * block + (w + 1)


@pytest.mark.parametrize(
    ("size", "expected"),
    [(8, [4] * 3), (28, [14, 7, 7, 7]), (32, [16, 8, 8, 8]), (36, [18, 9, 5, 5, 5])],
)
def test_sizes_of_the_discriminators_blocks(size, expected):
    network = ResNet(2).discriminator(Signature(Image((size, size, 1))))
    blocks = [layer for layer in network.layers if isinstance(layer, layers.Add)]
    assert [block.output.shape[1] for block in blocks] == expected


def test_every_kernel_of_the_discriminator_is_normalised():
    discriminator = ResNet(4).discriminator(Signature(Image((28, 28, 1))))
    normalised = [
        layer for layer in discriminator.layers if isinstance(layer, SpectralNormalization)
    ]
    kernels = [weight for weight in discriminator.trainable_weights if weight.name == "kernel"]
    assert len(normalised) == len(kernels) > 0
    bare = (layers.Conv2D, layers.Dense, layers.BatchNormalization)
    assert not [layer for layer in discriminator.layers if isinstance(layer, bare)]


def test_seeds():
    def kernels(seed):
        networks = (
            ResNet(4).generator(Signature(Latent(4)), Image((8, 8, 1)), seed=seed),
            ResNet(4).discriminator(Signature(Image((8, 8, 1))), seed=seed),
        )
        return [np.asarray(weight) for network in networks for weight in network.weights]

    first, again, other = kernels(1), kernels(1), kernels(2)
    for one, same in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, same)
    assert not np.array_equal(first[0], other[0])
    shapes = {}
    for kernel in first:
        if kernel.ndim == 4:
            shapes.setdefault(kernel.shape, []).append(kernel)
    for alike in shapes.values():  # no two layers start alike
        assert len({kernel.tobytes() for kernel in alike}) == len(alike)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "mixed_float16"])
def test_trains_and_survives_saving(dtype, images, tmp_path):
    generator = ResNet(4).generator(Signature(Latent(8)), Image((16, 16, 1)), dtype=dtype)
    gan = kgan.GAN(generator, ResNet(4).discriminator(Signature(Image((16, 16, 1))), dtype=dtype))
    gan.compile("hinge", discriminator_steps=2)
    history = gan.fit(images, batch_size=16, epochs=1, verbose=0).history
    assert np.isfinite([values[-1] for values in history.values()]).all()
    gan.save(tmp_path / "gan.keras")
    again = kgan.load_model(tmp_path / "gan.keras")
    np.testing.assert_array_equal(again.generate(4, seed=1), gan.generate(4, seed=1))
    np.testing.assert_array_equal(again.discriminator(images), gan.discriminator(images))


def test_impossible_arguments():
    with pytest.raises(ValueError, match="image_shape must be"):
        ResNet(4).generator(Signature(Latent(4)), Image((30, 30, 1)))
    with pytest.raises(ValueError, match="width must be an integer of at least 1; received 0"):
        ResNet(0).discriminator(Signature(Image((28, 28, 1))))
