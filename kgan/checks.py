"""Checks of arguments that many functions take."""

from __future__ import annotations

import numpy as np

from kgan.errors import UsageError


def check_count(argument: str, count: object) -> None:
    """Raise a `UsageError` unless `count` is a whole number of at least 1."""
    if isinstance(count, bool) or not isinstance(count, (int, np.integer)) or count < 1:
        raise UsageError(f"{argument} must be a whole number of at least 1; received {count!r}.")


def check_seed(seed: object) -> int:
    """The seed of a model or run as an int; a `UsageError` unless it lies in [0, 2**31)."""
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or not 0 <= seed < 2**31:
        raise UsageError(f"seed must be a whole number in [0, 2**31); received {seed!r}.")
    return int(seed)
