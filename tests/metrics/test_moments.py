import itertools

import numpy as np
import pytest

from kgan.errors import UsageError
from kgan.metrics.frechet import statistics
from kgan.metrics.moments import Moments


@pytest.mark.parametrize("offset", [0, 1e4])
def test_moments_of_parts_are_the_statistics_of_all(offset):
    features = np.random.default_rng(0).normal(size=(1000, 12)) * np.arange(1, 13) + offset
    mean, covariance = statistics(features)
    parts = [Moments(12) for _ in range(3)]
    for moments, bounds in zip(parts, ((0, 1, 2, 300), (300, 990), (990, 1000)), strict=True):
        for start, end in itertools.pairwise(bounds):
            moments.add(features[start:end])
    whole = Moments(12)
    for moments in (*parts, Moments(12)):
        whole.merge(moments)
    assert whole.count == 1000
    found = whole.statistics()
    assert np.abs(found[0] / mean - 1).max() < 1e-12
    # Of each covariance as a share of the two standard deviations.
    scale = np.sqrt(np.outer(covariance.diagonal(), covariance.diagonal()))
    assert (np.abs(found[1] - covariance) / scale).max() < 1e-12
    assert parts[0].count == 300


def test_moments_go_on_after_their_statistics_were_asked_for():
    moments = Moments(1)
    moments.add([[1.0], [3.0]])
    mean, covariance = moments.statistics()
    moments.add(np.float32([[5.0]]))
    assert (mean.item(), covariance.item()) == (2, 2)
    assert [part.item() for part in moments.statistics()] == [3, pytest.approx(4, rel=1e-15)]


def test_samples_that_are_all_the_same_are_taken_on_request():
    features = np.random.default_rng(0).normal(size=(1, 5)).repeat(1000, 0).astype(np.float32)
    moments = Moments(5)
    for part in np.split(features, [3, 10, 500]):
        moments.add(part)
    assert not moments.varied
    for mean, covariance in (moments.statistics(), statistics(features, True)):
        assert mean == pytest.approx(features[0], rel=1e-12)
        assert np.abs(covariance).max() < 1e-28
    features[7, 2] = np.nextafter(features[7, 2], np.float32(9))
    almost = Moments(5)
    almost.add(features)
    assert almost.varied
    other = Moments(5)
    other.add(features[:1] + 1)
    other.merge(moments)
    assert other.varied and not moments.varied
    assert almost.statistics()[1][2, 2] == pytest.approx(statistics(features)[1][2, 2], rel=1e-6)


def test_moments_that_cannot_be():
    moments = Moments(2)
    with pytest.raises(UsageError, match="at least 2 samples; received 0. Call add"):
        moments.statistics()
    with pytest.raises(UsageError, match="features must have 2 dimensions; received 3"):
        moments.add(np.eye(3))
    with pytest.raises(UsageError, match="features must be finite"):
        moments.add([[1.0, np.nan]])
    with pytest.raises(UsageError, match="other must have 2 dimensions; received 3"):
        moments.merge(Moments(3))
    with pytest.raises(UsageError, match="other must be Moments; received tuple"):
        moments.merge((0, 0))
    with pytest.raises(UsageError, match="dim must be an integer of at least 1"):
        Moments(0)
