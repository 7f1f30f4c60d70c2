"""The networks keep the five rules of the paper, and have the parameters that arithmetic gives."""

import keras
import numpy as np
import pytest
from keras import layers

from kgan.networks import DCGAN
from kgan.signature import Image, Latent, Signature

SHAPES = [
    (8, 8, 1),
    (16, 40, 1),
    (64, 32, 3),
    (12, 12, 2),
    (20, 20, 3),
    (28, 28, 1),
    (36, 36, 4),
    (64, 64, 3),
    (100, 100, 1),
]


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes_and_ranges(shape):
    generator = DCGAN(4).generator(Signature(Latent(5)), Image(shape))
    discriminator = DCGAN(4).discriminator(Signature(Image(shape)))
    images = np.asarray(generator(np.random.RandomState(0).normal(size=(3, 5))))
    assert images.shape == (3, *shape) and images.dtype == "float32"
    assert np.abs(images).max() <= 1.0
    assert discriminator(images).shape == (3, 1)


def test_the_largest_has_the_right_shape():
    assert DCGAN(2).generator(Signature(Latent(4)), Image((256, 256, 4))).output_shape == (
        None,
        256,
        256,
        4,
    )
    assert DCGAN(2).discriminator(Signature(Image((256, 256, 4)))).output_shape == (None, 1)


def test_the_five_rules():
    generator = DCGAN(8).generator(Signature(Latent(100)), Image((64, 64, 3)))
    discriminator = DCGAN(8).discriminator(Signature(Image((64, 64, 3))))
    for model in (generator, discriminator):
        names = {type(layer).__name__ for layer in model.layers}
        assert not [name for name in names if "Pool" in name or "UpSampling" in name]
        convolutions = [
            layer
            for layer in model.layers
            if isinstance(layer, (layers.Conv2D, layers.Conv2DTranspose))
        ]
        assert {layer.strides for layer in convolutions} == {(2, 2)}
        normalised = [
            layer for layer in model.layers if isinstance(layer, layers.BatchNormalization)
        ]
        # All but the generator's output and the discriminator's input.
        assert len(normalised) == len(convolutions) - (model is discriminator)
    assert {type(layer).__name__ for layer in generator.layers} & {"ReLU", "LeakyReLU"} == {"ReLU"}
    assert {type(layer).__name__ for layer in discriminator.layers} & {"ReLU", "LeakyReLU"} == {
        "LeakyReLU"
    }
    assert [
        layer.negative_slope
        for layer in discriminator.layers
        if isinstance(layer, layers.LeakyReLU)
    ] == ([pytest.approx(0.2)] * 4)
    assert generator.layers[-1].activation.__name__ == "tanh"
    # Dense layers: the projection of the latent and the one logit, none hidden.
    assert [layer.units for layer in discriminator.layers if isinstance(layer, layers.Dense)] == [1]
    assert [type(layer).__name__ for layer in generator.layers].index("Dense") == 1
    assert sum(isinstance(layer, layers.Dense) for layer in generator.layers) == 1


def test_parameter_count():
    w, d = 8, 10
    generator = DCGAN(w).generator(Signature(Latent(d)), Image((28, 28, 1)))
    expected = d * 7 * 7 * 2 * w + 4 * 2 * w + 16 * 2 * w * w + 4 * w + 16 * w + 1
    assert generator.count_params() == expected
    discriminator = DCGAN(w).discriminator(Signature(Image((28, 28, 1))))
    expected = 16 * w + w + 16 * w * 2 * w + 4 * 2 * w + 16 * 2 * w * 4 * w + 4 * 4 * w
    expected += 4 * 4 * 4 * w + 1
    assert discriminator.count_params() == expected


def test_initial_weights():
    kernel = (
        DCGAN(64)
        .generator(Signature(Latent(100)), Image((28, 28, 1)), seed=3)
        .layers[1]
        .kernel.numpy()
    )
    assert kernel.std() == pytest.approx(0.02, rel=0.02) and abs(kernel.mean()) < 1e-3
    again = (
        DCGAN(64)
        .generator(Signature(Latent(100)), Image((28, 28, 1)), seed=3)
        .layers[1]
        .kernel.numpy()
    )
    other = (
        DCGAN(64)
        .generator(Signature(Latent(100)), Image((28, 28, 1)), seed=4)
        .layers[1]
        .kernel.numpy()
    )
    np.testing.assert_array_equal(kernel, again)
    assert not np.array_equal(kernel, other)


def test_half_precision_inside_float32_outside():
    generator = DCGAN(4).generator(Signature(Latent(4)), Image((16, 16, 1)), dtype="mixed_float16")
    assert generator.layers[1].compute_dtype == "float16"
    assert generator(np.zeros((1, 4))).dtype == "float32"


@pytest.mark.parametrize(
    "shape", [(30, 30, 1), (28, 30, 1), (4, 4, 1), (260, 260, 3), (28, 28, 5), (28, 28), "28", 28]
)
def test_impossible_shapes(shape):
    with pytest.raises(
        ValueError, match=r"image_shape must be \(height, width, channels\).*received"
    ):
        DCGAN(4).generator(Signature(Latent(4)), Image(shape))
    with pytest.raises(ValueError, match="image_shape must be"):
        DCGAN(4).discriminator(Signature(Image(shape)))


def test_impossible_counts():
    with pytest.raises(ValueError, match="width must be an integer of at least 1; received 0"):
        DCGAN(0).generator(Signature(Latent(4)), Image((8, 8, 1)))


def test_channels_come_last_whatever_the_users_setting():
    keras.config.set_image_data_format("channels_first")
    try:
        assert DCGAN(4).generator(Signature(Latent(4)), Image((20, 20, 3))).output_shape == (
            None,
            20,
            20,
            3,
        )
        assert DCGAN(4).discriminator(Signature(Image((20, 20, 3)))).output_shape == (None, 1)
    finally:
        keras.config.set_image_data_format("channels_last")
