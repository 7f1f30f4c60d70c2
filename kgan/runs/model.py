"""The model that a run has learned; untrusted code never runs."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kgan.checks import Given, check_backend
from kgan.errors import UsageError
from kgan.runs import folder as run_folder, own_recipes

if TYPE_CHECKING:
    from kgan.models.stored_model import StoredModel


def load(
    path: Path, recipe: str | os.PathLike | None = None, argument: str = "folder"
) -> StoredModel:
    """The model of a `.keras` file, or of a run folder's newest good checkpoint.

    Nothing beside the model is run but `recipe`, or the recipe that the run names, if the user has
    run that very file here.

    Args:
        path: the file, or the run folder.
        recipe: a recipe that is imported first, for the classes that the model needs; a name or a
            path.
        argument: what errors call the run folder.

    Raises:
        UsageError: the model is damaged, or needs a class that is in no recipe that may be run.
    """
    check_backend()
    from kgan import zoo
    from kgan.models.loading import UnknownClassError, load_model

    theirs = None
    if recipe is None:
        theirs = _recipe_of(path.parent if path.suffix == ".keras" else path)
        if theirs is not None and _is_own(theirs):
            recipe = theirs["argument"]
    if recipe is not None:
        zoo.recipe(os.fspath(recipe))
    try:
        return load_model(path) if path.suffix == ".keras" else _newest(path, argument)
    except UnknownClassError as error:
        if theirs is None or recipe is not None:
            raise
        name = theirs["argument"]
        raise UsageError(
            f"{error} The run names the recipe {name}, which is not imported: this "
            f"exact file has not been run on this machine. If you trust it, pass "
            f"recipe={name!r}, on the command line --recipe {shlex.quote(name)}.",
            error.argument,
        ) from error


def config_beside(folder: Path) -> dict[str, Any]:
    """The `config.json` of a run, empty if the folder is none: files can lie beside any other."""
    try:
        return run_folder.read(folder, "folder")
    except UsageError:
        return {}


def _recipe_of(folder: Path) -> dict[str, Any] | None:
    """What a run's `config.json` says of its recipe, if that is a file; a preset's says nothing."""
    if (folder / "metadata.json").is_file():
        return None
    recipe = config_beside(folder).get("recipe")
    argument = recipe and recipe["argument"]
    return recipe if isinstance(argument, str) and Path(argument).suffix == ".py" else None


def _is_own(theirs: dict[str, Any]) -> bool:
    """Whether a run's recipe is here as the run was trained with it, and the user has run it."""
    if not Path(theirs["argument"]).is_file():
        return False
    recipe = run_folder.recipe(theirs["argument"])
    return recipe["sha256"] == theirs["sha256"] and own_recipes.known(recipe)


def _newest(folder: Path, argument: str) -> StoredModel:
    """The model as a run's newest good checkpoint holds it."""
    from kgan.callbacks import checkpoint
    from kgan.models.loading import from_json

    gan = from_json(Given(argument, str(folder)), folder / "config.json", "model")
    place = run_folder.newest_checkpoints(folder)
    found = None if place is None else checkpoint.newest(place)
    if found is None:
        raise UsageError(f"{argument}={str(folder)!r} holds no checkpoint.", argument)
    _, arrays = found
    config = config_beside(folder)
    stage = [config.get(name, 1) for name in ("stage", "stages")]
    for part, variables in gan.state().items():
        # A stage that has no checkpoint yet begins with its own.
        if place != run_folder.checkpoints(folder, *stage) and part.endswith(("optimizer", "log")):
            continue
        for number, variable in enumerate(variables):
            variable.assign(arrays[f"{part}/{number}"])
    return gan
