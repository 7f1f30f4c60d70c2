"""Load a saved model, with errors that say what is wrong with the file."""

from __future__ import annotations

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
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"path={str(path)!r} must be a .keras file; there is none.")
    if not zipfile.is_zipfile(path):
        raise UsageError(
            f"path={str(path)!r} must be a .keras file; its content is no such archive or was cut "
            "short. Copy it again, or go back to a checkpoint of the run."
        )
    try:
        model = keras.saving.load_model(path)
    except Exception as error:
        cause = str(error).strip().splitlines()[0]
        mend = "Copy it again, or go back to a checkpoint of the run."
        if "safe" in str(error) and "ambda" in str(error):
            cause = "it holds a Lambda layer, whose code would run on loading"
            mend = "Replace that layer by one that needs no code of its own."
        raise UsageError(f"path={str(path)!r} cannot be loaded: {cause}. {mend}") from error
    if not isinstance(model, GAN):
        raise UsageError(
            f"path={str(path)!r} holds a {type(model).__name__}, not a kgan model; load it with "
            "keras.saving.load_model, or wrap its networks in kgan.GAN(generator, discriminator)."
        )
    return model
