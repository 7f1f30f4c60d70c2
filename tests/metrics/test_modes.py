"""The figures of mode coverage against closed forms."""

import math

import numpy as np
import pytest

from kgan.errors import UsageError
from kgan.metrics import modes

ANGLES = 2 * np.pi * np.arange(8) / 8
RING = np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1)
STD = 0.01


def draw(weights, n, std=STD):
    """Real samples of a ring with these weights."""
    random = np.random.RandomState(0)
    chosen = random.choice(8, size=n, p=np.divide(weights, np.sum(weights)))
    return RING[chosen] + std * random.standard_normal((n, 2))


def test_real_samples():
    n = 100_000
    samples = draw(np.ones(8), n)
    assert modes.captured(samples, RING, STD) == 8
    # A Rayleigh variable below three.
    assert modes.high_quality(samples, RING, STD) == pytest.approx(1 - math.exp(-4.5), abs=0.001)
    # 2n·KL is chi-squared with 7 degrees of freedom; 29.9 is passed once in 10,000 draws.
    assert 0 <= modes.reverse_kl(samples, RING, STD) < 29.9 / (2 * n)
    counts = modes.histogram(samples, RING, STD)
    assert counts.dtype == np.int64 and counts.shape == (8,)
    assert counts.sum() == round(n * modes.high_quality(samples, RING, STD))


def test_real_samples_score_chi_squared_on_average():
    values = [
        modes.reverse_kl(RING[np.random.RandomState(i).randint(8, size=500)], RING, STD)
        for i in range(400)
    ]
    assert np.mean(values) == pytest.approx(7 / (2 * 500), rel=0.1)


@pytest.mark.parametrize("kept", range(1, 9))
def test_some_modes_alone(kept):
    samples = np.repeat(RING[:kept], 5, axis=0)
    assert modes.captured(samples, RING, STD) == kept
    assert modes.high_quality(samples, RING, STD) == 1.0
    assert modes.reverse_kl(samples, RING, STD) == pytest.approx(math.log(8 / kept))


def test_uneven_modes():
    samples = np.repeat(RING, [8, 0, 0, 0, 4, 2, 1, 1], axis=0)
    entropy = math.log(2) * (1 / 2 + 2 / 4 + 3 / 8 + 2 * 4 / 16)
    assert modes.reverse_kl(samples, RING, STD) == pytest.approx(math.log(8) - entropy)
    assert modes.histogram(samples, RING, STD).tolist() == [8, 0, 0, 0, 4, 2, 1, 1]


def test_counts_alone():
    assert modes.kl_to_even([3, 3, 3]) == 0
    assert modes.kl_to_even([4, 0]) == pytest.approx(math.log(2))
    assert math.isnan(modes.kl_to_even([0, 0]))
    for counts in ([], [[1]], [-1, 2], ["a"], [math.nan]):
        with pytest.raises(UsageError, match=r"^counts must be numbers of at least 0"):
            modes.kl_to_even(counts)


def test_the_edge_of_high_quality():
    inside, outside = RING + np.array([0.0299, 0]), RING + np.array([0, 0.0301])
    assert modes.high_quality(np.concatenate([inside, outside]), RING, STD) == 0.5
    assert modes.captured(outside, RING, STD) == 0
    assert modes.captured(outside, RING, STD, within=4) == 8
    # What lies between the modes has no say in their weights.
    far = np.concatenate([RING[:4], np.zeros((96, 2))])
    assert modes.reverse_kl(far, RING, STD) == pytest.approx(math.log(2))
    assert math.isnan(modes.reverse_kl(outside, RING, STD))


def test_the_nearest_mode_counts():
    """With modes that overlap, a sample close to two belongs to the nearer one alone."""
    centres = [[0.0], [1.0]]
    assert modes.histogram([[0.4], [0.6], [0.7]], centres, std=1.0).tolist() == [1, 2]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"samples": np.zeros((4, 1, 1, 2))},
            r"samples must have the shape .*\(4, 1, 1, 2\).*samples.reshape",
        ),
        ({"samples": np.zeros((0, 2))}, "samples must hold at least 1 samples; received 0"),
        ({"samples": [[0.0, math.nan]]}, "samples must be finite"),
        ({"samples": "points"}, "samples must be numbers"),
        ({"centres": [[0.0, math.inf]]}, "centres must be finite"),
        (
            {"centres": np.zeros((3, 1))},
            "samples and centres must have the same number of dimensions; received 2 and 1",
        ),
        ({"std": 0}, "std must be above 0; received 0"),
        ({"std": -1.0}, "std must be a number of at least 0"),
        ({"within": math.nan}, "within must be a number"),
    ],
)
def test_bad_arguments(arguments, message):
    good = {"samples": RING, "centres": RING, "std": STD}
    for function in (modes.histogram, modes.captured, modes.high_quality, modes.reverse_kl):
        with pytest.raises(ValueError, match=message):
            function(**good | arguments)
