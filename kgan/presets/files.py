"""The files of a preset folder, and whether they are those that were saved."""

from __future__ import annotations

from pathlib import Path

import keras

from kgan.checksums import checksums
from kgan.models.players_model import PlayersModel

FILES = (
    "config.json",
    "model.weights.h5",
    "metadata.json",
    "README.md",
    "samples.png",
    "generator.onnx",
)
SUMS = "SHA256SUMS"
# Only where the model makes images of what has no default, vectors or images: that of samples.png.
GIVEN = ("conditions.npy", "sources.npy", "masks.npy")


class PresetError(RuntimeError):
    """A preset whose files are not the ones that were saved."""


class PresetWeights(keras.Model):
    """The networks that a preset keeps, under the names that they have in its HDF5 file."""

    def __init__(self, gan: PlayersModel):
        super().__init__()
        for name, network in kept(gan).items():
            setattr(self, name, network)
        self.built = True


def kept(gan: PlayersModel) -> dict[str, keras.Model]:
    """The networks that a preset keeps, by name: the average where there is one."""
    return {
        name: getattr(gan, f"averaged_{name}", network)
        for name, network in gan.networks_by_name.items()
    }


def sums(folder: Path) -> str:
    """The content of SHA256SUMS."""
    names = sorted([*FILES, *(name for name in GIVEN if (folder / name).exists())])
    return checksums(folder, names)


def verify(name: str, folder: Path) -> None:
    """Compare every file of the folder with SHA256SUMS."""
    for file in (*FILES, SUMS):
        if not (folder / file).is_file():
            raise damaged(name, file, "is missing")
    listed, now = (folder / SUMS).read_bytes().decode("utf-8", "replace"), sums(folder)
    for line in now.splitlines(keepends=True):
        if line not in listed:
            raise damaged(name, line.split()[1], f"has another SHA-256 than {SUMS} says")
    if listed != now:
        raise damaged(name, SUMS, "lists other files than a preset has")


def damaged(name: str, file: str, what: str) -> PresetError:
    return PresetError(f"Preset {name!r} is damaged: {file} {what}. Fetch the preset again.")
