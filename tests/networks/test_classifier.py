import keras
import numpy as np
import pytest

from kgan.errors import UsageError
from kgan.networks.classifier import classifier


@pytest.fixture
def network():
    return classifier((28, 28, 1), classes=10, width=4, feature_dim=6)


def test_shapes_and_sizes(network):
    assert network.input_shape == (None, 28, 28, 1)
    assert network.output_shape == (None, 10)
    assert network.get_layer("features").output.shape == (None, 6)
    convolutions = 9 * (1 * 4 + 4 * 8 + 8 * 16)
    normalisation = 4 * (4 + 8 + 16 + 6)
    dense = 3 * 3 * 16 * 6 + 6 * 10 + 10
    assert network.count_params() == convolutions + normalisation + dense


def test_the_seed_pins_the_weights(network):
    keras.utils.set_random_seed(5)
    same = classifier((28, 28, 1), classes=10, width=4, feature_dim=6)
    other = classifier((28, 28, 1), classes=10, width=4, feature_dim=6, seed=1)
    for ours, theirs in zip(network.get_weights(), same.get_weights(), strict=True):
        assert np.array_equal(ours, theirs)
    assert not np.array_equal(network.get_weights()[0], other.get_weights()[0])


def test_it_is_float32_whatever_the_policy():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        network = classifier((8, 8, 3), classes=2, width=2, feature_dim=3)
        logits = network(np.zeros((1, 8, 8, 3), "float32"))
    finally:
        keras.config.set_dtype_policy("float32")
    assert {layer.compute_dtype for layer in network.layers[1:]} == {"float32"}
    assert keras.backend.standardize_dtype(logits.dtype) == "float32"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"image_shape": (28, 22, 1)}, "image_shape must be"),
        ({"classes": 1}, "classes must be an integer of at least 2; received 1"),
        ({"width": 0}, "width must be an integer of at least 1"),
        ({"feature_dim": 0}, "feature_dim must be an integer of at least 1"),
    ],
)
def test_wrong_arguments(change, message):
    arguments = {"image_shape": (28, 28, 1), "classes": 10, "width": 4, "feature_dim": 6}
    with pytest.raises(UsageError, match=message):
        classifier(**{**arguments, **change})
