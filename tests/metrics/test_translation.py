import numpy as np
import pytest

from kgan.errors import UsageError
from kgan.metrics import distances
from kgan.metrics.translation import copied_share, cycle_error, retrieval


def slowly(targets, translations, k):
    """Retrieval by every difference, and every order of equally near ones by its probability."""
    total = 0.0
    for own, translation in enumerate(translations):
        far = [((translation - target) ** 2).sum() for target in targets]
        nearer = sum(each < far[own] for each in far)
        equal = sum(each == far[own] for each in far)
        places = [nearer + place < k for place in range(equal)]
        total += sum(places) / equal
    return total / len(translations)


def test_three_points_on_a_line():
    """Of 1, 2 and 9 the nearest of 0, 5 and 10 are 0, 0 and 10."""
    targets, translations = [[0.0], [5.0], [10.0]], [[1.0], [2.0], [9.0]]
    assert retrieval(targets, translations) == 2 / 3
    assert retrieval(targets, translations, k=2) == 1
    assert retrieval(targets, translations[::-1]) == 0


@pytest.mark.parametrize("entries", [1, 100, 1 << 22])
@pytest.mark.parametrize("k", [1, 3, 40])
def test_in_blocks_as_by_every_difference(monkeypatch, entries, k):
    """Far from the origin, and with some targets that are there more than once."""
    monkeypatch.setattr(distances, "_ENTRIES", entries)
    random = np.random.default_rng(0)
    targets = random.integers(0, 3, (40, 4)) + 1e5
    translations = targets + random.integers(-1, 2, (40, 4))
    found = retrieval(targets, translations, k)
    assert found == pytest.approx(slowly(targets, translations, k), abs=1e-12)
    assert len(np.unique(targets, axis=0)) < 40 and (k < 40 or found == 1)


def test_what_is_always_the_same_scores_as_guessing_does():
    targets = np.random.default_rng(0).normal(size=(50, 8))
    same = np.broadcast_to(targets[7], (50, 8))
    assert retrieval(same, targets) == pytest.approx(1 / 50)
    assert retrieval(same, same, k=5) == pytest.approx(1 / 10)
    assert retrieval(targets, same) == 1 / 50  # the one that is nearest


@pytest.mark.parametrize(
    ("targets", "translations", "k", "message"),
    [
        (np.eye(3), np.eye(3)[:2], 1, "one row per example, in one order; received 3 and 2"),
        (np.eye(3), np.eye(4)[:3], 1, "targets and translations must have the same number of dim"),
        (np.eye(3), np.full((3, 3), np.nan), 1, "translations must be finite"),
        (np.eye(3), np.eye(3), 4, "k must be an integer, 1 to 3"),
        (np.eye(3), np.eye(3), 0, "k must be an integer, 1 to 3"),
    ],
)
def test_no_retrieval(targets, translations, k, message):
    with pytest.raises(UsageError, match=message):
        retrieval(targets, translations, k)


def test_cycle_error_is_the_mean_of_the_differences():
    images = np.zeros((3, 2, 2, 1), "float32")
    cycled = images.copy()
    cycled[1] = 0.25
    cycled[2, 0, 0, 0] = -1
    found = cycle_error(images, cycled)
    assert found.dtype == np.float64 and found.tolist() == [0, 0.25, 0.25]


def test_cycle_error_of_many_images_is_that_of_each():
    images, cycled = np.random.RandomState(0).uniform(-1, 1, (2, 70, 300, 300, 3)).astype("float32")
    found = cycle_error(images, cycled)
    for number in (0, 33, 69):
        expected = np.abs(images[number].astype(float) - cycled[number]).mean()
        assert found[number] == pytest.approx(expected, rel=1e-12)


def test_copies_are_near_their_sources():
    """The true targets are 1 away: translations at 0.05 and 0.1 are copies, at 0.2 none."""
    sources = np.full((5, 2, 2, 1), -0.5, "float32")
    targets = sources + np.float32(1)
    targets[4] = sources[4]  # an example that stays as it is
    moved = np.array([0, 0.0625, 0.125, 1, 0], "float32")
    translations = sources + moved[:, None, None, None]
    assert copied_share(sources, targets, translations) == 2 / 5
    assert copied_share(sources, targets, translations, threshold=0.125) == 3 / 5
    assert copied_share(sources, targets, translations, threshold=0) == 1 / 5
    assert copied_share(sources, targets, targets) == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: cycle_error(x, x[:1]), "images and cycled must have one shape"),
        (lambda x: cycle_error(x, x + 3), "cycled must lie in"),
        (lambda x: copied_share(x, x, x[:, :1]), "sources and translations must have one shape"),
        (lambda x: copied_share(x, x[:1], x), "sources and targets must have one shape"),
        (lambda x: copied_share(x, x, x, -1), "threshold must be a number of at least 0"),
    ],
)
def test_what_is_refused(call, message):
    with pytest.raises(UsageError, match=message):
        call(np.random.RandomState(0).uniform(-1, 1, (2, 3, 3, 1)).astype("float32"))
