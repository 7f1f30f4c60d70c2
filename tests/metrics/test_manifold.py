import numpy as np
import pytest

from kgan.errors import UsageError
from kgan.metrics import distances
from kgan.metrics.manifold import density_coverage, precision_recall


def _sides(dimensions=8, real=150, fake=130, shift=0.6):
    random = np.random.default_rng(dimensions)
    return (
        random.normal(size=(real, dimensions)),
        random.normal(shift, 0.9, size=(fake, dimensions)),
    )


def _prdc(oracle, real, fake, k):
    found = oracle("prdc").compute_prdc(real, fake, k)
    return tuple(
        (float(found[first]), float(found[second]))
        for first, second in (("precision", "recall"), ("density", "coverage"))
    )


def test_on_a_line_by_hand():
    """Reals 0, 1, 3 with radii 1, 1, 2; fakes 0.5, 4, 9 with radii 3.5, 3.5, 5.

    0.5 lies in the balls about 0 and 1, 4 in that about 3, 9 in none. Of the reals 0, 1 and 3 lie
    within 3.5 of 0.5.
    """
    real, fake = [[0.0], [1], [3]], [[0.5], [4], [9]]
    assert precision_recall(real, fake, k=1) == (2 / 3, 1)
    assert precision_recall(fake, real, k=1) == (1, 2 / 3)
    assert density_coverage(real, fake, k=1) == (1, 1)
    assert density_coverage(real, [[0.5], [0.5], [9]], k=1) == (4 / 3, 2 / 3)
    # Fakes that are all the same reach nowhere.
    assert precision_recall(real, [[0.5]] * 3, k=1, constant=True) == (1, 0)


@pytest.mark.parametrize("k", [1, 3, 5])
@pytest.mark.parametrize("dimensions", [1, 2, 8, 300])
def test_equal_to_prdc(oracle, dimensions, k):
    real, fake = _sides(dimensions, shift=0.6 if dimensions < 9 else 0.05)
    expected = _prdc(oracle, real, fake, k)
    assert (precision_recall(real, fake, k), density_coverage(real, fake, k)) == expected
    assert expected[1][0] > 0 and 0 < expected[0][1] < 1


@pytest.mark.parametrize("k", [1, 3, 5])
def test_equal_to_prdc_on_whole_numbers_with_ties_and_copies(oracle, k):
    """Products of small whole numbers have no rounding, so that theirs is right at ties, too."""
    random = np.random.default_rng(k)
    real, fake = (random.integers(0, 5, size=(n, 3)).astype(float) for n in (120, 100))
    expected = _prdc(oracle, real, fake, k)
    assert (precision_recall(real, fake, k), density_coverage(real, fake, k)) == expected


@pytest.mark.parametrize("scale", [1e-3, 1, 0.1, 1e6])
@pytest.mark.parametrize("offset", [0, 1000])
def test_ties_are_outside_whatever_the_rounding(scale, offset):
    """Fakes that are the reals, the corners of a square: two others at its side, one across.

    With k of 1 and 2 the sides' ends are on the edge of a ball, which holds its centre alone; with
    k = 3 they are inside.
    """
    real = np.array([[x, y] for x in (0, 1) for y in (0, 1)]) + offset
    real = np.tile(real * scale, (1, 64))
    for k, held in ((1, 1), (2, 1), (3, 3)):
        assert precision_recall(real, real, k) == (1, 1)
        assert density_coverage(real, real[::-1], k) == (pytest.approx(held / k), 1)


def test_copies_far_from_the_origin():
    """Each real ball holds its own copy; with k = 1 nothing else, since the next is on the edge."""
    real = np.random.default_rng(0).normal(size=(300, 64)) + 1e5
    assert density_coverage(real, real[::-1].copy(), k=1) == (1, 1)


def test_a_ball_of_no_size_holds_nothing():
    """Reals of which each is there twice: with k = 1 the radius is 0, and no fake is inside."""
    real = np.repeat(np.random.default_rng(0).normal(size=(40, 16)), 2, axis=0)
    assert density_coverage(real, real, k=1) == (0, 0)
    assert precision_recall(real, real, k=1) == (0, 0)


@pytest.mark.parametrize("entries", [1, 1000, 1 << 22])
def test_in_blocks(monkeypatch, oracle, entries):
    monkeypatch.setattr(distances, "_ENTRIES", entries)
    real, fake = _sides()
    assert (precision_recall(real, fake), density_coverage(real, fake, 3)) == _prdc(
        oracle, real, fake, 3
    )


def test_one_distribution_has_density_and_coverage_near_those_expected():
    """Density 1, and coverage 1 − Π (n − i)/(2n − i) over i of 1 to k: Naeem et al., lemma 2."""
    n, k = 2000, 5
    random = np.random.default_rng(0)
    real, fake = random.normal(size=(n, 4)), random.normal(size=(n, 4))
    density, coverage = density_coverage(real, fake, k)
    expected = 1 - np.prod([(n - i) / (2 * n - i) for i in range(1, k + 1)])
    assert coverage == pytest.approx(expected, abs=0.015)
    assert density == pytest.approx(1, abs=0.05)


def test_modes_that_are_missing_lower_recall_and_coverage_alone():
    random = np.random.default_rng(0)
    centres = 100 * np.eye(4)
    real = random.normal(size=(400, 4)) + centres[np.arange(400) % 4]
    fake = random.normal(size=(400, 4)) + centres[np.arange(400) % 2]
    precision, recall = precision_recall(real, fake)
    density, coverage = density_coverage(real, fake)
    assert precision > 0.8 and density > 0.8
    assert recall < 0.5 and coverage <= 0.5


@pytest.mark.parametrize("metric", [precision_recall, density_coverage])
@pytest.mark.parametrize(
    ("real", "fake", "k", "message"),
    [
        (np.eye(4), np.eye(4), 4, "real must hold at least 5 samples; received 4"),
        (np.eye(9), np.eye(9)[:4], 5, "fake must hold at least 6 samples; received 4"),
        (np.eye(9), np.eye(8), 3, "real and fake must have the same number of dimensions"),
        (np.eye(9), np.full((9, 9), 0.3), 3, "fake must vary in some dimension"),
        (np.full((9, 9), 0.3), np.eye(9), 3, "real must vary in some dimension"),
        (np.full((9, 9), np.inf), np.eye(9), 3, "real must be finite"),
        (np.eye(9), np.eye(9), 0, "k must be an integer of at least 1"),
    ],
)
def test_wrong_arguments(metric, real, fake, k, message):
    with pytest.raises(UsageError, match=message):
        metric(real, fake, k)
