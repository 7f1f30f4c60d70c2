"""SRVGG, SRResNet and RRDBNet: the papers' parameters, any size, and pixels where they belong."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import kgan
from kgan.errors import UsageError
from kgan.networks import SRVGG, RRDBNet, SRResNet, receptive_field
from kgan.signature import Image, Signature

SOURCE, TARGET = Image((None, None, 3), "source"), Image((None, None, 3), "target")
SMALL = {"srvgg": SRVGG(4, 1), "srresnet": SRResNet(4, 1), "rrdbnet": RRDBNet(4, 1, 2)}


def made(networks, dtype=None, seed=0):
    return networks.generator(Signature(SOURCE), TARGET, seed, dtype)


def scaled(name, scale):
    networks = SMALL[name]
    return type(networks).from_config(networks.get_config() | {"scale": scale})


def images(height, width):
    shape = (2, height, width, 3)
    return np.random.RandomState(0).uniform(-1, 1, shape).astype("float32")


def convolution(size, inputs, outputs):
    return size**2 * inputs * outputs + outputs


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_any_height_and_width(name, scale):
    network = made(scaled(name, scale))
    for height, width in ((1, 1), (5, 8)):
        found = np.asarray(network(images(height, width)))
        assert found.shape == (2, scale * height, scale * width, 3) and found.dtype == "float32"
        assert np.abs(found).max() <= 1.0
    # Twice the images are twice the places: no size is built in.
    assert network.output_shape == (None, None, None, 3)


def test_the_parameters_of_srvgg():
    """The code's 16 convolutions of 64 channels, and the network that was tried first."""
    inside = 16 * convolution(3, 64, 64) + convolution(3, 3, 64) + convolution(3, 64, 48)
    assert made(SRVGG(64, 8, residual=False)).count_params() == inside
    assert made(SRVGG(64, 8)).count_params() == inside + convolution(3, 64, 64)
    assert made(SRVGG(32, 8)).count_params() == 171_984


@pytest.mark.parametrize(("scale", "steps"), [(2, [4]), (3, [9]), (4, [4, 4])])
@pytest.mark.parametrize("normalization", ["batch", "none"])
def test_the_parameters_of_srresnet(scale, steps, normalization):
    """Figure 4: k9n64, 16 blocks, k3n64, k3n256 as often as needed, k9n3; PReLU by channel."""
    expected = convolution(9, 3, 64) + 33 * convolution(3, 64, 64) + convolution(9, 64, 3)
    expected += 64 * (1 + 16 + len(steps))
    expected += sum(convolution(3, 64, 64 * squares) for squares in steps)
    if normalization == "batch":
        expected += 33 * 4 * 64
    assert made(SRResNet(scale=scale, normalization=normalization)).count_params() == expected


def test_the_parameters_of_rrdbnet():
    """Those of the authors' network, 16,697,987."""
    dense = sum(convolution(3, 64 + 32 * each, 32) for each in range(4))
    dense += convolution(3, 64 + 4 * 32, 64)
    around = 2 * convolution(3, 3, 64) - 64 + 3 + 4 * convolution(3, 64, 64)
    assert made(RRDBNet(blocks=1)).count_params() == 3 * dense + around
    assert 23 * 3 * dense + around == 16_697_987


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_srvgg_begins_near_the_bilinear_image(dtype):
    """The first image is the skip, in float32, and a little that the convolutions make."""
    network, source = made(SRVGG(32, 2, scale=2), dtype), images(6, 6)
    bilinear = np.asarray(keras.ops.image.resize(source, (12, 12), "bilinear"))
    assert np.abs(np.asarray(network(source)) - bilinear).mean() < 0.1
    last = [layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D)][-1]
    last.kernel.assign(keras.ops.zeros_like(last.kernel))
    np.testing.assert_allclose(network(source), bilinear, atol=1e-6)


