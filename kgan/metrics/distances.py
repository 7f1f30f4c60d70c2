"""Euclidean distances between the rows of two arrays, in blocks and without rounding errors.

The distances of a whole block come from one matrix product, which is fast but rounds. Where
rounding could decide a comparison, the pairs in doubt are computed again from their differences:
equal distances then compare as equal, and the distance of a copy is 0.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator

import numpy as np

_ENTRIES = 1 << 22  # numbers in memory at once: 32 MiB


class Pairs:
    """All pairs of a row of one array with a row of another.

    Args:
        first: float64 `(n, d)`, finite.
        second: float64 `(m, d)`, finite; the same object as `first` for the pairs within one array.
    """

    def __init__(self, first: np.ndarray, second: np.ndarray):
        self.first, self.second = first, second
        # |a − b|² = |a|² + |b|² − 2ab loses digits far from the origin.
        middle = (first.mean(0) + second.mean(0)) / 2
        self._first = first - middle
        self._second = self._first if second is first else second - middle
        self._first_squares = np.square(self._first).sum(1)
        self._second_squares = np.square(self._second).sum(1)
        # How far off a squared distance can be, for each row of the first array. A sum of d
        # products errs by at most d half ulps of the sum of their sizes.
        rounding = (first.shape[1] + 8) * np.finfo(np.float64).eps
        self.error = rounding * (self._first_squares + self._second_squares.max())[:, np.newaxis]

    def blocks(self) -> Iterator[slice]:
        """Slices of the rows of the first array, as many at a time as fit in memory."""
        step = max(_ENTRIES // len(self.second), 1)
        for start in range(0, len(self.first), step):
            yield slice(start, min(start + step, len(self.first)))

    def squares(self, rows: slice, columns: slice = slice(None)) -> np.ndarray:
        """The squared distances of a block, at least 0, each within `error` of the true one."""
        block = self._first[rows] @ self._second[columns].T
        block *= -2
        block += self._first_squares[rows, np.newaxis]
        block += self._second_squares[columns]
        return np.maximum(block, 0, out=block)

    def exact(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """The squared distances of some pairs, from their differences; the same for equal rows."""
        # Copies of a row are computed once: a collapsed generator makes many.
        firsts, seconds = self._originals
        pairs, inverse = np.unique(
            firsts[rows] * len(self.second) + seconds[columns], return_inverse=True
        )
        found = np.empty(len(pairs))
        step = max(_ENTRIES // self.first.shape[1], 1)
        for start in range(0, len(pairs), step):
            first, second = np.divmod(pairs[start : start + step], len(self.second))
            found[start : start + step] = np.square(self.first[first] - self.second[second]).sum(1)
        return found[inverse]

    def below(self, rows: slice, squares: np.ndarray, limits: np.ndarray) -> np.ndarray:
        """Whether each distance of a block is less than a limit that broadcasts to the block.

        Args:
            rows: the block's.
            squares: what `squares(rows)` gave.
            limits: squared distances, from `nearest` or `exact`.
        """
        found = squares < limits
        doubtful = np.nonzero(np.abs(squares - limits) <= self.error[rows])
        if len(doubtful[0]):
            exact = self.exact(doubtful[0] + rows.start, doubtful[1])
            found[doubtful] = exact < np.broadcast_to(limits, squares.shape)[doubtful]
        return found

    def nearest(self, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The k rows of the second array nearest to each of the first, and their distances squared.

        Both are `(n, k)`, the nearest first, ties by index; k is at most m.
        """
        indices = np.empty((len(self.first), k), np.intp)
        distances = np.empty((len(self.first), k))
        for block in self.blocks():
            squares = self.squares(block)
            # The true k-th is at most one error above this one, and may be seen one higher still.
            limits = np.partition(squares, k - 1, axis=1)[:, k - 1 : k] + 2 * self.error[block]
            rows, columns = np.nonzero(squares <= limits)
            exact = self.exact(rows + block.start, columns)
            order = np.lexsort((columns, exact, rows))
            counts = np.bincount(rows)
            best = order[(np.cumsum(counts) - counts)[:, np.newaxis] + np.arange(k)]
            indices[block], distances[block] = columns[best], exact[best]
        return indices, distances

    @functools.cached_property
    def _originals(self) -> tuple[np.ndarray, np.ndarray]:
        first = _originals(self.first)
        return first, first if self.second is self.first else _originals(self.second)


def _originals(rows: np.ndarray) -> np.ndarray:
    """For each row, the index of the first equal row."""
    seen: dict[bytes, int] = {}
    return np.array([seen.setdefault(row.tobytes(), index) for index, row in enumerate(rows)])
