import numpy as np
import pytest

from kgan.errors import UsageError
from kgan.metrics import memorisation
from kgan.metrics.frechet import frechet_distance, statistics
from kgan.metrics.memorisation import mifid


def _sides(dimensions=8):
    random = np.random.default_rng(0)
    return random.normal(size=(90, dimensions)), random.normal(0.3, 1.1, size=(70, dimensions))


def _distance(real, fake):
    return frechet_distance(statistics(real), statistics(fake))


def test_two_directions_by_hand():
    """The nearest cosines are 1 and 4/5, the mean of 1 − |cos| is 1/10."""
    real, fake = np.array([[1.0, 0], [2, 0]]), np.array([[-3.0, 0], [4, 3]])
    distance = _distance(real, fake)
    assert mifid(real, fake, threshold=0.11) == pytest.approx(distance / 0.1, rel=1e-9)
    assert mifid(real, fake, threshold=0.09) == distance


@pytest.mark.parametrize(("dimensions", "threshold"), [(8, 0.1), (8, 0.5), (2, 0.1), (40, 0.9)])
def test_the_value_of_torchmetrics_with_the_sides_swapped(oracle, dimensions, threshold):
    """Theirs takes the mean over its first side; the Fréchet distance has no sides."""
    theirs, torch = oracle("torchmetrics.image.mifid"), oracle("torch")
    real, fake = _sides(dimensions)
    sides = []
    for features in (fake, real):
        features = torch.from_numpy(features)
        sides += [features.mean(0), torch.cov(features.T), features]
    expected = theirs._mifid_compute(*sides, cosine_distance_eps=threshold).item()
    assert mifid(real, fake, threshold) == pytest.approx(expected, rel=1e-6)
    penalised = dimensions == 2 or threshold > 0.1
    assert (mifid(real, fake, threshold) > 1.5 * _distance(real, fake)) == penalised


def test_copies_of_some_training_images_are_far_worse_than_others():
    real, fake = _sides()
    copies = real[:40] * np.linspace(1, 2, 40)[:, np.newaxis]
    assert mifid(real, copies) > 1e12 * _distance(real, copies)
    assert mifid(real, fake) == _distance(real, fake)


def test_the_training_images_themselves_score_zero():
    real, _ = _sides()
    assert mifid(real, real[::-1]) == 0


def test_samples_without_an_angle_are_left_out():
    real, fake = _sides(2)
    with_zeros = np.concatenate([fake, np.zeros((30, 2))])
    factor = mifid(real, fake) / _distance(real, fake)
    assert factor > 1.5
    assert mifid(real, with_zeros) / _distance(real, with_zeros) == pytest.approx(factor, rel=1e-9)


@pytest.mark.parametrize("entries", [1, 500])
def test_in_blocks(monkeypatch, entries):
    real, fake = _sides(2)
    whole = mifid(real, fake)
    monkeypatch.setattr(memorisation, "_ENTRIES", entries)
    assert mifid(real, fake) == pytest.approx(whole, rel=1e-12)


@pytest.mark.parametrize(
    ("real", "fake", "threshold", "message"),
    [
        (np.eye(3), np.eye(4), 0.1, "real and fake must have the same number of dimensions"),
        (np.eye(3), np.ones((5, 3)), 0.1, "fake must vary in some dimension; received 5 copies"),
        (np.eye(3), np.eye(3)[:1], 0.1, "fake must hold at least 2 samples; received 1"),
        (np.full((3, 3), np.nan), np.eye(3), 0.1, "real must be finite"),
        (np.eye(3), np.eye(3), -1, "threshold must be a number of at least 0"),
        (np.eye(3), np.eye(3), 2, "threshold must be at most 1"),
    ],
)
def test_wrong_arguments(real, fake, threshold, message):
    with pytest.raises(UsageError, match=message):
        mifid(real, fake, threshold)
