import itertools

import numpy as np
import pytest

from kgan.errors import UsageError
from kgan.metrics import frechet
from kgan.metrics.frechet import (
    frechet_distance,
    frechet_distance_by_class,
    frechet_distance_infinite,
    statistics,
)
from kgan.metrics.moments import Moments


def test_statistics_are_the_mean_and_the_unbiased_covariance():
    mean, covariance = statistics([[0, 0], [2, 0], [0, 4], [2, 4]])
    assert mean.dtype == covariance.dtype == np.float64
    assert mean.tolist() == [1, 2]
    assert np.allclose(covariance, [[4 / 3, 0], [0, 16 / 3]], rtol=1e-15)


def test_statistics_do_not_lose_digits_far_from_the_origin():
    features = np.float32([[4096.5], [4097.5]])
    assert statistics(features)[1].item() == 0.5


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_features_stay_as_they_are(dtype):
    features = np.arange(6, dtype=dtype).reshape(3, 2)
    statistics(features)
    Moments(2).add(features)
    assert features.tolist() == [[0, 1], [2, 3], [4, 5]]


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
        ([[1, 2], [3]], "features must be numbers, one row per sample"),
        (np.full((4, 2), 1e160), r"at most 1e\+50 in absolute value.* received 1e\+160"),
        (np.full((7, 3), 0.1), r"must vary in some dimension; received 7 copies of one sample"),
    ],
)
def test_features_that_have_no_statistics(features, message):
    with pytest.raises(UsageError, match=message):
        statistics(features)


@pytest.mark.parametrize(
    ("first", "message"),
    [
        ((np.zeros(3), np.eye(3)), r"the same number of dimensions; received 3 and 2.*same ex"),
        ((np.zeros(2), np.full((2, 2), np.nan)), r"first must be finite; received NaN"),
        ((np.zeros(2), np.eye(3)), r"the shapes \(2,\) and \(3, 3\)\. Use .*statistics"),
        ((np.zeros(2), [[1, 1], [0, 1]]), r"first must have a symmetric covariance"),
        (np.zeros((10, 2)), r"first must be a pair \(mean, covariance\); received ndarray"),
        ((np.zeros(0), np.zeros((0, 0))), r"the shapes \(0,\) and \(0, 0\)"),
        (None, r"first must be a pair .* received NoneType"),
    ],
)
def test_what_is_no_pair_of_statistics(first, message):
    with pytest.raises(UsageError, match=message):
        frechet_distance(first, (np.zeros(2), np.eye(2)))


def test_each_class_on_its_own():
    """Class 7 is shifted by (3, 4); class 2 is the same; class 1 has no fakes."""
    random = np.random.default_rng(0)
    parts = random.normal(size=(3, 30, 2))
    real, labels = np.concatenate(parts), np.repeat([7, 2, 1], 30)
    fake = np.concatenate([parts[1], parts[0] + [3, 4]])
    found = frechet_distance_by_class(real, labels, fake, np.repeat([2, 7], 30))
    assert found == {2: pytest.approx(0, abs=1e-12), 7: pytest.approx(25, rel=1e-12)}
    # Fakes of one class that are all the same: the offset and the reals' variance are left.
    fake[30:] = parts[0].mean(0) + np.array([3, 4])
    found = frechet_distance_by_class(real, labels, fake, np.repeat([2, 7], 30))
    assert found[7] == pytest.approx(25 + parts[0].var(0, ddof=1).sum(), rel=1e-12)


