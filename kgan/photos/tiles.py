"""An image in tiles that give the same pixels as the whole.

A tile is processed with a margin of at least the network's radius, and its own part is kept. Tiles
begin where the network's strides do, so that a U-Net halves the same pixels as in the whole image.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator

from kgan.checks import check_integer
from kgan.errors import UsageError
from kgan.receptive_field import ReceptiveField

VALUES = 2**25  # numbers in the largest tensor of a tile, about: 128 MiB
SIDE = 128  # of a tile at least, however large its tensors


@dataclasses.dataclass(frozen=True)
class Span:
    """A part of an axis: what is kept, and what is seen for it."""

    start: int
    stop: int
    seen_start: int
    seen_stop: int

    @property
    def seen(self) -> slice:
        return slice(self.seen_start, self.seen_stop)

    @property
    def kept(self) -> slice:
        return slice(self.start, self.stop)

    def within(self, scale: int) -> slice:
        """Where the kept part is in an output of what was seen, `scale` times as long."""
        return slice((self.start - self.seen_start) * scale, (self.stop - self.seen_start) * scale)


@dataclasses.dataclass(frozen=True)
class Tile:
    """A rectangle of the image, by its rows and columns."""

    rows: Span
    columns: Span

    @property
    def seen(self) -> tuple[slice, slice]:
        return self.rows.seen, self.columns.seen

    @property
    def kept(self) -> tuple[slice, slice]:
        return self.rows.kept, self.columns.kept

    def within(self, scale: int) -> tuple[slice, slice]:
        """Where the kept part is in an output of what was seen."""
        return self.rows.within(scale), self.columns.within(scale)


@dataclasses.dataclass(frozen=True)
class Tiling:
    """Tiles of about `side` pixels that see `margin` more on each side; one tile for None."""

    side: int | None
    margin: int = 0
    multiple: int = 1

    def tiles(self, height: int, width: int) -> Iterator[Tile]:
        """The tiles of an image, row by row."""
        for rows in self._spans(height):
            for columns in self._spans(width):
                yield Tile(rows, columns)

    def count(self, height: int, width: int) -> int:
        """How many there are."""
        return len(self._spans(height)) * len(self._spans(width))

    def _spans(self, length: int) -> list[Span]:
        """Parts of about equal length, so that no sliver is processed for its margin alone."""
        if self.side is None or length <= self.side:
            return [Span(0, length, 0, length)]
        parts = math.ceil(length / self.side)
        side = up(math.ceil(length / parts), self.multiple)
        return [
            Span(
                start,
                min(start + side, length),
                max(start - self.margin, 0),
                min(start + side + self.margin, length),
            )
            for start in range(0, length, side)
        ]


def tiling(field: ReceptiveField, smallest: int, side: int | None, model: str) -> Tiling:
    """The tiling for a network; by default the tensors of a tile take some hundred megabytes.

    Args:
        field: the network's receptive field.
        smallest: the least height and width that it takes.
        side: of a tile in pixels of the source, rounded up to the network's multiple.
        model: what errors call it.

    Raises:
        UsageError: `side` is given for a network that must see the whole image.
    """
    if field.radius is None:
        if side is None:
            return Tiling(None)
        raise UsageError(
            f"tile must be left out for {model}: {field.reason}, so tiles would not fit together. "
            "The image is processed as a whole.",
            "tile",
        )
    # The last tile may keep one row, and must still be large enough.
    margin = up(max(field.radius, smallest if smallest > 1 else 0), field.multiple)
    if side is None:
        affordable = math.isqrt(int(VALUES / max(field.values, 1))) - 2 * margin
        side = max(affordable, SIDE, margin // 2)
    side = check_integer("tile", side, 1)
    return Tiling(up(max(side, smallest), field.multiple), margin, field.multiple)


def up(length: int, multiple: int) -> int:
    """The next multiple."""
    return -(-length // multiple) * multiple
