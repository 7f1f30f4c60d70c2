"""Load a preset folder, whose files are checked first."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

from kgan.checks import Given, check_path
from kgan.errors import UsageError
from kgan.files import restore
from kgan.models.loading import from_json
from kgan.models.stored_model import StoredModel
from kgan.presets.files import PresetWeights, damaged, kept, verify
from kgan.version import __version__


def load(folder: str | Path) -> StoredModel:
    """The compiled model of a preset folder. `kgan.zoo.load` also takes the name of a packaged one.

    The generator in training starts as the averaged one, an encoder as well; the optimizers and the
    step count start anew.

    Example:
        >>> gan = kgan.presets.load("my_preset")
        >>> images = gan.generate(16, seed=7)

    Raises:
        UsageError: no such folder, or one that is no preset of a kgan model.
        PresetError: a file is missing or has another SHA-256 than `SHA256SUMS` says.
    """
    folder = check_path("preset", folder)
    restore(folder)
    if not folder.is_dir():
        raise UsageError(
            f"preset={str(folder)!r} must be a preset folder; there is no such folder. "
            "kgan.zoo.load loads packaged presets by name.",
            "preset",
        )
    if not (folder / "metadata.json").is_file():
        raise UsageError(
            f"preset={str(folder)!r} must be a preset folder, but holds no metadata.json.", "preset"
        )
    return read(str(folder), folder)


def read(name: str, folder: Path) -> StoredModel:
    """The model of a folder that errors call `name`.

    Raises:
        PresetError: as for `load`.
    """
    verify(name, folder)
    try:
        gan = from_json(Given("preset", name), folder / "config.json")
    except UsageError as error:
        older = _saved_by(folder)
        if older in (None, __version__):
            raise
        raise UsageError(
            f"{error} kgan {older} saved it, and this is kgan {__version__}; install that version, "
            "or train the recipe again.",
            "preset",
        ) from error
    try:
        with warnings.catch_warnings():
            # Beside the error that follows; a layer that finds no weights anywhere is one.
            warnings.filterwarnings("ignore", "Skipping nested container")
            PresetWeights(gan).load_weights(folder / "model.weights.h5")
    # Keras and h5py raise whatever a file with other content, and right checksums, leads them to.
    except Exception as error:
        cause = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".:")
        raise damaged(name, "model.weights.h5", f"cannot be loaded ({cause})") from error
    for network, source in zip(gan.networks_by_name.values(), kept(gan).values(), strict=True):
        if network is not source:
            network.set_weights(source.get_weights())
    return gan


def _saved_by(folder: Path) -> str | None:
    """The version of kgan that saved a preset, as far as metadata.json tells."""
    try:
        metadata = json.loads((folder / "metadata.json").read_text(encoding="utf-8"))
        return str(metadata["kgan_version"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
