"""Free-form masks: which pixels are known, and which are to be made.

Suvorov et al., "Resolution-robust Large Mask Inpainting with Fourier Convolutions" (LaMa), 2022,
arXiv:2109.07161, section 2.3 and the configurations `random_thin_256`, `random_medium_256` and
`random_thick_256` of its code: chains of up to five strokes by wide brushes, or rectangles, no more
than half of the image. Lengths are those of 256 pixels, scaled to the shorter side. It departs from
the code in that lengths, widths and directions are real numbers, not integers.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from kgan.checks import check_integer, check_number, integers
from kgan.errors import UsageError, unknown_name

_SIDE = 256.0  # pixels, of which the lengths are
_STROKES = 5  # in a chain, at most
_TURN = 4.0  # the widest direction, in radians
_SHORTEST, _NARROWEST = 10.0, 5.0  # of a stroke and a brush, in pixels
_STREAM = 5  # of the draws, beside those of the data's order
_TRIES = 1000


@dataclasses.dataclass(frozen=True)
class _Recipe:
    """Ranges: chains in a mask, and what is added at most to the shortest stroke and the narrowest
    brush; rectangles in a mask, their sides, their least distance to the edge."""

    chains: tuple[int, int]
    length: float
    width: float
    rectangles: tuple[int, int] = (0, 0)
    sides: tuple[float, float] = (0.0, 0.0)
    margin: float = 0.0


_RECIPES = {
    "thin": _Recipe((4, 50), 40, 10),
    "medium": _Recipe((4, 5), 100, 50, (1, 5), (10, 50)),
    "thick": _Recipe((1, 5), 200, 100, (1, 3), (30, 150), 10),
}
_RECTANGLES = 0.3 / 1.3  # the share of masks that are rectangles, where a recipe has them

KINDS = tuple(_RECIPES)


def free_form_masks(
    n: int,
    size: tuple[int, int],
    kinds: str | Sequence[str] = KINDS,
    seed: int = 0,
    first: int = 0,
    shares: tuple[float, float] = (0.0, 0.5),
) -> np.ndarray:
    """Masks by seed, float32 `(n, height, width, 1)`: 1 where a pixel is known, 0 in the holes.

    A mask is a pure function of the seed and its number, whatever n is.

    Args:
        n: how many.
        size: `(height, width)`.
        kinds: "thin", "medium", "thick", or several of them, which come in turn.
        seed: 0 to 2**32 - 1.
        first: the number of the first mask.
        shares: the least and the largest share of the image that the holes may cover. A mask
            outside is drawn again; none is without a hole.

    Example:
        >>> masks = kgan.data.free_form_masks(8, (64, 64), "thick", seed=0, shares=(0.2, 0.3))
        >>> masks.shape, bool(0.2 <= 1 - masks.mean() <= 0.3)
        ((8, 64, 64, 1), True)

    Raises:
        UsageError: an argument out of range, an unknown kind, or shares that the kind hardly has.
    """
    n, first = check_integer("n", n, 1), check_integer("first", first, 0)
    height, width = check_mask_size(size)
    seed = check_integer("seed", seed, 0, 2**32 - 1)
    kinds, shares = check_kinds(kinds), check_shares(shares)
    holes = [hole(height, width, kinds, seed, index, shares) for index in range(first, first + n)]
    return np.float32(1) - np.stack(holes)[..., np.newaxis].astype(np.float32)


def hole(
    height: int, width: int, kinds: Sequence[str], seed: int, index: int, shares: tuple
) -> np.ndarray:
    """The holes of mask number `index`, bool `(height, width)`.

    Raises:
        UsageError: no mask has a share in the range, of a thousand.
    """
    random = np.random.default_rng((seed, index, _STREAM))
    kind = kinds[index % len(kinds)]
    recipe, scale = _RECIPES[kind], min(height, width) / _SIDE
    for _ in range(_TRIES):
        found = np.zeros((height, width), bool)
        boxes = recipe.rectangles[1] and random.random() < _RECTANGLES
        (_draw_rectangles if boxes else _draw_chains)(found, recipe, scale, random)
        if found.any() and shares[0] <= found.mean() <= shares[1]:
            return found
    raise UsageError(
        f"shares must be a range that {kind} masks of {width}x{height} pixels have; none of "
        f"{_TRIES} was in {tuple(shares)}. Pass a wider range or another kind.",
        "shares",
    )


def check_kinds(kinds: Any) -> tuple[str, ...]:
    """The kinds as a tuple of names.

    Raises:
        UsageError: an unknown one, or none.
    """
    names = kinds if isinstance(kinds, (tuple, list)) and kinds else (kinds,)
    for name in names:
        if not isinstance(name, str) or name not in _RECIPES:
            raise unknown_name("kinds", name, _RECIPES)
    return tuple(names)


def check_shares(shares: Any) -> tuple[float, float]:
    """The range of shares.

    Raises:
        UsageError: no two numbers of 0 to 1 in their order.
    """
    if isinstance(shares, (tuple, list)) and len(shares) == 2:
        low, high = (check_number("shares", share, 0) for share in shares)
        if low <= high <= 1:
            return low, high
    raise UsageError(
        "shares must be two numbers of 0 to 1, the least and the largest share of an image that "
        f"is to be made; received {shares!r}.",
        "shares",
    )


def check_mask_size(size: Any) -> tuple[int, int]:
    """The height and width of a mask.

    Raises:
        UsageError: they are no two integers of at least 1.
    """
    sides = integers(size)
    if len(sides) != 2 or min(sides) < 1:
        raise UsageError(
            f"size must be (height, width), integers of at least 1; received {size!r}.", "size"
        )
    return sides[0], sides[1]


def _draw_chains(
    found: np.ndarray, recipe: _Recipe, scale: float, random: np.random.Generator
) -> None:
    """Strokes one after the other, each from the end of the last, which lies within the image."""
    sides = np.array(found.shape, float)
    least, most = recipe.chains
    for number in range(random.integers(least, most + 1)):
        start = random.random(2) * sides
        for _ in range(random.integers(1, _STROKES + 1)):
            direction = random.random() * _TURN * (1 if number % 2 else -1)
            length = (_SHORTEST + random.random() * recipe.length) * scale
            width = (_NARROWEST + random.random() * recipe.width) * scale
            step = length * np.array([np.cos(direction), np.sin(direction)])
            end = np.clip(start + step, 0, sides)
            _draw_stroke(found, start, end, width / 2)
            start = end


def _draw_stroke(found: np.ndarray, start: np.ndarray, end: np.ndarray, radius: float) -> None:
    """Mark the pixels whose centres are within `radius` pixels of a line."""
    low = np.floor(np.minimum(start, end) - radius).astype(int).clip(0)
    high = np.ceil(np.maximum(start, end) + radius).astype(int)
    box = found[low[0] : high[0], low[1] : high[1]]
    rows = np.arange(box.shape[0])[:, None] + (low[0] + 0.5 - start[0])
    columns = np.arange(box.shape[1]) + (low[1] + 0.5 - start[1])
    down, right = end - start
    # The place on the line that is nearest to a pixel.
    nearest = (rows * down + columns * right) / max(down**2 + right**2, 1e-12)
    nearest = nearest.clip(0, 1)
    box |= (rows - nearest * down) ** 2 + (columns - nearest * right) ** 2 <= radius**2


def _draw_rectangles(
    found: np.ndarray, recipe: _Recipe, scale: float, random: np.random.Generator
) -> None:
    least, most = recipe.rectangles
    margin = recipe.margin * scale
    room = np.array(found.shape) - 2 * margin
    for _ in range(random.integers(least, most + 1)):
        low, high = (np.minimum(side * scale, room) for side in recipe.sides)
        sides = low + random.random(2) * (high - low)
        corner = margin + random.random(2) * (room - sides)
        (top, left), (bottom, right) = (
            np.rint(place).astype(int) for place in (corner, corner + sides)
        )
        found[top:bottom, left:right] = True
