import itertools

import numpy as np
import pytest

from kgan.errors import UsageError
from kgan.metrics.assignment import assignment_accuracy, kmeans


def test_renamed_classes_are_all_right():
    labels = np.arange(10).repeat(5)
    assert assignment_accuracy((labels + 3) % 10, labels) == 1
    assert assignment_accuracy(labels * 7 - 4, labels) == 1


def test_the_best_naming_is_not_the_greedy_one():
    """Cluster 0 holds 3 of class a and 2 of b, cluster 1 holds 2 of a: b and a make 4 of 7."""
    codes = [0, 0, 0, 0, 0, 1, 1]
    labels = [0, 0, 0, 1, 1, 0, 0]
    assert assignment_accuracy(codes, labels) == 4 / 7


def test_every_naming_tried():
    random = np.random.default_rng(0)
    codes, labels = random.integers(0, 5, (2, 200))
    namings = (np.array(naming) for naming in itertools.permutations(range(5)))
    assert assignment_accuracy(codes, labels) == max(
        (naming[codes] == labels).mean() for naming in namings
    )


def test_more_clusters_than_classes_and_fewer():
    labels = [0, 0, 0, 1, 1, 1]
    assert assignment_accuracy([0, 0, 2, 1, 1, 1], labels) == 5 / 6
    assert assignment_accuracy([0] * 6, labels) == 1 / 2


@pytest.mark.parametrize(
    ("codes", "labels", "message"),
    [
        ([], [], "codes must hold one integer per sample; received none"),
        ([0, 1], [0], r"labels must have the shape \(2,\), one per sample; received \(1,\)"),
        ([0.5, 0.5], [0, 1], r"codes must be integers; received float64.*codes.argmax"),
        (np.eye(2, dtype=int), [0, 1], r"codes must have the shape \(4,\), .* codes.reshape"),
    ],
)
def test_what_cannot_be_assigned(codes, labels, message):
    with pytest.raises(UsageError, match=message):
        assignment_accuracy(codes, labels)


@pytest.fixture(scope="module")
def blobs():
    """Three far clusters of 40 points each, and their numbers."""
    random = np.random.default_rng(0)
    centres = np.array([[0, 0], [20, 0], [0, 20]])
    labels = np.arange(3).repeat(40)
    return (centres[labels] + random.normal(size=(120, 2))).astype(np.float32), labels


def test_kmeans_finds_far_clusters(blobs):
    features, labels = blobs
    codes = kmeans(features, 3)
    assert codes.dtype == np.int32
    assert np.bincount(codes).tolist() == [40, 40, 40]
    assert assignment_accuracy(codes, labels) == 1


def test_kmeans_is_pinned_by_its_seed(blobs):
    features, _ = blobs
    assert np.array_equal(kmeans(features, 7, seed=3), kmeans(features, 7, seed=3))
    assert not np.array_equal(kmeans(features, 7, seed=3), kmeans(features, 7, seed=4))


def test_kmeans_keeps_the_best_restart(blobs):
    features, _ = blobs

    def spread(codes):
        return sum(
            np.square(features[codes == code] - features[codes == code].mean(0)).sum()
            for code in np.unique(codes)
        )

    # A generator's first draws are the same, so that more restarts can only improve.
    sums = [spread(kmeans(features, 6, seed=1, restarts=restarts)) for restarts in (1, 4, 16)]
    assert sums[0] >= sums[1] >= sums[2]
    assert sums[0] > sums[2]


def test_kmeans_with_a_cluster_a_sample(blobs):
    features, _ = blobs
    assert sorted(kmeans(features[:4], 4)) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"num_clusters": 121}, "features must hold at least 121 samples; received 120"),
        ({"num_clusters": 0}, "num_clusters must be an integer of at least 1; received 0"),
        ({"restarts": 0}, "restarts must be an integer of at least 1"),
        ({"iterations": 0}, "iterations must be an integer of at least 1"),
        ({"seed": -1}, "seed must be an integer of at least 0"),
    ],
)
def test_wrong_arguments_of_kmeans(blobs, change, message):
    with pytest.raises(UsageError, match=message):
        kmeans(blobs[0], **{"num_clusters": 3, **change})