def test_the_residual_scaling_of_rrdbnet():
    """Three dense blocks whose last convolutions give 10 add 0.2 · 10 each; 0.2 of all is added."""
    network = made(RRDBNet(2, 1, 1, scale=2))
    convolutions = [each for each in network.layers if isinstance(each, keras.layers.Conv2D)]
    for layer in convolutions[1:-4]:
        layer.kernel.assign(keras.ops.zeros_like(layer.kernel))
        layer.bias.assign(keras.ops.zeros_like(layer.bias))
    for last in convolutions[5:16:5]:
        last.bias.assign([10.0, 10.0])
    first, trunk = convolutions[0], convolutions[16]
    inside = keras.Model(network.input, [first.output, trunk.input])
    before, after = map(np.asarray, inside(images(3, 3)))
    np.testing.assert_allclose(after, before + 0.2 * (before + 3 * 0.2 * 10), rtol=1e-5)


@pytest.mark.parametrize("name", SMALL)
def test_a_pixel_changes_its_own_place(name):
    network, one = made(SMALL[name]), images(24, 24)
    changed = one.copy()
    changed[:, 12, 5] += 0.5
    difference = np.abs(np.asarray(network(changed)) - np.asarray(network(one))).sum((0, 3))
    row, column = np.unravel_index(difference.argmax(), difference.shape)
    assert abs(row / 4 - 12.5) <= 1.5 and abs(column / 4 - 5.5) <= 1.5


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("name", SMALL)
def test_no_pixel_sees_beyond_the_receptive_field(name, scale):
    """By the gradient of the first columns, where all weights are positive; nor does it see less
    than a pixel within."""
    network = made(scaled(name, scale))
    radius = receptive_field(network).radius
    network.set_weights([np.abs(weight) for weight in network.get_weights()])
    unclipped = keras.Model(network.input, network.layers[-1].input)
    source = tf.Variable(np.abs(images(3, 2 * radius + 5)))
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(unclipped(source)[:, :, :scale])
    reached = np.asarray(tape.gradient(total, source)).max((0, 1, 3)) > 0
    assert radius - 1 <= np.flatnonzero(reached).max() <= radius


@pytest.mark.parametrize(
    "networks",
    [SRVGG(4, 3), SRResNet(4, 3), RRDBNet(4, 2, 2)],
    ids=lambda each: type(each).__name__,
)
def test_no_more_than_two_gradients_are_added_at_once(networks, sums):
    """The order of three would be another in every run; see `kgan.ops.branches`."""
    network = made(networks)

    def gradients(source):
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(network(source, training=True))
        return tape.gradient(total, network.trainable_variables)

    assert max(sums(gradients, tf.TensorSpec((1, 5, 5, 3)))) == 2


@pytest.mark.parametrize("name", SMALL)
def test_half_precision_inside_float32_outside(name):
    network = made(SMALL[name], "mixed_float16")
    assert {layer.compute_dtype for layer in network.layers} == {"float16", "float32"}
    assert network(images(4, 4)).dtype == "float32"


@pytest.mark.parametrize("name", SMALL)
def test_it_comes_back_from_its_configuration_and_a_seed_pins_its_weights(name):
    twin = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(SMALL[name]))
    assert repr(twin) == repr(SMALL[name])
    assert type(kgan.networks.translators.get(name)) is type(twin)
    first, second, other = (made(twin, seed=seed).get_weights() for seed in (1, 1, 2))
    assert all(map(np.array_equal, first, second)) and not np.array_equal(first[0], other[0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: SRVGG(scale=5), "scale must be an integer, 2 to 4"),
        (lambda: SRVGG(blocks=0), "blocks must be an integer of at least 1"),
        (lambda: SRVGG(residual=1), "residual must be True or False"),
        (lambda: SRResNet(normalization="instance"), "normalization='instance' is unknown"),
        (lambda: RRDBNet(growth=0), "growth must be an integer of at least 1"),
    ],
)
def test_what_is_refused(call, message):
    with pytest.raises(UsageError, match=message):
        call()
