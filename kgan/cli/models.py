"""MODEL on the command line: a run folder, a .keras file, a preset folder or a preset's name."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from kgan.errors import UsageError, unknown_name
from kgan.files import restore
from kgan.runs import folder as run_folder, model as run_model


def model_argument(command: Callable) -> Callable:
    """The argument MODEL and the option --recipe, for every command that loads a model."""
    command = click.option(
        "--recipe",
        metavar="FILE.py",
        callback=_recipe_path,
        help="Import this recipe first, for the classes that MODEL needs; its code is run.",
    )(command)
    return click.argument("model")(command)


def _recipe_path(context: click.Context, option: click.Parameter, recipe: str | None):
    """The whole path of --recipe, checked before anything slow."""
    from kgan.zoo import registry

    try:
        return None if recipe is None else registry.recipe_path(recipe)
    except UsageError as error:
        raise UsageError(f"--{error}") from error


def find(model: str, onnx: bool = False) -> Path | str:
    """The `.keras` file, the preset or the run folder without `model.keras` that MODEL stands for.

    With `onnx` also an `.onnx` file. Needs no TensorFlow, so that a wrong MODEL is refused at once.

    Raises:
        UsageError: MODEL is none of these.
    """
    from kgan import zoo

    path = Path(model)
    if model in zoo.list_presets():
        return model
    restore(path)
    if not path.exists():
        zoo.registry.refuse_judge("MODEL", model)
    if (path / "model.keras").is_file() and not _trains_on(path):
        return path / "model.keras"
    if (path / "metadata.json").is_file():
        return path
    if run_folder.newest_checkpoints(path) is not None:
        return path
    if (path / "config.json").is_file():
        raise UsageError(
            f"MODEL={model!r} is a run that has no checkpoint yet; train it with "
            f"`kgan train --resume --out {model}`."
        )
    if path.is_dir():
        raise UsageError(
            f"MODEL={model!r} must be a run folder, a .keras file or a preset; this folder has "
            "neither model.keras nor metadata.json."
        )
    if path.is_file() and path.suffix in (".keras", *([".onnx"] if onnx else [])):
        return path
    if path.exists():
        raise UsageError(f"MODEL={model!r} must be a run folder, a .keras file or a preset.")
    if path.suffix == ".keras" or len(path.parts) > 1:
        raise UsageError(f"MODEL={model!r} does not exist; `kgan zoo list` shows the presets.")
    raise unknown_name("MODEL", model, zoo.list_presets())


def _trains_on(run: Path) -> bool:
    """Whether a finished run was resumed with more epochs, so that its checkpoint is newer."""
    config = run_model.config_beside(run)
    return bool(config) and config.get("trained_epochs") != config["arguments"]["epochs"]


def load(found: Path | str, recipe: Path | None = None) -> Any:
    """The model that `find` found; of a run that has not ended, that of its newest checkpoint.

    Nothing beside the model is run but `recipe`, or the recipe that the model's run names, if the
    user has run that very file here.

    Raises:
        UsageError: the model is damaged, or needs a class that is in no recipe that may be run.
    """
    from kgan.cli.main import import_tensorflow

    import_tensorflow()
    if isinstance(found, Path) and not is_preset(found):
        return run_model.load(found, recipe, "MODEL")
    from kgan import zoo

    if recipe is not None:
        zoo.recipe(recipe)
    return zoo.load(found)


def load_to_ask(model: str, found: Path | str, recipe: Path | None, entry: str) -> Any:
    """The model that `find` found for MODEL, which can be asked for an entry point of this name.

    An ONNX file, and a preset that has one, runs without TensorFlow and Keras.

    Raises:
        UsageError: as `load` and `check_entry`.
    """
    from kgan.runtime import OnnxModel, loading

    gan: Any = None
    if isinstance(found, Path) and found.suffix == ".onnx":
        gan = OnnxModel(found)
    elif recipe is None and is_preset(found):
        gan = loading.of_preset(str(found), isinstance(found, str))
    if gan is None or (gan.entry != entry and is_preset(found)):
        gan = load(found, recipe)
    check_entry(gan, entry, model)
    return gan


def kind(gan: Any) -> str:
    """The class of a model, also of one in an ONNX file."""
    from kgan.runtime import OnnxModel

    return gan.model if isinstance(gan, OnnxModel) else type(gan).__name__


def is_preset(found: Path | str) -> bool:
    """Whether `find` found a preset, packaged or in a folder."""
    if isinstance(found, str):
        return True
    return found.suffix != ".keras" and (found / "metadata.json").is_file()


def check_entry(gan: Any, entry: str, model: str) -> None:
    """Check that MODEL can be asked for an entry point of this name.

    Raises:
        UsageError: it cannot.
    """
    points = gan.entry_points()
    if entry not in points:
        from kgan.photos.network import words

        raise UsageError(
            f"MODEL={model!r} is a {kind(gan)}, which cannot {words(entry)}; "
            f"use `kgan {next(iter(points))}`."
        )


def data_of(found: Path | str) -> dict[str, Any] | None:
    """What `kgan.data.load` takes for the images that MODEL learned from; None if nothing tells."""
    from kgan import zoo

    if isinstance(found, str) and found in zoo.list_recipes():
        return {"source": inspect.signature(zoo.recipe(found).data).parameters["source"].default}
    config = run_model.config_beside(_run(found)).get("data", {}) if isinstance(found, Path) else {}
    # Arrays that a recipe of the user's made have no name to load them by.
    if config.get("source", "arrays") == "arrays":
        return None
    return {"source": config["source"], "split": config.get("split", "train")}


def history_of(found: Path | str) -> list[dict[str, Any]]:
    """The rows of a run's `history.csv`; none, with a warning, if it is damaged, or of others."""
    from kgan.callbacks import history

    path = _run(found) / "history.csv" if isinstance(found, Path) else None
    if path is None or not path.is_file():
        return []
    try:
        return history.read(path)
    except ValueError as error:
        warnings.warn(f"{error} There are no curves.", stacklevel=2)
        return []


def _run(found: Path) -> Path:
    """The folder that a `.keras` file lies in, or the folder itself."""
    return found.parent if found.suffix == ".keras" else found
