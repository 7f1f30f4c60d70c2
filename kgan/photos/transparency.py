"""Transparent pictures: colours below the transparent pixels, and the alpha around a pixel."""

from __future__ import annotations

import numpy as np

_ROWS = 256  # at a time, to bound memory
_SURE = 32  # alpha from which a pixel's own colour is trusted


def filled(colour: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Colours that go on below transparent pixels, so that no network sees what is hidden there.

    `colour` is uint8 `(height, width, channels)`, `alpha` uint8 `(height, width)`. What a file
    stores below transparent pixels is mostly black, and would come into the edge as a fringe. Here
    they get the mean colour around them, weighted by alpha, from the smallest square that holds a
    visible pixel. A pixel of little alpha is mixed with these, since its own colour was rounded.

    Gortler, Grzeszczuk, Szeliski & Cohen, "The Lumigraph", SIGGRAPH 1996, push-pull.
    """
    height, width, _ = colour.shape
    if alpha.min() >= _SURE:
        return colour
    weights, sums = [], []
    for top in range(0, height, _ROWS):
        weight = alpha[top : top + _ROWS, :, np.newaxis].astype(np.float32) / 255
        sums.append(_halved(colour[top : top + _ROWS] * weight))
        weights.append(_halved(weight))
    around = _pulled(np.concatenate(sums), np.concatenate(weights))
    made = np.empty_like(colour)
    for top in range(0, height, _ROWS):
        own = colour[top : top + _ROWS].astype(np.float32)
        trust = (alpha[top : top + _ROWS, :, np.newaxis] / np.float32(_SURE)).clip(0, 1)
        below = _doubled(around[top // 2 : (top + len(own) + 1) // 2], len(own), width)
        made[top : top + _ROWS] = np.rint(trust * own + (1 - trust) * below)
    return made


def neighbourhood(alpha: np.ndarray, rows: slice, columns: slice) -> tuple[np.ndarray, np.ndarray]:
    """The least and the largest alpha of each pixel of a part and its eight neighbours."""
    height, width = alpha.shape[:2]
    ahead = rows.start > 0, columns.start > 0
    part = alpha[
        rows.start - ahead[0] : min(rows.stop + 1, height),
        columns.start - ahead[1] : min(columns.stop + 1, width),
    ]
    edge = np.pad(part, ((1, 1), (1, 1), (0, 0)), mode="edge")
    around = [
        edge[i : i + part.shape[0], j : j + part.shape[1]] for i in range(3) for j in range(3)
    ]
    kept = (
        slice(ahead[0], ahead[0] + rows.stop - rows.start),
        slice(ahead[1], ahead[1] + columns.stop - columns.start),
    )
    return np.minimum.reduce(around)[kept], np.maximum.reduce(around)[kept]


def _pulled(sums: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The mean colours; where nothing has weight, those of a coarser picture."""
    height, width, _ = sums.shape
    empty = weights <= 0
    means = sums / np.where(empty, 1, weights)
    if empty.any() and max(height, width) > 1:
        coarser = _pulled(_halved(sums), _halved(weights))
        means = np.where(empty, _doubled(coarser, height, width), means)
    return means


def _halved(values: np.ndarray) -> np.ndarray:
    """The means of squares of 2x2; the last row and column count twice where they are alone."""
    height, width, _ = values.shape
    if height % 2 or width % 2:
        values = np.pad(values, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    rows = values[::2] + values[1::2]
    return (rows[:, ::2] + rows[:, 1::2]) / np.float32(4)


def _doubled(values: np.ndarray, height: int, width: int) -> np.ndarray:
    return values.repeat(2, 0)[:height].repeat(2, 1)[:, :width]
