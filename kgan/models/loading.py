"""Load a saved model, with errors that say what is wrong with the file."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import keras

from kgan.errors import UsageError
from kgan.models.gan import GAN


def load_model(path: str | Path) -> GAN:
    """The model that `gan.save(path)` wrote, compiled as it was, optimizers included.

    Keras's safe mode stays on: a file that would run code of its own is refused.

    Raises:
        FileNotFoundError: there is no such file.
        UsageError: the file is damaged, holds another kind of model or unsafe code.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise UsageError(f"path must be the path of a .keras file; received {path!r}.")
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
            f"path={str(path)!r} must be a .keras file; its content is no such archive or was cut "
            "short. Copy it again, or go back to a checkpoint of the run."
        )
    try:
        model = keras.saving.load_model(path)
    except Exception as error:
        cause, mend = _explain(error)
        raise UsageError(f"path={str(path)!r} cannot be loaded: {cause}. {mend}") from error
    if not isinstance(model, GAN):
        raise UsageError(
            f"path={str(path)!r} holds a {type(model).__name__}, not a kgan model; load it with "
            "keras.saving.load_model, or wrap its networks in kgan.GAN(generator, discriminator)."
        )
    return model


def _explain(error: Exception) -> tuple[str, str]:
    """What is wrong with the file and what to do about it."""
    text = str(error).strip() or type(error).__name__
    if "safe" in text and "ambda" in text:
        return (
            "it holds a Lambda layer, whose code would run on loading",
            "Replace that layer by one that needs no code of its own.",
        )
    # Keras goes on with the whole configuration.
    cause = text.splitlines()[0].split(". ")[0].rstrip(".:")
    if cause.startswith("Could not locate"):
        return cause, "Import the module that defines and registers it, then load."
    return cause, "Copy it again, or go back to a checkpoint of the run."