@pytest.mark.parametrize(
    ("real", "real_labels", "fake", "fake_labels", "message"),
    [
        (np.eye(4), [0, 0, 0, 1], np.eye(4), [0, 0, 1, 1], "real_labels .* at least 2 .* 1 of cla"),
        (np.eye(4), [0, 0, 1, 1], np.eye(4), [0, 0, 0, 1], "fake_labels .* received 1 of class 1"),
        (np.eye(4), [0, 0, 1, 1], np.eye(4), [0, 0, 5, 5], "real_labels .* received 0 of class 5"),
        (np.eye(4), [0, 0, 1, 1], np.eye(4), [0, 0, 1], r"fake_labels must have the shape \(4,\)"),
        (np.eye(4), [0, 0, 1, 1], np.ones((4, 4)), [0, 0, 1, 1], "fake_features must vary"),
        (np.eye(4), [0, 0, 1, 1], np.eye(3), [0, 0, 0], "the same number of dimensions"),
    ],
)
def test_classes_that_have_no_distance(real, real_labels, fake, fake_labels, message):
    with pytest.raises(UsageError, match=message):
        frechet_distance_by_class(real, real_labels, fake, fake_labels)


def _gaussians(num_samples, seed):
    """The statistics of one Gaussian, samples of another, and the distance of the two.

    In each of 16 dimensions the standard deviations are 1 and 1.5, the means 0 and 0.25:
    16 (0.5² + 0.25²) = 5.
    """
    samples = np.random.default_rng(seed).normal(0.25, 1.5, (num_samples, 16))
    return (np.zeros(16), np.eye(16)), samples, 5.0


def test_the_distance_of_infinitely_many_is_that_of_the_gaussians():
    """Over 40 draws: the bias of 400 samples is seen clearly, and goes."""
    found, plain = [], []
    for seed in range(40):
        real, fake, expected = _gaussians(400, seed)
        found.append(frechet_distance_infinite(real, fake, seed)[0] - expected)
        plain.append(frechet_distance(real, statistics(fake)) - expected)
    errors = [np.std(values) / np.sqrt(40) for values in (found, plain)]
    assert max(errors) < 0.05
    assert np.mean(plain) > 6 * errors[1]
    assert abs(np.mean(found)) < 3 * errors[0]


def test_the_line_of_the_fit_is_that_of_scipy(oracle, monkeypatch):
    """Distances set by hand, over 15 sizes from 20 to 200."""
    noise = np.random.default_rng(0).normal(size=15)
    sizes = []

    def distance(first, second):
        return 3 + 40 / sizes[-1] + 0.01 * noise[len(sizes) - 1]

    def counted(features, constant):
        sizes.append(len(features))
        return None

    monkeypatch.setattr(frechet, "statistics", counted)
    monkeypatch.setattr(frechet, "frechet_distance", distance)
    value, error = frechet_distance_infinite(None, np.random.default_rng(0).normal(size=(200, 2)))
    assert sizes == np.linspace(20, 200, 15).astype(int).tolist()
    fit = oracle("scipy.stats").linregress(
        1 / np.array(sizes), 3 + 40 / np.array(sizes) + 0.01 * noise
    )
    assert value == pytest.approx(fit.intercept, rel=1e-12)
    assert error == pytest.approx(fit.intercept_stderr, rel=1e-9)


