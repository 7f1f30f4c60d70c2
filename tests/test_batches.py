"""Rows in batches are the rows at once."""

import numpy as np
import pytest

from kgan.batches import in_batches
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


def test_the_size_is_checked():
    with pytest.raises(UsageError, match="batch_size must be an integer of at least 1"):
        in_batches(np.square, np.ones(3), 0)
