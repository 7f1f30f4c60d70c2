import numpy as np
import pytest

from kgan.errors import UsageError
from kgan.metrics.frechet import frechet_distance, statistics


def test_statistics_are_the_mean_and_the_unbiased_covariance():
    mean, covariance = statistics([[0, 0], [2, 0], [0, 4], [2, 4]])
    assert mean.dtype == covariance.dtype == np.float64
    assert mean.tolist() == [1, 2]
    assert np.allclose(covariance, [[4 / 3, 0], [0, 16 / 3]], rtol=1e-15)


def test_statistics_do_not_lose_digits_far_from_the_origin():
    features = np.float32([[4096.5], [4097.5]])
    assert statistics(features)[1].item() == 0.5


def test_two_gaussians_with_diagonal_covariances():
    """|m₁ − m₂|² + Σ (s₁ − s₂)², s the standard deviations: 25 + (1 − 3)² + (2 − 5)² = 38."""
    first = np.array([0.0, 0.0]), np.diag([1.0, 4.0])
    second = np.array([3.0, 4.0]), np.diag([9.0, 25.0])
    assert frechet_distance(first, second) == pytest.approx(38, rel=1e-14)
    assert frechet_distance(second, first) == pytest.approx(38, rel=1e-14)


def test_covariances_that_do_not_commute():
    """Of 2x2 matrices tr (AB)^½ = (tr AB + 2 (det AB)^½)^½; here AB = [[2, 3], [1, 6]]."""
    first = np.zeros(2), np.diag([1.0, 3.0])
    second = np.zeros(2), np.array([[2.0, 1.0], [1.0, 2.0]])
    product = first[1] @ second[1]
    trace = np.sqrt(np.trace(product) + 2 * np.sqrt(np.linalg.det(product)))
    assert trace == pytest.approx(np.sqrt(14), rel=1e-14)
    assert frechet_distance(first, second) == pytest.approx(8 - 2 * np.sqrt(14), rel=1e-12)


def test_a_rotation_of_the_features_changes_nothing():
    random = np.random.default_rng(0)
    first, second = random.normal(size=(50, 4)), random.normal(1, 2, size=(60, 4))
    rotation = np.linalg.qr(random.normal(size=(4, 4)))[0]
    plain = frechet_distance(statistics(first), statistics(second))
    rotated = frechet_distance(statistics(first @ rotation), statistics(second @ rotation))
    assert plain > 1
    assert rotated == pytest.approx(plain, rel=1e-12)


def test_the_formula_of_the_paper_on_random_covariances():
    """Against the root of the product by its eigenvalues, which are real and positive here."""
    random = np.random.default_rng(1)
    first, second = (statistics(random.normal(size=(40, 6)) * scale) for scale in (1, 3))
    roots = np.sqrt(np.linalg.eigvals(first[1] @ second[1]))
    assert np.abs(np.imag(roots)).max() == 0
    expected = ((first[0] - second[0]) ** 2).sum() + np.trace(first[1] + second[1])
    assert frechet_distance(first, second) == pytest.approx(
        expected - 2 * roots.real.sum(), rel=1e-12
    )


def test_identical_sets_score_zero():
    features = np.random.default_rng(0).normal(size=(500, 96)) * 10
    assert 0 <= frechet_distance(statistics(features), statistics(features)) < 1e-10


@pytest.mark.parametrize("smallest", [0.0, 1e-18, 1e-9])
def test_singular_covariances(smallest):
    """Rank one in 64 dimensions, seen through a rotation: the distance is (2 − 1)² + 63·0."""
    rotation = np.linalg.qr(np.random.default_rng(0).normal(size=(64, 64)))[0]
    spread = np.full(64, smallest)
    covariances = []
    for largest in (1.0, 4.0):
        spread[0] = largest
        covariances.append(rotation @ np.diag(spread) @ rotation.T)
    distance = frechet_distance((np.zeros(64), covariances[0]), (np.zeros(64), covariances[1]))
    assert distance == pytest.approx(1, abs=1e-6)


def test_fewer_samples_than_dimensions():
    """Two samples each on one line, a quarter turn apart: C₁C₂ = 0, the traces stay."""
    first = statistics([[1, 0, 0], [-1, 0, 0]])
    second = statistics([[0, 3, 0], [0, -3, 0]])
    assert frechet_distance(first, second) == pytest.approx(2 + 18, rel=1e-12)


@pytest.mark.parametrize(
    ("features", "message"),
    [
        ([[1.0, np.nan], [1.0, 2.0]], r"features must be finite; received NaN.*isfinite"),
        ([[1.0, 2.0]], r"features must hold at least 2 samples; received 1\. Generate or load"),
        (np.zeros((0, 2)), r"at least 2 samples; received 0"),
        (np.zeros((4, 2, 2)), r"shape \(n, dimensions\); received \(4, 2, 2\)\. Use .*reshape"),
        (np.zeros(4), r"shape \(n, dimensions\); received \(4,\)"),
        ([["a"], ["b"]], r"must be numbers; received <U1"),
    ],
)
def test_features_that_have_no_statistics(features, message):
    with pytest.raises(UsageError, match=message):
        statistics(features)


@pytest.mark.parametrize(
    ("first", "message"),
    [
        ((np.zeros(3), np.eye(3)), r"as many dimensions as each other; received 3 and 2.*same ex"),
        ((np.zeros(2), np.full((2, 2), np.nan)), r"first must be finite; received NaN"),
        ((np.zeros(2), np.eye(3)), r"the shapes \(2,\) and \(3, 3\)\. Use .*statistics"),
        ((np.zeros(2), [[1, 1], [0, 1]]), r"first must have a symmetric covariance"),
        (np.zeros((10, 2)), r"first must be a pair \(mean, covariance\); received ndarray"),
        (None, r"first must be a pair .* received NoneType"),
    ],
)
def test_what_is_no_pair_of_statistics(first, message):
    with pytest.raises(UsageError, match=message):
        frechet_distance(first, (np.zeros(2), np.eye(2)))
