"""Rows in batches are the rows at once."""

import numpy as np
import pytest

from kgan.batches import batches, in_batches, num_rows
from kgan.errors import UsageError


@pytest.mark.parametrize("size", [1, 3, 7, 100])
def test_batches_make_what_the_whole_makes(size):
    seen = []

    def function(rows):
        seen.append(len(rows["a"]))
        return {"sum": rows["a"] + rows["b"], "a": rows["a"]}

    a, b = np.arange(14.0).reshape(7, 2), np.arange(7)[:, None]
    found = in_batches(function, {"a": a, "b": b}, size)
    np.testing.assert_array_equal(found["sum"], a + b)
    np.testing.assert_array_equal(found["a"], a)
    assert {part.dtype for part in found.values()} == {np.dtype("float32")}
    assert sum(seen) == 7 and max(seen) == min(size, 7)
    np.testing.assert_array_equal(in_batches(np.square, a, size), a**2)


def test_rows_are_arrays_in_dicts_and_tuples():
    a, b = np.arange(7), np.arange(14).reshape(7, 2)
    rows = (a, {"b": b, "deep": {"a": a}})
    found = list(batches(rows, 3))
    assert [num_rows(part) for part in (rows, *found)] == [7, 3, 3, 1]
    np.testing.assert_array_equal(np.concatenate([part[0] for part in found]), a)
    np.testing.assert_array_equal(np.concatenate([part[1]["b"] for part in found]), b)
    np.testing.assert_array_equal(found[1][1]["deep"]["a"], [3, 4, 5])
    assert list(batches(a[:0], 3)) == []


def test_the_size_is_checked():
    with pytest.raises(UsageError, match="batch_size must be an integer of at least 1"):
        in_batches(np.square, np.ones(3), 0)
