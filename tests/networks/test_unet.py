"""The U-Net keeps the paper's rules, has the parameters of the arithmetic, and takes any size."""

import itertools

import keras
import numpy as np
import pytest

import kgan
from kgan.errors import UsageError
from kgan.networks import UNet
from kgan.signature import Image, Latent, Signature

SOURCE, TARGET = Image((None, None, 2), "source"), Image((None, None, 3), "target")


def network(latent=0, **arguments):
    noise = [Latent(latent)] if latent else []
    return UNet(**{"width": 4, "depth": 3, **arguments}).generator(
        Signature(SOURCE, *noise), TARGET
    )


def images(height, width, channels=2):
    shape = (2, height, width, channels)
    return np.random.RandomState(0).uniform(-1, 1, shape).astype("float32")


@pytest.mark.parametrize("upsampling", ["resize", "transposed"])
@pytest.mark.parametrize("size", [(8, 8), (16, 24), (13, 19)])
def test_any_height_and_width(upsampling, size):
    made = np.asarray(network(upsampling=upsampling)(images(*size)))
    assert made.shape == (2, *size, 3) and made.dtype == "float32"
    assert np.abs(made).max() <= 1.0


@pytest.mark.parametrize(("upsampling", "kernel"), [("resize", 9), ("transposed", 16)])
def test_the_parameters_of_the_paper(upsampling, kernel):
    """C64-C128-C256-C512… and back, each level of the decoder beside the encoder's features."""
    found = UNet(upsampling=upsampling).generator(
        Signature(Image((None, None, 3), "source")), TARGET
    )
    down = [3, 64, 128, 256, 512, 512, 512, 512, 512]
    expected = sum(16 * a * b for a, b in itertools.pairwise(down)) + 64 + 512
    expected += 2 * sum(down[2:-1])  # scales and shifts of six levels
    entering = [512, 1024, 1024, 1024, 1024, 512, 256]
    leaving = [512, 512, 512, 512, 256, 128, 64]
    expected += sum(kernel * a * b for a, b in zip(entering, leaving, strict=True))
    expected += 2 * sum(leaving) + kernel * 128 * 3 + 3
    assert found.count_params() == expected


def test_every_pixel_sees_the_innermost_level_and_its_own_source():
    """The skips bring what is near, the bottleneck what is far."""
    model, one = network(normalization="none"), images(16, 16)
    model.set_weights([5 * weight for weight in model.get_weights()])
    changed = one.copy()
    changed[:, 0, 0] += 0.5
    difference = np.abs(np.asarray(model(one)) - np.asarray(model(changed)))
    assert difference[:, 0, 0].min() > 10 * difference[:, 12, 12].max() > 0


def test_a_latent_changes_the_image():
    model = network(latent=5)
    made = [
        np.asarray(model({"source": images(9, 9), "latent": np.full((2, 5), value, "float32")}))
        for value in (-1, 1)
    ]
    assert np.abs(made[0] - made[1]).max() > 1e-4


def test_a_seed_pins_the_weights():
    def weights(seed):
        return UNet(4, 2).generator(Signature(SOURCE), TARGET, seed).get_weights()

    for first, second in zip(weights(1), weights(1), strict=True):
        np.testing.assert_array_equal(first, second)
    assert not np.array_equal(weights(1)[0], weights(2)[0])


def test_it_comes_back_from_its_configuration():
    networks = UNet(8, 4, "transposed", "batch")
    twin = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(networks))
    assert repr(twin) == repr(networks)
    assert repr(kgan.networks.translators.get("unet")) == repr(UNet())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"depth": 0}, "depth must be an integer of at least 1"),
        ({"upsampling": "bilinear"}, "upsampling.*resize"),
        ({"normalization": "layer"}, "normalization.*instance"),
    ],
)
def test_what_is_refused(arguments, message):
    with pytest.raises(UsageError, match=message):
        UNet(**arguments)
