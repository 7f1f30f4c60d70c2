"""The parts of the colourisation benchmark that have a known answer."""

import numpy as np
import pytest

from kgan.metrics.color import lab


@pytest.fixture
def picture():
    """One muted colour at several brightnesses."""
    levels = np.arange(80, 144, dtype=np.uint8).reshape(8, 8, 1)
    return levels + np.uint8([30, 10, 0])


def test_grey_is_the_luma(benchmark, picture):
    made = benchmark.grey(picture)
    expected = picture @ [0.299, 0.587, 0.114]
    assert made.shape == (8, 8, 1) and np.abs(made[..., 0] - expected).max() <= 0.5


def test_the_mean_color_is_of_all_pixels(benchmark, picture):
    other = np.full((4, 4, 3), 90, np.uint8)
    found = benchmark.mean_color([picture, other])
    own = lab(benchmark.floats(picture[np.newaxis]))[..., 1:].mean((0, 1, 2))
    assert found == pytest.approx(own * 64 / 80, abs=1e-3)


def test_one_color_for_each_pixel(benchmark, picture):
    made = benchmark.tinted(np.array([10.0, 12.0]))(benchmark.grey(picture))
    places = lab(benchmark.floats(np.stack([made, benchmark.neutral(benchmark.grey(picture))])))
    assert np.abs(places[0, ..., 1:] - [10, 12]).max() < 1  # rounded to whole levels
    assert np.abs(places[0, ..., 0] - places[1, ..., 0]).max() < 0.5


def test_scores_of_grey_are_the_chroma(benchmark, picture):
    ((error, colorful),) = benchmark.scores([picture], benchmark.neutral)
    chroma = lab(benchmark.floats(picture[np.newaxis]))[..., 1:]
    assert error == pytest.approx(np.linalg.norm(chroma, axis=-1).mean(), abs=0.01)
    assert colorful == 0
