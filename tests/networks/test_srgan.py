"""The discriminator of SRGAN has the paper's parameters and takes images of any size."""

import itertools

import keras
import numpy as np
import pytest

from kgan.errors import UsageError
from kgan.networks import SRGANDiscriminator
from kgan.signature import Image, Signature

TARGET = Signature(Image((None, None, 3), "target"))
PAIR = Signature(Image((None, None, 3), "source"), Image((None, None, 3), "target"))


def images(height, width, n=2):
    shape = (n, height, width, 3)
    return np.random.RandomState(0).uniform(-1, 1, shape).astype("float32")


@pytest.mark.parametrize("head", ["pooled", "patches"])
def test_the_parameters_of_the_paper(head):
    """Figure 4, with dense layers that see 512 features and not all of 6x6x512."""
    channels = [3, 64, 64, 128, 128, 256, 256, 512, 512]
    expected = sum(9 * a * b for a, b in itertools.pairwise(channels)) + 64
    expected += 4 * sum(channels[2:])
    expected += 512 * 1024 + 1024 + 1024 + 1
    network = SRGANDiscriminator(head=head).discriminator(TARGET)
    assert network.count_params() == expected


@pytest.mark.parametrize(("head", "shape"), [("pooled", (2, 1)), ("patches", (2, 6, 5, 1))])
def test_logits_of_any_size(head, shape):
    network = SRGANDiscriminator(2, head=head).discriminator(TARGET)
    made = network(images(96, 80))
    assert made.shape == shape and made.dtype == "float32"
    network = SRGANDiscriminator(2, 1, "none", head).discriminator(PAIR, dtype="mixed_float16")
    made = network({"source": images(5, 7), "target": images(5, 7)})
    assert made.dtype == "float32" and np.isfinite(made).all()


def test_the_pooled_logit_is_of_the_mean_features():
    network = SRGANDiscriminator(2, 1, "none").discriminator(TARGET)
    pool = network.layers[-4]
    features = np.asarray(keras.Model(network.input, pool.input)(images(16, 16, 1)))
    assert features.shape == (1, 8, 8, 2)
    np.testing.assert_allclose(pool(features), features.mean((1, 2)), rtol=1e-5)


def test_it_comes_back_from_its_configuration():
    judge = SRGANDiscriminator(8, 2, "none", "patches")
    twin = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(judge))
    assert repr(twin) == repr(judge)
    with pytest.raises(UsageError, match="halvings must be an integer of at least 1"):
        SRGANDiscriminator(halvings=0)
    with pytest.raises(UsageError, match="head='dense' is unknown; expected one of patches, pool"):
        SRGANDiscriminator(head="dense")
