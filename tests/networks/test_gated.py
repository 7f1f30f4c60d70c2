"""The networks of inpainting: any size, the context of their dilations, known pixels kept."""

import keras
import numpy as np
import pytest

from kgan.errors import UsageError
from kgan.networks import Filling, Gated, UNet, translators
from kgan.networks.gated import _GAIN
from kgan.signature import Image, Mask, Signature

SOURCE, TARGET = Image((None, None, 3), "source"), Image((None, None, 3), "target")
BOTH = Signature(SOURCE, Mask((None, None, 1)))
RANDOM = np.random.RandomState(0)


def network(dtype=None, **arguments):
    return Gated(**{"width": 4, "halvings": 1, "dilations": (2,)} | arguments).generator(
        BOTH, TARGET, dtype=dtype
    )


def inputs(height, width, n=2):
    images = RANDOM.uniform(-1, 1, (n, height, width, 3)).astype("float32")
    masks = (RANDOM.uniform(size=(n, height, width, 1)) > 0.3).astype("float32")
    return {"source": images, "mask": masks}


@pytest.mark.parametrize("size", [(4, 4), (8, 12), (7, 9)])
@pytest.mark.parametrize("halvings", [1, 2])
def test_any_height_and_width(size, halvings):
    made = np.asarray(network(halvings=halvings)(inputs(*size)))
    assert made.shape == (2, *size, 3) and made.dtype == np.float32
    assert np.abs(made).max() <= 1


def test_the_parameters_of_the_arithmetic():
    """Each gated convolution makes twice the channels that it gives."""
    w, c = 4, 8
    first = 25 * 4 * 2 * w + 2 * w
    down = 9 * w * 2 * c + 2 * c
    inner = 5 * (9 * c * 2 * c + 2 * c)  # one of the halving, then 1, 2, 1, 1
    up = 9 * c * 2 * w + 2 * w + 9 * w * 2 * w + 2 * w
    assert network().count_params() == first + down + inner + up + 9 * w * 3 + 3


@pytest.mark.slow
def test_dilations_widen_what_a_pixel_sees():
    def seen(*dilations):
        model, given = network(halvings=1, dilations=dilations), inputs(64, 64, 1)
        made = np.asarray(model(given))[0, 32, 32]
        rows = []
        for row in range(64):
            changed = given["source"].copy()
            changed[:, row] += 3
            if not np.array_equal(np.asarray(model({**given, "source": changed}))[0, 32, 32], made):
                rows.append(row)
        return max(rows) - min(rows) + 1

    narrow, wide = seen(), seen(2, 4)
    assert wide - narrow == pytest.approx(2 * 2 * (2 + 4), abs=2)


@pytest.mark.parametrize("dilations", [(2,), (2, 4, 8, 16)])
def test_features_keep_their_variance_however_deep(dilations):
    made = np.asarray(network(width=16, halvings=2, dilations=dilations)(inputs(96, 96, 1)))
    assert 0.05 < made.std() < 0.9


def test_the_gain_is_that_of_normal_numbers():
    features, gates = np.random.RandomState(0).normal(size=(2, 400_000))
    elu = np.where(features > 0, features, np.exp(features) - 1)
    square = np.square(elu / (1 + np.exp(-gates))).mean()
    assert pytest.approx(1 / _GAIN, rel=0.02) == square


def test_half_precision_ends_in_float32():
    model = network("mixed_float16")
    assert model(inputs(8, 8)).dtype == "float32"
    assert {weight.dtype for weight in model.weights} == {"float32"}


def test_it_comes_back_from_its_configuration():
    networks = Gated(8, 1, (2, 3), "batch")
    twin = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(networks))
    assert repr(twin) == repr(networks)
    assert repr(translators.get("gated")) == repr(Gated())


@pytest.mark.parametrize("dilations", [(0,), (2, 1.5), (True,)])
def test_dilations_that_are_none_are_refused(dilations):
    with pytest.raises(UsageError, match="dilations must be integers of at least 1"):
        Gated(dilations=dilations)


@pytest.mark.parametrize("inner", [Gated(4, 1, (2,)), UNet(4, 2)])
@pytest.mark.parametrize("dtype", ["float32", "mixed_float16"])
def test_filling_keeps_what_is_known_and_does_not_see_the_holes(inner, dtype):
    given = inputs(8, 9)
    model = Filling(inner).generator(BOTH, TARGET, dtype=dtype)
    made, known = np.asarray(model(given)), np.repeat(given["mask"] > 0, 3, -1)
    np.testing.assert_array_equal(made[known], given["source"][known])
    assert np.abs(made - given["source"])[~known].min() > 1e-6
    secret = np.where(known, given["source"], np.nan).astype("float32")
    np.testing.assert_array_equal(model({**given, "source": secret}), made)
    assert Filling(inner).smallest == inner.smallest
