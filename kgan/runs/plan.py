"""What a run is about to do, before TensorFlow is loaded: a new run, or one that goes on."""

from __future__ import annotations

import dataclasses
import os
import shlex
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kgan.errors import UsageError
from kgan.runs import arguments, cluster, folder as run_folder, own_recipes


@dataclasses.dataclass
class Plan:
    """A run that can be trained.

    Attributes:
        folder: the run folder; None until `session` makes a new one in `runs`.
        config: the `config.json`, as far as it is known.
        resumes: whether the run is there already.
        chief: whether this process writes, as one of a cluster's workers does.
        named: the recipe as the user named it; None where a resumed run named it.
    """

    folder: Path | None
    config: dict[str, Any]
    resumes: bool
    chief: bool
    named: dict[str, str] | None

    @property
    def finished(self) -> bool:
        """Whether the run has trained all its epochs, and its model is there."""
        trained = self.config.get("trained_epochs", 0)
        epochs = self.config["arguments"]["epochs"] or float("inf")
        return (
            self.folder is not None and trained >= epochs and (self.folder / "model.keras").exists()
        )


def new(recipe: str | os.PathLike, out: Path | None, given: Mapping[str, Any]) -> Plan:
    """The plan of a new run.

    Args:
        recipe: a name, or the path of a Python file.
        out: the run folder; None for a new one in `runs`.
        given: arguments by name.

    Raises:
        UsageError: no such recipe, an argument that no run can have, or TF_CONFIG is wrong.
    """
    described = _described(recipe)
    config = {"recipe": described, "arguments": arguments.checked(given)}
    if config["arguments"]["strategy"] == "multiworker" and out is None:
        raise UsageError(
            "out must be given with strategy='multiworker': a folder that all workers see.", "out"
        )
    return Plan(out, config, False, _is_chief(config), described)


def resumed(
    recipe: str | os.PathLike | None, folder: Path | None, given: Mapping[str, Any]
) -> Plan:
    """The plan of a run that goes on.

    Args:
        recipe: a name or a path, if the user names the run's recipe; None leaves it to the run.
        folder: the run folder; None for the run in `runs` that was worked on last.
        given: arguments by name, which may not differ from the run's; more epochs may.

    Raises:
        UsageError: nothing to resume, another recipe or other arguments than the run's, or a recipe
            that the user neither named nor has run on this machine.
    """
    named = None if recipe is None else _described(recipe)
    given = arguments.checked(given)
    if folder is None:
        folder = run_folder.newest(None if named is None else named["name"])
    if not folder.exists():
        raise UsageError(f"folder={folder} does not exist: there is nothing to resume.", "folder")
    config = run_folder.read(folder, "folder")
    if (folder / "history.csv").exists() and not any((folder / "checkpoints").glob("step-*.npz")):
        raise UsageError(
            f"folder={folder} holds nothing to resume: there is no checkpoint in "
            f"{folder / 'checkpoints'}. Restore it, or start a new run in another folder.",
            "folder",
        )
    then, now = config["recipe"], named or _described(config["recipe"]["argument"])
    if named is None and not own_recipes.known(now):
        raise UsageError(
            f"recipe must be given: the run's, {now['path']}, has not been run on this machine in "
            f"this version. If you trust it, use kgan.runs.resume({str(folder)!r}, "
            f"recipe={now['path']!r}) or "
            f"`kgan train {shlex.quote(now['path'])} --resume --out {shlex.quote(str(folder))}`.",
            "recipe",
        )
    # Not the path: that of a recipe that comes with kgan is another in another environment, and
    # that of one's own once it was moved.
    same = (now["name"], now["sha256"]) == (then["name"], then["sha256"])
    if now["argument"] != then["argument"] and not same:
        raise UsageError(
            f"recipe={str(recipe)!r} differs from the run's, which is {then['argument']}; leave it "
            "out, or start a new run in another folder.",
            "recipe",
        )
    if not same:
        warnings.warn(f"{now['path']} has changed since the run began.", stacklevel=3)
    config |= {
        "recipe": now if same else then,
        "arguments": arguments.merged(dict(given), config),
    }
    return Plan(folder, config, True, _is_chief(config), named)


def _is_chief(config: dict[str, Any]) -> bool:
    return config["arguments"]["strategy"] != "multiworker" or cluster.is_chief()


def _described(recipe: Any) -> dict[str, str]:
    if not isinstance(recipe, (str, os.PathLike)):
        raise UsageError(
            "recipe must be the name of a recipe, or the path of a Python file; received "
            f"{recipe!r}.",
            "recipe",
        )
    return run_folder.recipe(os.fspath(recipe))
