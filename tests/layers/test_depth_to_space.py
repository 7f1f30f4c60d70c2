"""Channels become pixels, as torch's pixel shuffle has them up to the order of the channels."""

import keras
import numpy as np
import pytest

from kgan.errors import UsageError
from kgan.layers import DepthToSpace


@pytest.mark.parametrize("scale", [1, 2, 3])
def test_pixels_are_channels(scale):
    inputs = np.random.RandomState(0).normal(size=(2, 4, 5, 3 * scale**2)).astype("float32")
    made = np.asarray(DepthToSpace(scale)(inputs))
    assert made.shape == (2, 4 * scale, 5 * scale, 3)
    for row in range(scale):
        for column in range(scale):
            first = 3 * (scale * row + column)
            expected = inputs[..., first : first + 3]
            np.testing.assert_array_equal(made[:, row::scale, column::scale], expected)


def test_other_backends_compute_the_same(monkeypatch):
    inputs = np.random.RandomState(0).normal(size=(2, 4, 5, 12)).astype("float32")
    layer = DepthToSpace(2)
    here = np.asarray(layer(inputs))
    monkeypatch.setattr(keras.backend, "backend", lambda: "another")
    np.testing.assert_array_equal(np.asarray(layer.call(inputs)), here)


def test_free_sizes_half_precision_and_its_configuration():
    layer = DepthToSpace(2, dtype="mixed_float16")
    assert layer(keras.Input((None, 7, 8))).shape == (None, None, 14, 2)
    assert layer(np.zeros((1, 2, 2, 4), "float32")).dtype == "float16"
    twin = DepthToSpace.from_config(layer.get_config())
    assert twin.scale == 2 and twin.dtype_policy.name == "mixed_float16"
    with pytest.raises(UsageError, match="scale must be an integer of at least 1"):
        DepthToSpace(0)
