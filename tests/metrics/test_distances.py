import numpy as np
import pytest

from kgan.metrics import distances
from kgan.metrics.distances import Pairs


def _every(first, second):
    """In extended precision."""
    first, second = np.longdouble(first), np.longdouble(second)
    return ((first[:, np.newaxis] - second) ** 2).sum(-1)


@pytest.mark.parametrize("offset", [0, 1e3, 1e8])
@pytest.mark.parametrize("dimensions", [1, 3, 200])
def test_the_squares_are_within_the_error_that_is_told(dimensions, offset):
    random = np.random.default_rng(0)
    first = random.normal(size=(40, dimensions)) * random.lognormal(0, 3, (40, 1)) + offset
    second = np.concatenate([first[:9], random.normal(size=(30, dimensions)) + offset])
    pairs = Pairs(first, second)
    expected = _every(first, second)
    found = pairs.squares(slice(None))
    assert (np.abs(found - expected) <= pairs.error).all()
    assert found.min() >= 0
    part = pairs.squares(slice(5, 9), slice(7, None))
    assert (np.abs(part - expected[5:9, 7:]) <= pairs.error[5:9]).all()
    rows, columns = np.indices(expected.shape).reshape(2, -1)
    assert np.allclose(pairs.exact(rows, columns), expected.ravel(), rtol=1e-14, atol=0)


def test_the_error_is_small():
    pairs = Pairs(*(np.random.default_rng(seed).normal(1e6, 1, (50, 500)) for seed in (0, 1)))
    assert (pairs.error / pairs.squares(slice(None))).max() < 1e-12


def test_of_equally_near_rows_the_first_whatever_the_rounding():
    """Two rows mirrored at the sought one, and a third that moves the mean off what is exact.

    Differences of these multiples of 2^-10 have no rounding, so that both are just as near.
    """
    random = np.random.default_rng(0)
    wrong = 0
    for _ in range(100):
        step = random.integers(-999, 999, 33) / 1024
        sought = random.integers(-9, 9, (1, 33)).astype(float)
        pairs = Pairs(sought, np.concatenate([sought + step, sought - step, sought + 100]))
        indices, squares = pairs.nearest(2)
        assert indices.tolist() == [[0, 1]]
        assert squares[0, 0] == squares[0, 1] == (step**2).sum()
        assert not pairs.below(slice(0, 1), pairs.squares(slice(0, 1)), squares[:, :1])[0, :2].any()
        rounded = pairs.squares(slice(0, 1))[0]
        wrong += rounded[1] < rounded[0]
        assert pairs.nearest(1)[0].item() == 0
    assert wrong > 10  # of the product alone


@pytest.mark.parametrize("entries", [1, 50, 120, 1 << 22])
def test_the_blocks_are_all_rows_in_order(monkeypatch, entries):
    monkeypatch.setattr(distances, "_ENTRIES", entries)
    blocks = list(Pairs(np.zeros((37, 2)), np.zeros((10, 2))).blocks())
    assert [row for block in blocks for row in range(block.start, block.stop)] == list(range(37))
    assert max(block.stop - block.start for block in blocks) == min(max(entries // 10, 1), 37)


def test_copies_of_rows_are_compared_once(monkeypatch):
    """Of 4 kinds of rows with 2 there are 8 kinds of pairs, among 400 × 200."""
    kinds = np.random.default_rng(0).normal(size=(4, 5))
    pairs = Pairs(np.tile(kinds, (100, 1)), np.tile(kinds[:2], (100, 1)))
    rows, columns = np.indices((400, 200)).reshape(2, -1)
    compared = []
    square = np.square
    monkeypatch.setattr(np, "square", lambda x: compared.append(len(x)) or square(x))
    found = pairs.exact(rows, columns)
    assert sum(compared) == 8
    assert (found.reshape(100, 4, 100, 2) == found.reshape(100, 4, 100, 2)[:1, :, :1]).all()
    assert (found.reshape(400, 200)[0, :2] > 0).tolist() == [False, True]
