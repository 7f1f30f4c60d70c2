import numpy as np
import pytest

from kgan.callbacks import indicators
from kgan.errors import UsageError

STEPS = np.arange(512)


def red_noise(seed, correlation=0.9, n=512):
    random = np.random.RandomState(seed)
    values = np.zeros(n)
    for step in range(1, n):
        values[step] = correlation * values[step - 1] + random.standard_normal()
    return values


def test_values_between_running_means():
    values = np.array([3.0, 1.0, 4.0, 1.0, 5.0, 9.0])
    counts = np.array([1, 2, 3, 1, 2, 3])  # two epochs
    means = np.concatenate([np.cumsum(part) / [1, 2, 3] for part in np.split(values, 2)])
    np.testing.assert_allclose(indicators.values_between(means, counts), values)


def test_values_between_are_means_over_the_steps_of_a_call():
    values = np.random.RandomState(0).standard_normal(20)
    means = np.cumsum(values) / np.arange(1, 21)
    found = indicators.values_between(means[4::5], [5, 10, 15, 20])
    np.testing.assert_allclose(found, values.reshape(4, 5).mean(1))


def test_values_after_a_resume_go_on_from_the_mean_before():
    # A resumed epoch begins with the mean of the steps that the killed run took.
    assert indicators.values_between([2.0, 3.0], [10, 11]).tolist() == [2.0, 13.0]


@pytest.mark.parametrize("period", [8.0, 20.0, 50.0])
def test_a_sine_in_noise_has_a_peak_at_its_period(period):
    noise = np.random.RandomState(0).standard_normal(512)
    peak = indicators.spectral_peak(3 * np.sin(2 * np.pi * STEPS / period) + noise)
    assert peak.period == pytest.approx(period, rel=0.03)
    # The sine has 9 / 2 of the variance of 9 / 2 + 1.
    assert peak.share == pytest.approx(4.5 / 5.5, abs=0.06)
    assert peak.amplitude == pytest.approx(3.0, rel=0.06)
    assert peak.ratio > 4


def test_a_trend_is_no_oscillation():
    noise = np.random.RandomState(0).standard_normal(512)
    assert indicators.spectral_peak(noise).share < 0.1
    assert indicators.spectral_peak(0.1 * STEPS + noise).share == pytest.approx(
        indicators.spectral_peak(noise).share, abs=0.01
    )


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9, 0.98])
def test_red_noise_has_no_peak(correlation):
    peaks = [indicators.spectral_peak(red_noise(seed, correlation)) for seed in range(200)]
    assert not any(peak.share > 0.65 and peak.ratio > 4 for peak in peaks)


def test_an_oscillation_in_red_noise_has_a_peak():
    sine = np.sin(2 * np.pi * STEPS / 12)
    for seed in range(20):
        noise = red_noise(seed)
        peak = indicators.spectral_peak(2 * noise.std() * sine + noise)
        assert peak.period == pytest.approx(12, rel=0.05)
        assert peak.share > 0.5 and peak.ratio > 4


def test_a_known_rhythm_is_none():
    noise = np.random.RandomState(0).standard_normal(512)
    beat = np.where(STEPS % 8 == 0, 8.0, 0.0)
    assert indicators.spectral_peak(beat + noise).share > 0.2
    peak = indicators.spectral_peak(beat + noise, known=[8])
    assert peak.share < 0.02
    swing = 3 * np.sin(2 * np.pi * STEPS / 20)
    assert indicators.spectral_peak(beat + noise + swing, known=[8]).period == pytest.approx(
        20, rel=0.03
    )
    assert indicators.spectral_peak(noise[:64], known=np.arange(3, 40)) is None


def test_short_and_constant_series_have_no_spectrum():
    assert indicators.spectral_peak(np.sin(STEPS[:63])) is None
    assert indicators.spectral_peak(np.full(512, 0.3)) is None


def test_separation_is_the_share_of_pairs():
    assert indicators.separation([1, 2], [0, -1, 0.5]) == 1.0
    assert indicators.separation([0, 2], [1, 1]) == 0.5
    assert indicators.separation([1.0], [1.0]) == 0.5
    # P(X > Y) of normals whose means are 1 apart is Φ(1 / √2).
    random = np.random.RandomState(0)
    found = indicators.separation(
        1 + random.standard_normal(20_000), random.standard_normal(20_000)
    )
    assert found == pytest.approx(0.7602, abs=0.005)


def test_overfitting_goes_from_training_reals_to_fakes():
    assert indicators.overfitting([2.0, 4.0], [3.0], [-1.0]) == 0.0
    assert indicators.overfitting([3.0], [-1.0, -1.0], [-1.0]) == 1.0
    assert indicators.overfitting([3.0], [2.0], [-1.0]) == 0.25
    assert np.isnan(indicators.overfitting([1.0], [0.0], [1.0]))


def test_pooled_means_of_blocks():
    images = np.arange(2 * 28 * 28, dtype=float).reshape(2, 28, 28, 1)
    features = indicators.pooled(images)
    assert features.shape == (2, 49)
    assert features[1, 0] == images[1, :4, :4].mean()
    assert features[0, -1] == images[0, 24:, 24:].mean()
    points = np.random.RandomState(0).standard_normal((5, 1, 1, 2))
    np.testing.assert_array_equal(indicators.pooled(points), points.reshape(5, 2))
    assert indicators.pooled(np.zeros((3, 30, 16, 3))).shape == (3, 7 * 8 * 3)


def test_centres_are_the_clusters_and_effective_modes_counts_them():
    random = np.random.RandomState(0)
    corners = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    reals = np.repeat(corners, 25, 0) + 0.01 * random.standard_normal((100, 2))
    centres = indicators.cluster_centres(reals, 4)
    np.testing.assert_allclose(centres[np.lexsort(np.round(centres).T[::-1])], corners, atol=0.01)
    assert indicators.effective_modes(reals, centres) == pytest.approx(4.0)
    assert indicators.effective_modes(corners[:1], centres) == 1.0
    assert indicators.effective_modes(corners[[0, 0, 1, 1]], centres) == pytest.approx(2.0)
    # exp of the entropy of (3/4, 1/4)
    assert indicators.effective_modes(corners[[0, 0, 0, 1]], centres) == pytest.approx(4 / 3**0.75)


def test_coinciding_points_have_cells():
    assert indicators.cluster_centres(np.ones((5, 2)), 3).tolist() == [[1, 1]]
    points = [[1, 1], [0, 2], [1, 1], [0, 2], [5, 0]]
    assert indicators.cluster_centres(points, 4).tolist() == [[0, 2], [1, 1], [5, 0]]
    assert len(indicators.cluster_centres(points, 2)) == 2


def test_bad_arguments_raise():
    with pytest.raises(UsageError, match=r"series must be finite; received NaN"):
        indicators.spectral_peak([np.nan] * 100)
    with pytest.raises(UsageError, match=r"high must have the shape \(n,\)"):
        indicators.separation([], [1.0])
    with pytest.raises(
        UsageError, match="features and centres must have the same number of dimensions"
    ):
        indicators.effective_modes(np.zeros((5, 2)), np.zeros((5, 3)))
    with pytest.raises(UsageError, match=r"features must hold at least 4 samples"):
        indicators.cluster_centres(np.zeros((3, 2)), 4)
