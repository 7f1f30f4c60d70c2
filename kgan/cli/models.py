"""MODEL on the command line: a run folder, a .keras file, a preset folder or a preset's name."""

from __future__ import annotations

import inspect
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kgan.cli import run_folder
from kgan.errors import UsageError, unknown_name
from kgan.files import restore, sha256

if TYPE_CHECKING:
    from kgan.models import GAN


def find(model: str) -> Path | str:
    """The `.keras` file, the preset or the run folder without `model.keras` that MODEL stands for.

    Needs no TensorFlow, so that a wrong MODEL is told at once.

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
    if any((path / "checkpoints").glob("*.npz")):
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
    if path.is_file() and path.suffix == ".keras":
        return path
    if path.exists():
        raise UsageError(f"MODEL={model!r} must be a run folder, a .keras file or a preset.")
    if path.suffix == ".keras" or len(path.parts) > 1:
        raise UsageError(f"MODEL={model!r} does not exist; `kgan zoo list` shows the presets.")
    raise unknown_name("MODEL", model, zoo.list_presets())


def _trains_on(run: Path) -> bool:
    """Whether a finished run was resumed with more epochs, so that its checkpoint is newer."""
    config = _config(run)
    return bool(config) and config.get("trained_epochs") != config["arguments"]["epochs"]


def _config(folder: Path) -> dict[str, Any]:
    """The `config.json` of a run, empty if the folder is none: files can lie beside any other."""
    try:
        return run_folder.read(folder, "MODEL")
    except UsageError:
        return {}


def load(found: Path | str) -> GAN:
    """The GAN that `find` found; of a run that has not ended, that of its newest checkpoint."""
    from kgan.cli.main import import_tensorflow

    import_tensorflow()
    import kgan

    if isinstance(found, Path) and found.suffix == ".keras":
        _import_recipe(found.parent)
        return kgan.load_model(found)
    if isinstance(found, Path) and (found / "checkpoints").is_dir():
        _import_recipe(found)
        return _newest(found)
    return kgan.presets.load(found)


def data_of(found: Path | str) -> dict[str, Any] | None:
    """What `kgan.data.load` takes for the images that MODEL learned from; None if nothing tells."""
    from kgan import zoo

    if isinstance(found, str) and found in zoo.list_recipes():
        return {"source": inspect.signature(zoo.recipe(found).data).parameters["source"].default}
    config = _config(_run(found)).get("data", {}) if isinstance(found, Path) else {}
    # Arrays that a recipe of the user's made have no name to load them by.
    if config.get("source", "arrays") == "arrays":
        return None
    return {"source": config["source"], "split": config["split"]}


def history_of(found: Path | str) -> list[dict[str, Any]]:
    """The rows of a run's `history.csv`; none, with a warning, if it is damaged, or of others."""
    from kgan.callbacks import history

    path = _run(found) / "history.csv" if isinstance(found, Path) else None
    if path is None or not path.is_file():
        return []
    try:
        return history.read(path)
    except ValueError as error:
        warnings.warn(f"{path} is damaged ({error}); there will be no curves.", stacklevel=2)
        return []


def _run(found: Path) -> Path:
    """The folder that a `.keras` file lies in, or the folder itself."""
    return found.parent if found.suffix == ".keras" else found


def _import_recipe(run: Path) -> None:
    """Import a run's recipe, if it is a file of the user's: it may register classes of its own.

    Only the very file that the run was trained with, so that no other code runs.
    """
    recipe = _config(run).get("recipe", {"argument": ""})
    path = Path(recipe["argument"])
    if path.suffix == ".py" and path.is_file() and sha256(path) == recipe["sha256"]:
        from kgan import zoo

        zoo.recipe(path)


def _newest(run: Path) -> GAN:
    """The networks of a run's newest good checkpoint, the averaged ones included."""
    import keras

    import kgan.models  # noqa: F401, registers the classes
    from kgan.callbacks import checkpoint

    gan = keras.saving.deserialize_keras_object(
        run_folder.read(run, "MODEL")["model"], safe_mode=True
    )
    found = checkpoint.newest(run / "checkpoints")
    assert found is not None, "find() has seen one"
    _, arrays = found
    for part in ("networks", "average"):
        for number, variable in enumerate(gan.state()[part]):
            variable.assign(arrays[f"{part}/{number}"])
    return gan
