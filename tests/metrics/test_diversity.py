import numpy as np
import pytest

from kgan.errors import UsageError
from kgan.metrics import distances
from kgan.metrics.diversity import diversity_by_class, mean_pairwise_distance


def test_a_rectangle_of_3_by_4():
    """Two sides of 3, two of 4 and two diagonals of 5, in the mean 4, anywhere."""
    corners = np.array([[0, 0], [3, 0], [0, 4], [3, 4]])
    assert mean_pairwise_distance(corners) == pytest.approx(4, rel=1e-15)
    assert mean_pairwise_distance(corners + 1e6) == pytest.approx(4, rel=1e-12)


@pytest.mark.parametrize("rows", [1, 7, 99, 100, 1000])
def test_whole_numbers_in_blocks(monkeypatch, rows):
    """The mean distance between two of 0 to n − 1 is (n + 1)/3."""
    monkeypatch.setattr(distances, "_ENTRIES", 100 * rows)
    numbers = np.random.default_rng(0).permutation(100)[:, np.newaxis]
    assert mean_pairwise_distance(numbers) == pytest.approx(101 / 3, rel=1e-12)


def test_a_normal_distribution():
    """Two draws from N(0, 1) differ by 2/√π in the mean; its standard error here is 0.01."""
    features = np.random.default_rng(0).normal(size=(3000, 1))
    assert mean_pairwise_distance(features) == pytest.approx(2 / np.sqrt(np.pi), abs=0.03)


def test_one_image_again_and_again():
    assert mean_pairwise_distance(np.full((50, 8), 0.3)) < 1e-12


def test_each_class_on_its_own():
    features = [[0, 0], [100, 0], [3, 4], [100, 1], [0, 0]]
    found = diversity_by_class(features, [0, 7, 0, 7, 0])
    assert found == {0: pytest.approx(10 / 3), 7: pytest.approx(1)}


@pytest.mark.parametrize(
    ("features", "labels", "message"),
    [
        (np.zeros((3, 2)), [0, 0, 4], "at least two samples per class; received one of class 4"),
        (np.zeros((3, 2)), [0, 0], r"labels must have the shape \(3,\), one per sample; .* \(2,\)"),
        (np.zeros((2, 2)), [[0], [0]], r"received \(2, 1\)\. Use labels.reshape\(-1\)"),
        (np.zeros((2, 2)), [0.0, 0.0], "labels must be integers; received float64"),
        ([[np.inf], [0.0]], [0, 0], "features must be finite"),
    ],
)
def test_wrong_arguments(features, labels, message):
    with pytest.raises(UsageError, match=message):
        diversity_by_class(features, labels)


def test_a_pair_needs_two():
    with pytest.raises(UsageError, match="at least 2 samples; received 1"):
        mean_pairwise_distance([[1.0, 2.0]])
