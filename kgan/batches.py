"""Many rows, some at a time. NumPy only."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from kgan.checks import check_integer


def batches(rows: Any, batch_size: int) -> Iterator[Any]:
    """The rows in their order, `batch_size` at a time; the last batch may have fewer.

    `rows` is an array, or a dict or tuple of rows of one length; so is each batch.

    Raises:
        UsageError: a batch size below 1.
    """
    batch_size = check_integer("batch_size", batch_size, 1)
    for start in range(0, num_rows(rows), batch_size):
        yield _map(operator.itemgetter(slice(start, start + batch_size)), rows)


def in_batches(function: Callable[[Any], Any], rows: Any, batch_size: int) -> Any:
    """The outputs of `function` for all rows, in float32, from calls on `batch_size` rows each.

    `rows` is as in `batches`, at least one row. `function` returns a tensor, or a dict or tuple of
    tensors, with one row per row of its batch; this returns the same structure of arrays.

    Raises:
        UsageError: a batch size below 1.
    """
    made = [
        _map(lambda part: np.asarray(part, np.float32), function(batch))
        for batch in batches(rows, batch_size)
    ]
    return _joined(made)


def num_rows(rows: Any) -> int:
    """The number of rows of an array, or of the first array in a dict or tuple."""
    if isinstance(rows, dict):
        return num_rows(next(iter(rows.values())))
    return num_rows(rows[0]) if isinstance(rows, tuple) else len(rows)


def _map(function: Callable[[Any], Any], rows: Any) -> Any:
    if isinstance(rows, dict):
        return {name: _map(function, part) for name, part in rows.items()}
    if isinstance(rows, tuple):
        return tuple(_map(function, part) for part in rows)
    return function(rows)


def _joined(parts: list[Any]) -> Any:
    """Arrays one below the other, or dicts or tuples of them."""
    first = parts[0]
    if isinstance(first, dict):
        return {name: _joined([part[name] for part in parts]) for name in first}
    if isinstance(first, tuple):
        return tuple(map(_joined, map(list, zip(*parts, strict=True))))
    return np.concatenate(parts)
