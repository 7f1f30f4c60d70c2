"""Checks of arguments that many functions take."""

from __future__ import annotations

import importlib
import math
import numbers
import operator
import os
from pathlib import Path
from typing import Any, NamedTuple

from kgan.errors import UsageError, unknown_name

PRECISIONS = ("float32", "mixed_float16", "mixed_bfloat16")


class Given(NamedTuple):
    """A value that the user gave an argument, as errors begin with it: `source='photos'`."""

    argument: str
    value: str

    def __str__(self) -> str:
        return f"{self.argument}={self.value!r}"


def check_integer(argument: str, value: Any, low: int, high: int | None = None) -> int:
    """`value` as an int within `low` to `high`.

    Raises:
        UsageError: it is no integer, or outside.
    """
    expected = f"an integer of at least {low}" if high is None else f"an integer, {low} to {high}"
    error = UsageError(f"{argument} must be {expected}; received {value!r}.", argument)
    try:
        number = operator.index(value)
    except TypeError:
        raise error from None
    if isinstance(value, bool) or number < low or (high is not None and number > high):
        raise error
    return number


def integers(values: Any) -> tuple[int, ...]:
    """A tuple or list of integers as ints; empty if it is another thing."""
    if not isinstance(values, (tuple, list)) or any(isinstance(value, bool) for value in values):
        return ()
    try:
        return tuple(map(operator.index, values))
    except TypeError:
        return ()


def check_number(argument: str, value: Any, low: float, unit: str = "") -> float:
    """`value` as a finite float of at least `low`; the error names the `unit`.

    Raises:
        UsageError: it is no number, infinite or too small.
    """
    real = isinstance(value, numbers.Real) and not isinstance(value, bool)
    number = float(value) if real else math.nan
    if not low <= number < math.inf:
        raise UsageError(
            f"{argument} must be a number{unit} of at least {low}; received {value!r}.", argument
        )
    return number


def check_flag(argument: str, value: Any) -> bool:
    """`value` as a bool.

    Raises:
        UsageError: it is not a bool; "no" would count as True.
    """
    if not isinstance(value, bool):
        raise UsageError(f"{argument} must be True or False; received {value!r}.", argument)
    return bool(value)


def check_path(argument: str, value: Any, of: str = "folder") -> Path:
    """`value` as a path with its ~ resolved.

    Raises:
        UsageError: it is no path, is empty, or its ~ stands for no home.
    """
    try:
        if value != "":
            return Path(value).expanduser()
    except (TypeError, RuntimeError):
        pass
    raise UsageError(
        f"{argument} must be the path of a {of} ('.' is the current folder, ~NAME the home of a "
        f"user of this machine); received {value!r}.",
        argument,
    )


def check_precision(argument: str, name: Any) -> str:
    """The name of a precision policy, if it is one that both players can train in.

    Raises:
        UsageError: it is another, with the nearest that is.
    """
    if name not in PRECISIONS:
        raise unknown_name(argument, name, PRECISIONS)
    return name


def check_backend() -> None:
    """Import Keras, on TensorFlow.

    Raises:
        UsageError: Keras is set to another backend.
    """
    fix = 'must be "tensorflow"; change KERAS_BACKEND or ~/.keras/keras.json.'
    try:
        name = importlib.import_module("keras").config.backend()
    except ModuleNotFoundError as error:
        # Keras needs the backend's own packages, which are missing mostly.
        name = os.environ.get("KERAS_BACKEND", error.name)
        if name not in ("jax", "torch", "openvino", "numpy"):
            raise
    if name != "tensorflow":
        raise UsageError(f"The backend of Keras, {name}, {fix}")
