"""The arguments of a run: checked, and compared with those of a run that goes on."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kgan.checks import check_flag, check_integer, check_precision
from kgan.errors import UsageError, unknown_name
from kgan.metrics.measures import MEASURES as METRICS
from kgan.runs.cluster import STRATEGIES

MOST = 2**31 - 1  # of epochs, steps, images and pixels: what 32 bits count
# What `config.json` holds of the arguments, in this order; None stands for the recipe's own.
NAMES = (
    "data",
    "epochs",
    "steps",
    "batch_size",
    "seed",
    "precision",
    "strategy",
    "resolution",
    "channels",
    "evaluate",
    "strict",
)
_RANGES = {
    "epochs": (1, MOST),
    "steps": (1, MOST),
    "batch_size": (1, MOST),
    "seed": (0, MOST),
    "resolution": (1, MOST),
    "channels": (1, 4),
}


def checked(given: Mapping[str, Any]) -> dict[str, Any]:
    """All arguments by name, as `config.json` holds them; None where nothing is given.

    Raises:
        UsageError: a value that no run can have.
    """
    arguments = dict.fromkeys(NAMES) | dict(given)
    for name, value in arguments.items():
        if value is None:
            continue
        if name in _RANGES:
            arguments[name] = check_integer(name, value, *_RANGES[name])
        elif name == "data":
            arguments[name] = _data(value)
        elif name == "precision":
            check_precision(name, value)
        elif name == "strategy" and value not in STRATEGIES:
            raise unknown_name(name, value, STRATEGIES)
        elif name == "evaluate":
            arguments[name] = _metrics(value)
        elif name == "strict":
            check_flag(name, value)
    return arguments


def _data(data: Any) -> str:
    """A name as it is, a folder as its whole path, so that a run can be resumed from anywhere."""
    from kgan.data.source import PACKAGED

    if not isinstance(data, (str, os.PathLike)):
        raise UsageError(
            "data must be the name of a data set, or a folder of images; received a "
            f"{type(data).__name__}. Load arrays in data() of a recipe of your own.",
            "data",
        )
    if data == "":
        raise UsageError("data='' must be the name of a data set, or a folder of images.", "data")
    name = os.fspath(data)
    return name if name in PACKAGED or not Path(name).is_dir() else str(Path(name).resolve())


def _metrics(names: Any) -> list[str]:
    """The names of metrics in a list, or between commas."""
    if isinstance(names, str):
        names = [name.strip() for name in names.split(",") if name.strip()]
    if not isinstance(names, (list, tuple)) or not names:
        raise UsageError(
            f"evaluate must be a list of one or more of {', '.join(METRICS)}; received {names!r}.",
            "evaluate",
        )
    for name in names:
        if not isinstance(name, str) or name not in METRICS:
            raise unknown_name("evaluate", name, METRICS)
    return list(dict.fromkeys(names))


def merged(given: dict[str, Any], config: dict[str, Any]) -> dict[str, Any]:
    """The run's arguments, with more `epochs` if they are given.

    Args:
        given: those of this call, None for what it leaves open.
        config: as `kgan.runs.folder.read` gives it.

    Raises:
        UsageError: an argument differs from the run's, or `epochs` is less than the run's.
    """
    arguments = dict.fromkeys(given) | config["arguments"]
    for name, value in given.items():
        old = arguments.get(name)
        if value is None or value == old:
            continue
        if name == "epochs" and (old is None or value > old):
            arguments["epochs"] = value
            continue
        was = "the recipe's own" if old is None else old
        fix = "pass at least that many" if name == "epochs" else "leave it out"
        raise UsageError(
            f"{name}={value} differs from the run's, which is {was}; {fix}, or start a new run "
            "in another folder.",
            name,
        )
    return arguments
