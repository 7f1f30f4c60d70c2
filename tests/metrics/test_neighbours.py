import numpy as np
import pytest

from kgan.errors import UsageError
from kgan.metrics import neighbours
from kgan.metrics.neighbours import one_nearest_neighbour_accuracy


def test_four_points_on_a_line():
    """Of 1, 4, 6 and 11 the nearest of 0, 5 and 10 are 0, 5, 5, 10; one label is another."""
    accuracy = one_nearest_neighbour_accuracy(
        [[0], [5], [10]], [7, 8, 9], [[1], [4], [6], [11]], [7, 8, 9, 9]
    )
    assert accuracy == 3 / 4


@pytest.mark.parametrize("distances", [1, 1000, 1 << 24])
@pytest.mark.parametrize("offset", [0, 1e5])
def test_in_blocks_as_by_every_difference(monkeypatch, distances, offset):
    monkeypatch.setattr(neighbours, "_DISTANCES", distances)
    random = np.random.default_rng(0)
    train, test = random.normal(size=(300, 5)), random.normal(size=(70, 5))
    train_labels, labels = random.integers(0, 3, 300), random.integers(0, 3, 70)
    nearest = ((test[:, np.newaxis] - train) ** 2).sum(-1).argmin(1)
    accuracy = one_nearest_neighbour_accuracy(train + offset, train_labels, test + offset, labels)
    assert accuracy == (train_labels[nearest] == labels).mean()


def test_of_equally_near_ones_the_first_counts():
    assert one_nearest_neighbour_accuracy([[1], [-1]], [0, 1], [[0]], [0]) == 1
    assert one_nearest_neighbour_accuracy([[1], [-1]], [1, 0], [[0]], [0]) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([[1.0, 2.0]], [0], [[1.0]], [0]), "as many dimensions as each other; received 2 and 1"),
        (([[1.0]], [0, 1], [[1.0]], [0]), r"train_labels must have the shape \(1,\)"),
        (([[1.0]], [0], [[np.nan]], [0]), "features must be finite"),
        ((np.zeros((0, 1)), np.zeros(0, int), [[1.0]], [0]), "train_features must hold at least 1"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(UsageError, match=message):
        one_nearest_neighbour_accuracy(*arguments)
