import numpy as np
import pytest

import kgan
from kgan.errors import UsageError
from kgan.images import grid
from kgan.metrics import distances
from kgan.metrics.neighbours import nearest, one_nearest_neighbour_accuracy, picture


def test_four_points_on_a_line():
    """Of 1, 4, 6 and 11 the nearest of 0, 5 and 10 are 0, 5, 5, 10; one label is another."""
    accuracy = one_nearest_neighbour_accuracy(
        [[0], [5], [10]], [7, 8, 9], [[1], [4], [6], [11]], [7, 8, 9, 9]
    )
    assert accuracy == 3 / 4


@pytest.mark.parametrize("entries", [1, 1000, 1 << 24])
@pytest.mark.parametrize("offset", [0, 1e5])
def test_in_blocks_as_by_every_difference(monkeypatch, entries, offset):
    monkeypatch.setattr(distances, "_ENTRIES", entries)
    random = np.random.default_rng(0)
    train, test = random.normal(size=(300, 5)), random.normal(size=(70, 5))
    train_labels, labels = random.integers(0, 3, 300), random.integers(0, 3, 70)
    found = ((test[:, np.newaxis] - train) ** 2).sum(-1).argmin(1)
    accuracy = one_nearest_neighbour_accuracy(train + offset, train_labels, test + offset, labels)
    assert accuracy == (train_labels[found] == labels).mean()


def test_of_equally_near_ones_the_first_counts():
    assert one_nearest_neighbour_accuracy([[1], [-1]], [0, 1], [[0]], [0]) == 1
    assert one_nearest_neighbour_accuracy([[1], [-1]], [1, 0], [[0]], [0]) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([[1.0, 2.0]], [0], [[1.0]], [0]), "the same number of dimensions; received 2 and 1"),
        (([[1.0]], [0, 1], [[1.0]], [0]), r"train_labels must have the shape \(1,\)"),
        (([[1.0]], [0], [[np.nan]], [0]), "features must be finite"),
        ((np.zeros((0, 1)), np.zeros(0, int), [[1.0]], [0]), "train_features must hold at least 1"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(UsageError, match=message):
        one_nearest_neighbour_accuracy(*arguments)


@pytest.mark.parametrize("entries", [1, 1000, 1 << 22])
@pytest.mark.parametrize("offset", [0, 1e5])
def test_the_five_nearest_as_by_sorting_every_difference(monkeypatch, entries, offset):
    monkeypatch.setattr(distances, "_ENTRIES", entries)
    random = np.random.default_rng(0)
    train, features = (random.normal(size=(n, 6)) + offset for n in (200, 50))
    every = np.sqrt(((features[:, np.newaxis] - train) ** 2).sum(-1))
    indices, found = nearest(train, features, 5)
    assert (indices == every.argsort(1)[:, :5]).all()
    assert np.allclose(found, np.sort(every, 1)[:, :5], rtol=1e-14)


def test_as_scikit_learn_finds_them(oracle):
    random = np.random.default_rng(1)
    train, features = random.normal(size=(300, 20)), random.normal(size=(40, 20))
    search = oracle("sklearn.neighbors").NearestNeighbors(n_neighbors=4, algorithm="kd_tree")
    theirs, numbers = search.fit(train).kneighbors(features)
    indices, found = nearest(train, features, 4)
    assert (indices == numbers).all()
    assert np.allclose(found, theirs, rtol=1e-14)


def test_equally_near_ones_in_their_order():
    """From the centre of a grid the four sides are at 1, the four corners at √2."""
    grid = np.array([[x, y] for x in (0.1, 1.1, 2.1) for y in (5.0, 6.0, 7.0)])
    indices, found = nearest(grid, grid[[4, 4]], 9)
    assert indices.tolist() == [[4, 1, 3, 5, 7, 0, 2, 6, 8]] * 2
    assert found[0].tolist() == pytest.approx([0] + [1] * 4 + [np.sqrt(2)] * 4)


def test_copies_are_at_zero_far_from_the_origin():
    random = np.random.default_rng(0)
    train = random.normal(size=(400, 100)) * 1e3 + 1e6
    order = random.permutation(400)
    indices, found = nearest(train, train[order])
    assert (indices[:, 0] == order).all()
    assert (found == 0).all()


def test_many_copies_of_few_samples():
    """As after a collapse; of each sample the first copies count."""
    few = np.random.default_rng(0).normal(size=(3, 50))
    train = np.tile(few, (500, 1))
    indices, found = nearest(train, few[::-1], 3)
    assert indices.tolist() == [[2, 5, 8], [1, 4, 7], [0, 3, 6]]
    assert (found == 0).all()


@pytest.mark.parametrize(
    ("train", "features", "k", "message"),
    [
        (np.eye(3), np.eye(3), 4, r"k must be at most the number of train_features; .* 4 for 3"),
        (np.eye(3), np.eye(3), 0, "k must be an integer of at least 1"),
        (
            np.eye(3),
            np.eye(2),
            1,
            "train_features and features must have the same number of dimensions",
        ),
        (np.eye(3), [[np.nan] * 3], 1, "features must be finite"),
        (np.zeros((0, 3)), np.eye(3), 1, "train_features must hold at least 1 samples"),
    ],
)
def test_what_has_no_neighbours(train, features, k, message):
    with pytest.raises(UsageError, match=message):
        nearest(train, features, k)


def test_the_picture_shows_each_image_and_its_nearest(images):
    """Of 1x1 features that are brightness: itself first, then the next brighter or darker."""
    shades = np.linspace(-1, 1, 11, dtype=np.float32)
    real = np.broadcast_to(shades[:, None, None, None], (11, 16, 16, 1)).astype(np.float32)
    data = kgan.data.load(real, batch_size=1)
    fakes = real[[2, 9]] + np.float32(0.01)
    found = picture(fakes, fakes[:, 0, 0], data, real[:, 0, 0], k=2)
    expected = grid(np.stack([fakes[0], real[2], real[3], fakes[1], real[9], real[10]]), 3)
    assert np.array_equal(np.asarray(found), np.asarray(expected))


def test_a_picture_of_what_does_not_fit(images):
    data = kgan.data.load(images, batch_size=1)
    features = images.reshape(64, -1)
    with pytest.raises(UsageError, match="features must be one row per image; received 3 for 2"):
        picture(images[:2], features[:3], data, features)
    with pytest.raises(UsageError, match="real_features must be at most one row per real image"):
        picture(images[:2], features[:2], data, np.concatenate([features, features]))
