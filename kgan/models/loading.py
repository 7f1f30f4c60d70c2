"""Load a saved model, with errors that say what is wrong with the file."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path
from typing import Any

import keras

from kgan.checks import Given
from kgan.errors import UsageError
from kgan.models.stored_model import StoredModel

# Layers that are made of code, or of a graph that may write files; versions of Keras that kgan
# runs on let some of them pass in safe mode.
_CODE = ("Lambda", "__lambda__", "TFSMLayer", "TorchModuleWrapper")
_FIX = "Copy it again, or go back to a checkpoint of the run."


class UnknownClassError(UsageError):
    """A model of a class that nothing has registered: the file that defines it must be imported."""


class _CodeError(Exception):
    """A configuration whose objects would run code of their own."""


def load_model(path: str | Path) -> StoredModel:
    """The model that `gan.save(path)` wrote, compiled as it was, optimizers included.

    Keras's safe mode stays on: a file that would run code of its own is refused.

    Example:
        >>> gan.save("gan.keras")
        >>> gan = kgan.load_model("gan.keras")
        >>> gan.fit(images, epochs=1)

    Raises:
        FileNotFoundError: there is no such file.
        UsageError: the file is damaged, holds another kind of model or unsafe code.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise UsageError(f"path must be the path of a .keras file; received {path!r}.", "path")
    path = Path(path)
    if not path.is_file():
        hint = f"; the run's is {path / 'model.keras'}" if (path / "model.keras").exists() else ""
        raise FileNotFoundError(
            f"path={str(path)!r} must be a .keras file; "
            f"{'this is a folder' if path.is_dir() else 'there is none'}{hint}."
        )
    # Opened here, for is_zipfile says of a file without permission that it is no archive.
    with path.open("rb") as file:
        whole = zipfile.is_zipfile(file)
    if not whole:
        raise UsageError(
            f"path={str(path)!r} must be a .keras file; it is of another format or was cut "
            "short. Copy it again, or go back to a checkpoint of the run.",
            "path",
        )
    try:
        with zipfile.ZipFile(path) as archive:
            _refuse_code(json.loads(archive.read("config.json")))
        model = keras.saving.load_model(path)
    except Exception as error:
        raise _explained(Given("path", str(path)), "cannot be loaded", error) from error
    if not isinstance(model, StoredModel):
        raise UsageError(
            f"path={str(path)!r} holds a {type(model).__name__}, not a model of kgan; load it with "
            "keras.saving.load_model, or wrap its networks in kgan.GAN(generator, discriminator).",
            "path",
        )
    return model


def from_json(given: Given, path: Path, part: str | None = None) -> StoredModel:
    """The model that Keras serialized to a JSON file, or to a part of it; weights fresh.

    Raises:
        UsageError: it is damaged, another kind of object, or would run code of its own; begins
            with `given`.
    """
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        config = config if part is None else config.get(part)
        _refuse_code([config])
        gan = keras.saving.deserialize_keras_object(config, safe_mode=True)
    except Exception as error:
        raise _explained(given, f"cannot be built from {path.name}", error) from error
    if not isinstance(gan, StoredModel):
        raise UsageError(
            f"{given} must hold a model of kgan, holds {type(gan).__name__}.", given.argument
        )
    return gan


def _refuse_code(config: Any) -> None:
    """Refuse what names code to run, or a module to import: Keras imports some by their name.

    Raises:
        _CodeError: a layer is made of code.
        UnknownClassError: a class or function is neither Keras's own nor registered.
    """
    if isinstance(config, dict) and isinstance(kind := config.get("class_name"), str):
        if kind in _CODE:
            raise _CodeError(f"it holds a {kind.strip('_')} layer")
        what, name = ("function", config.get("config")) if kind == "function" else ("class", kind)
        known = name if what == "function" else config.get("registered_name") or kind
        package = str(config.get("module") or "keras").split(".")[0]
        if package not in ("keras", "builtins") and not keras.saving.get_registered_object(
            str(known)
        ):
            raise UnknownClassError(f"Could not locate {what} {name!r}")
    for value in config.values() if isinstance(config, dict) else config:
        if isinstance(value, (dict, list)):
            _refuse_code(value)


def _explained(given: Given, what: str, error: Exception) -> UsageError:
    """The error that says what is wrong and what to do about it."""
    if isinstance(error, _CodeError):
        return UsageError(
            f"{given} {what}: {error}, whose code would run on loading. Replace that layer by one "
            "that needs no code of its own.",
            given.argument,
        )
    # Keras goes on with the whole configuration.
    text = str(error).strip() or type(error).__name__
    cause = text.splitlines()[0].split(". ")[0].rstrip(".:")
    if cause.startswith("Could not locate"):
        fix = "Import the module that defines and registers it, then load."
        return UnknownClassError(f"{given} {what}: {cause}. {fix}", given.argument)
    return UsageError(f"{given} {what}: {cause}. {_FIX}", given.argument)
