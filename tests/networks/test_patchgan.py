"""PatchGAN has the paper's parameters, and each logit sees one patch of both images."""

import itertools

import keras
import numpy as np
import pytest

from kgan.errors import UsageError
from kgan.networks import PatchGAN
from kgan.signature import Image, Signature

PAIR = Signature(Image((None, None, 3), "source"), Image((None, None, 3), "target"))


def pair(size):
    random = np.random.RandomState(0)
    return {
        name: random.uniform(-1, 1, (1, size, size, 3)).astype("float32")
        for name in ("source", "target")
    }


def test_the_parameters_of_the_paper():
    """C64-C128-C256-C512, then one logit for each patch."""
    channels = [6, 64, 128, 256, 512, 1]
    expected = sum(16 * a * b for a, b in itertools.pairwise(channels))
    expected += 64 + 1 + 2 * (128 + 256 + 512)
    network = PatchGAN().discriminator(PAIR)
    assert network.count_params() == expected
    assert network(pair(64)).shape == (1, 8, 8, 1)


@pytest.mark.parametrize(("layers", "patch"), [(1, 16), (2, 34), (3, 70)])
@pytest.mark.parametrize("name", ["source", "target"])
def test_a_logit_sees_a_patch_of_both(layers, patch, name):
    network = PatchGAN(2, layers, "none").discriminator(PAIR)
    images = pair(96)
    logits = np.asarray(network(images))
    rows = []
    for row in range(96):
        changed = {**images, name: images[name].copy()}
        changed[name][:, row] += 10
        if not np.array_equal(
            np.asarray(network(changed))[0, 48 >> layers], logits[0, 48 >> layers]
        ):
            rows.append(row)
    assert max(rows) - min(rows) + 1 == patch


def test_float32_logits_in_half_precision():
    network = PatchGAN(2, 2).discriminator(PAIR, dtype="mixed_float16")
    assert network(pair(16)).dtype == "float32"


def test_it_comes_back_from_its_configuration():
    judge = PatchGAN(8, 2, "batch")
    twin = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(judge))
    assert repr(twin) == repr(judge)


def test_no_layers_are_refused():
    with pytest.raises(UsageError, match="layers must be an integer of at least 1"):
        PatchGAN(layers=0)
