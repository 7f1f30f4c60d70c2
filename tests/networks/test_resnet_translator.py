"""CycleGAN's generator has the parameters of the arithmetic, and takes any size."""

import keras
import numpy as np
import pytest

import kgan
from kgan.errors import UsageError
from kgan.networks import ResNetTranslator, UNet
from kgan.signature import Image, Latent, Signature

SOURCE, TARGET = Image((None, None, 2), "source"), Image((None, None, 3), "target")
SAME = Image((None, None, 3), "same")


def network(latent=0, **arguments):
    noise = [Latent(latent)] if latent else []
    return ResNetTranslator(**{"width": 4, "blocks": 2, **arguments}).generator(
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


@pytest.mark.parametrize("blocks", [6, 9])
@pytest.mark.parametrize("upsampling", ["resize", "transposed"])
def test_the_parameters_of_the_paper(upsampling, blocks):
    """c7s1-64, d128, d256, R256, u128, u64, c7s1-3; with nine blocks 11.4 million."""
    found = ResNetTranslator(blocks=blocks, upsampling=upsampling).generator(
        Signature(Image((None, None, 3), "source")), TARGET
    )
    down = 49 * 3 * 64 + 9 * (64 * 128 + 128 * 256)
    up = 9 * (256 * 128 + 128 * 64) + 49 * 64 * 3 + 3
    scales_and_shifts = 2 * (64 + 128 + 256 + 128 + 64) + blocks * 4 * 256
    expected = down + up + blocks * 2 * 9 * 256 * 256 + scales_and_shifts
    assert found.count_params() == expected
    assert blocks == 6 or expected == pytest.approx(11.4e6, rel=0.01)


def test_without_normalization_there_are_shifts():
    convolutions = [
        layer for layer in network(normalization="none").layers if hasattr(layer, "kernel")
    ]
    assert all(layer.use_bias for layer in convolutions) and len(convolutions) == 10


def test_a_block_adds_to_what_it_gets():
    """With kernels of zero in the blocks, their output is their input."""
    model = network(normalization="none")
    before, first, last = (
        model.get_layer(name).output for name in ("halving_2", "block_1", "block_2")
    )
    inside = keras.Model(model.input, [before, first, last])
    for layer in model.layers:
        if hasattr(layer, "kernel") and tuple(layer.kernel.shape) == (3, 3, 16, 16):
            layer.set_weights([0 * weight for weight in layer.get_weights()])
    before, first, last = map(np.asarray, inside(images(16, 16)))
    np.testing.assert_array_equal(first, np.maximum(before, 0))
    np.testing.assert_array_equal(last, first)


@pytest.mark.parametrize("normalization", ["instance", "batch"])
def test_a_residual_network_begins_near_its_source(normalization):
    arguments = {"residual": True, "normalization": normalization}
    model = ResNetTranslator(4, 2, **arguments).generator(Signature(TARGET), SAME)
    given = images(13, 19, 3)
    made = np.asarray(model(given))
    assert 0 < np.abs(made - given).max() < 0.1
    # The difference is the last convolution's: twice its weights, twice the difference.
    last = [layer for layer in model.layers if hasattr(layer, "kernel")][-1]
    last.set_weights([2 * weight for weight in last.get_weights()])
    twice = np.asarray(model(given))
    inside = (np.abs(made) < 1) & (np.abs(twice) < 1)
    np.testing.assert_allclose((twice - given)[inside], 2 * (made - given)[inside], atol=1e-5)
    # What leaves the range is clipped in inference alone.
    last.set_weights([1e5 * weight for weight in last.get_weights()])
    assert np.abs(np.asarray(model(given))).max() == 1.0
    assert np.abs(np.asarray(model(given, training=True))).max() > 1.0


def test_a_constant_image_stays_constant():
    """No frame is seen: the edges are reflected, but for those of the halvings."""
    model = network(normalization="none", blocks=1)
    made = np.asarray(model(np.full((1, 32, 32, 2), 0.5, "float32")))
    inner = made[:, :16, :16]
    np.testing.assert_allclose(inner, np.broadcast_to(made[:, :1, :1], inner.shape), atol=1e-6)


def test_the_features_are_those_that_cut_contrasts():
    for blocks, names in [(9, ["block_1", "block_5"]), (1, ["block_1"])]:
        networks = ResNetTranslator(width=4, blocks=blocks)
        model = networks.generator(Signature(SOURCE), TARGET)
        found = networks.features(model)
        assert list(found) == ["pixels", "halving_1", "halving_2", *names]
        assert found["pixels"] is model.inputs[0]
        assert found["block_1"] is model.get_layer("block_1").output
        inside = keras.Model(model.input, found)(images(16, 24))
        shapes = [features.shape for features in inside.values()]
        expected = [(2, 16, 24, 2), (2, 8, 12, 8), (2, 4, 6, 16), *[(2, 4, 6, 16)] * len(names)]
        assert shapes == expected


def test_a_network_without_features_says_so():
    model = UNet(2, 1).generator(Signature(SOURCE), TARGET)
    with pytest.raises(UsageError, match=r'must have features\(\).*UNet has none. Use "resnet"'):
        UNet(2, 1).features(model)


@pytest.mark.parametrize("normalization", ["batch", "none"])
def test_a_latent_changes_the_image(normalization):
    model = network(latent=5, normalization=normalization)
    model.set_weights([5 * weight for weight in model.get_weights()])
    made = [
        np.asarray(model({"source": images(9, 9), "latent": np.full((2, 5), value, "float32")}))
        for value in (-1, 1)
    ]
    assert np.abs(made[0] - made[1]).max() > 1e-3


def test_a_latent_that_the_normalization_would_take_away_is_refused():
    with pytest.raises(UsageError, match="latent_dim must be 0 here") as raised:
        network(latent=5)
    assert raised.value.argument == "latent_dim"


def test_a_residual_network_of_other_channels_is_refused():
    message = "residual must be False where a source of 2 channels becomes an image of 3"
    with pytest.raises(UsageError, match=message) as raised:
        network(residual=True)
    assert raised.value.argument == "residual"


def test_a_seed_pins_the_weights():
    def weights(seed):
        return ResNetTranslator(4, 1).generator(Signature(SOURCE), TARGET, seed).get_weights()

    for first, second in zip(weights(1), weights(1), strict=True):
        np.testing.assert_array_equal(first, second)
    assert not np.array_equal(weights(1)[0], weights(2)[0])


def test_it_comes_back_from_its_configuration():
    networks = ResNetTranslator(8, 4, "transposed", "batch", residual=True)
    twin = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(networks))
    assert repr(twin) == repr(networks)
    assert repr(kgan.networks.translators.get("resnet")) == repr(ResNetTranslator())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"blocks": 0}, "blocks must be an integer of at least 1"),
        ({"upsampling": "bilinear"}, "upsampling.*resize"),
        ({"normalization": "layer"}, "normalization.*instance"),
        ({"residual": 1}, "residual must be True or False"),
    ],
)
def test_what_is_refused(arguments, message):
    with pytest.raises(UsageError, match=message):
        ResNetTranslator(**arguments)