def test_the_seed_alone_decides():
    real, fake, _ = _gaussians(100, 0)
    first, again, other = (frechet_distance_infinite(real, fake, seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_a_subset_may_hold_one_sample_many_times():
    fake = np.zeros((100, 4))
    fake[7] = 1
    value, _ = frechet_distance_infinite((np.zeros(4), np.eye(4)), fake)
    assert 3 < value < 5  # 4 of a point at 0


@pytest.mark.parametrize(
    ("fake", "seed", "message"),
    [
        (_gaussians(47, 0)[1], 0, "fake_features must hold at least 48 samples.*received 47"),
        (np.ones((100, 16)), 0, "fake_features must vary"),
        (np.full((100, 16), np.nan), 0, "fake_features must be finite"),
        (_gaussians(100, 0)[1], -1, "seed must be an integer of at least 0"),
        (_gaussians(100, 0)[1][:, :8], 0, "the same number of dimensions; received 16 and 8"),
    ],
)
def test_what_cannot_be_extrapolated(fake, seed, message):
    with pytest.raises(UsageError, match=message):
        frechet_distance_infinite((np.zeros(16), np.eye(16)), fake, seed)


def _exact_statistics(mp, features):
    features = mp.matrix(np.float64(features).tolist())
    means = [mp.fsum(features[:, column]) / features.rows for column in range(features.cols)]
    for row, column in itertools.product(range(features.rows), range(features.cols)):
        features[row, column] -= means[column]
    return mp.matrix(means), features.T * features / (features.rows - 1)


def _exact_overlap(mp, first, second):
    """By the eigenvalues of C₁^½ C₂ C₁^½, of 50 digits."""
    values, vectors = mp.eigsy(first)
    root = vectors * mp.diag([mp.sqrt(max(value, 0)) for value in values]) * vectors.T
    values = mp.eigsy(root * second * root, eigvals_only=True)
    return mp.fsum(mp.sqrt(max(value, 0)) for value in values)


def _exact_distance(mp, first, second):
    """Of features, everything in 50 digits."""
    (mean_1, cov_1), (mean_2, cov_2) = (_exact_statistics(mp, side) for side in (first, second))
    traces = mp.fsum((cov_1 + cov_2)[index, index] for index in range(cov_1.rows))
    squares = mp.fsum(step**2 for step in mean_1 - mean_2)
    return float(squares + traces - 2 * _exact_overlap(mp, cov_1, cov_2))


@pytest.fixture
def mp(oracle):
    mpmath = oracle("mpmath")
    with mpmath.workdps(50):
        yield mpmath.mp


@pytest.fixture
def references(oracle):
    """A function of two statistics: the distances by pytorch-fid, torch-fidelity, torchmetrics."""
    torch = oracle("torch")

    def distances(first, second):
        # SciPy 1.17 still takes the disp=False that pytorch-fid passes, and warns of its end.
        with pytest.warns(DeprecationWarning, match="`disp` argument is deprecated"):
            fid = oracle("pytorch_fid.fid_score").calculate_frechet_distance(*first, *second)
        sides = ({"mu": mean, "sigma": covariance} for mean, covariance in (first, second))
        fidelity = oracle("torch_fidelity.metric_fid").fid_statistics_to_metric(*sides, False)
        metric = oracle("torchmetrics.image.fid")._compute_fid(
            *(torch.from_numpy(part) for part in (*first, *second))
        )
        return np.array([fid, fidelity["frechet_inception_distance"], metric.item()])

    return distances


@pytest.fixture
def accurate_calls(monkeypatch):
    """Grows by one item for each distance that the fast path leaves to the accurate one."""
    calls = []
    accurate = frechet._accurate
    monkeypatch.setattr(frechet, "_accurate", lambda *sides: calls.append(0) or accurate(*sides))
    return calls


@pytest.mark.parametrize("dim", [5, 64, 128])
@pytest.mark.parametrize("power", [0, 1])
def test_the_references_where_their_root_is_stable(references, accurate_calls, dim, power):
    random = np.random.default_rng(dim)
    scale = np.arange(1, dim + 1) ** (-power / 2)
    first = np.float32(random.normal(0.4, 1, (3 * dim, dim)) * scale)
    second = np.float32(random.normal(0.5, 1.2, (4 * dim, dim)) * scale)
    sides = statistics(first), statistics(second)
    assert references(*sides) == pytest.approx(frechet_distance(*sides), rel=1e-9)
    assert accurate_calls == []


def _near_singular():
    """Pairs of features, near-singular or fewer than their 16 or 24 dimensions, by name."""
    random = np.random.default_rng(3)
    first, second = random.normal(size=(40, 16)), random.normal(0.1, 1.2, size=(50, 16))
    near = random.normal(size=first.shape)
    one, other = (np.linalg.qr(random.normal(size=(16, 16)))[0] for _ in range(2))
    scale = np.logspace(0, -6, 16)
    return {
        "spectra 1 to 1e-12": (first * scale @ one, second * scale @ one),
        "the same, other axes": (first * scale @ one, second * scale @ other),
        "fewer than dimensions": np.float32(random.normal(size=(2, 9, 24))),
        "fewer, far from 0": np.float32(random.normal(100, 1, size=(2, 9, 24))),
        "fewer on one side": (first[:9], second),
        "one null space": (first[:, :6] @ one[:6], second[:, :6] @ one[:6]),
        "two null spaces": (first[:, :6] @ one[:6], second[:, :6] @ other[:6]),
        "copies": (first[np.arange(40) % 4], second[np.arange(50) % 5]),
        "constant dimensions": (first * (np.arange(16) < 9), second * (np.arange(16) > 5)),
        "almost equal": (first, first + 1e-5 * near),
        "almost equal and fewer": (first[:9], first[:9] + 1e-4 * near[:9]),
    }


# The relative errors of the references, rounded up to powers of ten and once more, since those
# depend on the LAPACK; all three are alike, for all take the eigenvalues of C₁C₂ as they are.
_REFERENCES_ERRORS = {
    "spectra 1 to 1e-12": 1e-5,
    "the same, other axes": 1e-7,
    "fewer than dimensions": 1e-6,
    "fewer, far from 0": 1e-6,
    "fewer on one side": 1e-6,
    "one null space": 1e-5,
    "two null spaces": 1e-6,
    "copies": 1e-6,
    "constant dimensions": 1e-12,
    "almost equal": 1e-3,
    "almost equal and fewer": 10,
}


@pytest.mark.parametrize("name", _REFERENCES_ERRORS)
def test_near_singular_covariances_against_fifty_digits(mp, references, accurate_calls, name):
    first, second = _near_singular()[name]
    sides = statistics(first), statistics(second)
    expected = _exact_distance(mp, first, second)
    found = frechet_distance(*sides)
    theirs = references(*sides)
    errors = np.abs(np.array([found, *theirs]) / expected - 1)
    print(f"{name}: ours errs by {errors[0]:.0e}, theirs by", *(f"{e:.0e}" for e in errors[1:]))
    assert found == pytest.approx(expected, rel=1e-6)
    assert theirs == pytest.approx(expected, rel=_REFERENCES_ERRORS[name])
    assert len(accurate_calls) == 1


@pytest.mark.parametrize("name", ["almost equal", "almost equal and fewer"])
def test_almost_equal_sets_are_where_the_references_err(mp, references, name):
    first, second = _near_singular()[name]
    expected = _exact_distance(mp, first, second)
    errors = np.abs(references(statistics(first), statistics(second)) / expected - 1)
    assert errors.min() > 1e-6


@pytest.mark.parametrize("digits", [0, 2, 4, 6, 8, 10, 12, 14])
@pytest.mark.parametrize(("rotated", "turned"), [(False, False), (True, False), (False, True)])
def test_the_fast_path_knows_its_error(mp, digits, rotated, turned):
    """Spectra from 1 to 10^-digits, along the same axes, others, or the same reversed.

    Reversed ones have a product much smaller than the parts.
    """
    random = np.random.default_rng(digits)
    one, other = (np.linalg.qr(random.normal(size=(12, 12)))[0] for _ in range(2))
    spectrum = np.logspace(0, -digits, 12)
    sides = []
    for axes, values in ((one, spectrum), (other if rotated else one, spectrum[:: 1 - 2 * turned])):
        covariance = (axes.T * values) @ axes
        sides.append((covariance + covariance.T) / 2)
    found, error = frechet._fast_overlap(*sides)
    exact = _exact_overlap(mp, *(mp.matrix(side.tolist()) for side in sides))
    assert abs(2 * (found - exact)) <= error
    # Well-conditioned ones it must not give up.
    assert error < 1e-10 or digits > 4


def test_the_fast_path_tells_when_it_cannot():
    """No Cholesky factor, or eigenvalues that are rounding."""
    assert np.isnan(frechet._fast_overlap(np.diag([1.0, 0.0]), np.eye(2))).all()
    assert frechet._fast_overlap(np.diag([1.0, 1e-20]), np.eye(2))[1] > 1e-8
    assert frechet._fast_overlap(np.eye(2), np.zeros((2, 2))) == (0, 0)
