import itertools

import keras
import numpy as np
import pytest

from kgan.errors import UsageError
from kgan.layers import SpectralNormalization
from kgan.networks import SNPatchGAN
from kgan.signature import Image, Mask, Signature

BOTH = Signature(Image((None, None, 3), "target"), Mask((None, None, 1)))


def both(size):
    random = np.random.RandomState(0)
    images = random.uniform(-1, 1, (2, size, size, 3)).astype("float32")
    return {"target": images, "mask": (images[..., :1] > 0).astype("float32")}


def test_the_layers_of_the_paper():
    """5x5 of stride 2: 64, 128, and four times 256 channels, all of which are logits."""
    network = SNPatchGAN().discriminator(BOTH)
    channels = [4, 64, 128, 256, 256, 256, 256]
    kernels = sum(25 * a * b + b for a, b in itertools.pairwise(channels))
    vectors = sum(channels[1:])
    assert network.count_params() == kernels + vectors
    assert network(both(128)).shape == (2, 2, 2, 256)


def test_every_convolution_has_spectral_normalization():
    network = SNPatchGAN(4, 3).discriminator(BOTH)
    kinds = [type(layer) for layer in network.layers]
    assert kinds.count(SpectralNormalization) == 3 and keras.layers.Conv2D not in kinds


def test_it_sees_images_and_masks():
    network, given = SNPatchGAN(4, 3).discriminator(BOTH), both(16)
    logits = np.asarray(network(given))
    for name in given:
        changed = network({**given, name: 1 - given[name]})
        assert np.abs(logits - changed).max() > 1e-4


def test_float32_logits_in_half_precision():
    network = SNPatchGAN(4, 2).discriminator(BOTH, dtype="mixed_float16")
    assert network(both(8)).dtype == "float32"


def test_it_comes_back_from_its_configuration():
    judge = SNPatchGAN(8, 4)
    twin = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(judge))
    assert repr(twin) == repr(judge)
    with pytest.raises(UsageError, match="layers must be an integer of at least 1"):
        SNPatchGAN(layers=0)
