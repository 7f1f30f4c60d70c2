"""The samples of presets from images to images, and their weights in float32."""

import keras
import numpy as np
import pytest

import kgan
from kgan.zoo import registry


def test_emoji_are_those_of_the_packaged_presets_beside_their_targets(benchmark):
    found = benchmark.emoji("emoji", 16)
    for name in ("pix2pix_emoji", "cut_emoji"):
        stored = np.load(registry.PRESETS / name / "sources.npy")
        np.testing.assert_array_equal(found["sources"], stored)
    pairs = kgan.data.pairs("emoji", split="test", channels=3, batch_size=1)
    drawn = {source.tobytes(): target for (source,), (target,) in pairs.as_numpy_iterator()}
    for source, target in zip(found["sources"], found["targets"], strict=True):
        np.testing.assert_array_equal(drawn[source.tobytes()], target)


def test_patches_are_of_the_packaged_test_photographs_in_turn(benchmark):
    pytest.importorskip("skimage")
    found = benchmark.patches(4, 64)
    assert found.shape == (4, 64, 64, 3) and found.dtype == np.uint8
    np.testing.assert_array_equal(benchmark.patches(2, 64), found[:2])
    pictures = [
        image for name, image in benchmark.photographs().items() if name not in benchmark.OTHERS
    ]
    windows = np.lib.stride_tricks.sliding_window_view
    for number, patch in enumerate(found):
        rows = windows(pictures[number % 3], (1, 64, 3))[..., 0, :, :].squeeze()
        assert (rows == patch[0]).all((-2, -1)).any()


def test_half_precision_becomes_float32_with_the_same_weights(benchmark):
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    half = kgan.zoo.recipe("cut_emoji").model()
    whole = benchmark.in_float32("cut_emoji", half)
    keras.config.set_dtype_policy(policy)
    assert (half.precision, whole.precision) == ("mixed_bfloat16", "float32")
    for name in ("generator", "averaged_generator", "discriminator", "heads"):
        networks = [getattr(gan, name).get_weights() for gan in (half, whole)]
        for old, new in zip(*networks, strict=True):
            np.testing.assert_array_equal(old, new)
