"""The folder of a training run and its `config.json`, from which the run is resumed."""

from __future__ import annotations

import contextlib
import itertools
import json
import re
from pathlib import Path
from typing import Any

from kgan import files, locks
from kgan.errors import UsageError
from kgan.files import atomic_write, sha256

RUNS = Path("runs")

# What is read of a `config.json`, by path, with its types; `read` says what must be there.
_TEXT, _NUMBER = (str, type(None)), (int, type(None))
_TYPES: dict[tuple[str, ...], tuple[type, ...]] = {
    **{("recipe", key): (str,) for key in ("name", "argument", "path", "sha256")},
    **{("arguments", key): _TEXT for key in ("data", "precision", "strategy")},
    **{
        ("arguments", key): _NUMBER
        for key in ("epochs", "steps", "batch_size", "seed", "resolution", "channels")
    },
    ("arguments", "evaluate"): (list, type(None)),
    ("arguments", "strict"): (bool, type(None)),
    ("trained_epochs",): (int,),
    ("stage",): (int,),
    ("stages",): (int,),
    ("data",): (dict,),
    ("data", "source"): (str,),
    ("data", "split"): (str,),
    ("model",): (dict,),
}
_MISSING = object()


def read(folder: Path, argument: str) -> dict[str, Any]:
    """The `config.json` of a run; errors speak of `argument`.

    Raises:
        UsageError: the folder is not a run.
    """
    path = folder / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        config["arguments"]["epochs"]
        for key in ("name", "argument", "path", "sha256"):
            config["recipe"][key]
        _check_types(config)
        return config
    except (FileNotFoundError, NotADirectoryError):
        raise UsageError(
            f"{argument}: {folder} is not a run; it has no config.json.", argument
        ) from None
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{argument}: {path} is not the config.json of a run ({error!r}); restore it, or start "
            "a new run in another folder.",
            argument,
        ) from error


def _check_types(config: dict[str, Any]) -> None:
    """Raise a TypeError that names the first value of another type than `write` writes."""
    for path, types in _TYPES.items():
        value: Any = config
        for key in path:
            value = value.get(key, _MISSING) if isinstance(value, dict) else _MISSING
        # Not isinstance, for which True is an int.
        if value is not _MISSING and type(value) not in types:
            raise TypeError(f"{'.'.join(path)} is {value!r}")


def write(folder: Path, config: dict[str, Any]) -> None:
    """Write `config.json`; a new folder appears together with it, never without."""
    text = json.dumps(config, indent=2) + "\n"
    if folder.exists():
        with atomic_write(folder / "config.json") as temporary:
            temporary.write_text(text, encoding="utf-8")
    else:
        with atomic_write(folder) as temporary:
            temporary.mkdir()
            (temporary / "config.json").write_text(text, encoding="utf-8")


def recipe(name_or_path: str) -> dict[str, str]:
    """Which recipe file this is: name, path and SHA-256. A user's file is not run for that.

    Raises:
        UsageError: no such recipe or file.
    """
    from kgan.zoo import registry

    path = registry.recipe_path(name_or_path)
    argument = str(path) if name_or_path.endswith(".py") else name_or_path
    return {"name": path.stem, "argument": argument, "path": str(path), "sha256": sha256(path)}


def new(out: Path | None, name: str) -> Path:
    """The folder for a new run: `out`, or the first free one of runs/NAME, runs/NAME-2, …

    The latter is made at once, so that two runs that begin together do not share it.

    Raises:
        UsageError: `out` holds a run or something else.
    """
    if out is None:
        # Alone, for below «exists» means a run's folder and not this one.
        RUNS.mkdir(exist_ok=True)
        for number in itertools.count(1):
            out = RUNS / (name if number == 1 else f"{name}-{number}")
            with contextlib.suppress(FileExistsError):
                out.mkdir()
                return out
    assert out is not None
    if (out / "config.json").exists():
        locks.hold(out, "out")  # first of all says who trains there
        locks.release(out)
        raise UsageError(
            f"out={out} is a run; continue it with kgan.runs.resume({str(out)!r}) (kgan train: add "
            "--resume), or choose another.",
            "out",
        )
    if out.exists() and not (out.is_dir() and files.is_empty(out)):
        raise UsageError(
            f"out={out} exists and is not a run; choose a new or an empty folder.", "out"
        )
    return out


def newest(name: str | None) -> Path:
    """The run in `runs/`, of the recipe `name` or of any, that was worked on last.

    Raises:
        UsageError: there is none.
    """
    runs = [
        path.parent
        for path in RUNS.glob("*/config.json")
        if name is None or re.fullmatch(rf"{re.escape(name)}(-\d+)?", path.parent.name)
    ]
    if not runs:
        raise UsageError(
            f"folder must be given: there is nothing to resume, no run"
            f"{f' of {name}' if name else ''} in {RUNS.resolve()}.",
            "folder",
        )
    return max(runs, key=lambda run: (run / "config.json").stat().st_mtime_ns)


def checkpoints(folder: Path, stage: int = 1, stages: int = 1) -> Path:
    """Where the checkpoints of a stage are; those of the last stage lie in `checkpoints` itself."""
    place = folder / "checkpoints"
    return place if stage == stages else place / f"stage-{stage}"


def has_checkpoints(place: Path) -> bool:
    """Whether a folder holds checkpoints of its own."""
    return any(place.glob("step-*.npz"))


def newest_checkpoints(folder: Path) -> Path | None:
    """Where the checkpoints of a run's latest stage are; None where there are none."""
    place = folder / "checkpoints"
    earlier = sorted(place.glob("stage-*"), key=lambda path: (len(path.name), path.name))
    return next(filter(has_checkpoints, (place, *reversed(earlier))), None)


def sweep(folder: Path) -> None:
    """Remove what a kill in the middle of a write left in a run, and nothing else."""
    stages = [f"checkpoints/{path.name}" for path in (folder / "checkpoints").glob("stage-*")]
    for name in ("", "samples", "checkpoints", *stages):
        if not (folder / name).is_symlink() or not name:
            files.sweep(folder / name)


def forget(folder: Path, fresh: bool) -> None:
    """Undo `write` if there is nothing but `config.json` yet; `fresh`: the folder, too."""
    locks.release(folder)
    found = [path for path in folder.rglob("*") if not path.is_dir()]
    if [path.name for path in found] in ([], ["config.json"]):
        for path in found:
            path.unlink()
        for path in sorted(folder.rglob("*"), reverse=True):
            path.rmdir()
        if fresh:
            folder.rmdir()
            if folder.parent == RUNS and not any(RUNS.iterdir()):
                RUNS.rmdir()
