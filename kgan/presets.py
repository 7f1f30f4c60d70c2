"""Trained GANs as folders that can be read, checked and loaded without running their code."""

from __future__ import annotations

import dataclasses
import datetime
import json
from pathlib import Path

import keras
import tensorflow as tf

from kgan import models
from kgan.errors import UsageError, unknown_name
from kgan.files import refuse_foreign, replacing, sha256
from kgan.version import __version__

FILES = (
    "config.json",
    "model.weights.h5",
    "metadata.json",
    "README.md",
    "samples.png",
    "generator.onnx",
)
SUMS = "SHA256SUMS"


class PresetError(RuntimeError):
    """A preset whose files are not the ones that were saved."""


@dataclasses.dataclass(frozen=True)
class Card:
    """What a preset's README.md states of its training; what is left out is not stated.

    `summary` is a paragraph of Markdown, `figure` a measured quality with its protocol, `seed`
    the run's, `minutes` the training time with the machine.
    """

    summary: str
    recipe: str | None = None
    data: str | None = None
    seed: int | None = None
    minutes: str | float | None = None
    figure: str | None = None
    license: str | None = None


def save(
    gan: models.GAN, folder: str | Path, card: Card | str | None = None, samples_seed: int = 0
) -> Path:
    """Write a GAN as a preset folder and return its path.

    The folder holds `config.json` (Keras's description of the GAN and of its `compile`),
    `model.weights.h5` (the averaged generator and the discriminator, HDF5), `generator.onnx`,
    `samples.png` (64 images of `samples_seed`), `README.md` (the card), `metadata.json` (versions,
    date, parameter count) and `SHA256SUMS`, which `sha256sum -c` reads, too. Weights are stored
    once: the generator in training and the optimizers are left out, for which `gan.save` is
    made. An older preset is replaced.

    Args:
        gan: The GAN to save.
        folder: The folder to write.
        card: What README.md says of the training; a string is its summary alone.
        samples_seed: The seed of the images in `samples.png`.

    Raises:
        UsageError: `gan` is not a `kgan.GAN`, or `folder` holds something else than a preset.
        kgan.export.ExportError: the generator cannot be exported to ONNX.
        OSError: `folder` cannot be written.
    """
    from kgan import export, images

    folder = Path(folder)
    refuse_foreign("folder", folder, {*FILES, SUMS}, SUMS, "a preset")
    if not isinstance(gan, models.GAN):
        raise UsageError(f"gan must be a kgan.GAN, received {type(gan).__name__}.")
    if not isinstance(card, Card):
        card = Card(card or f"A {type(gan).__name__} that was trained with kgan.")
    with replacing(folder) as temporary:
        temporary.mkdir()
        config = keras.saving.serialize_keras_object(gan)
        _write_json(temporary / "config.json", config)
        _Weights(gan).save_weights(temporary / "model.weights.h5")
        export.to_onnx(gan, temporary / "generator.onnx")
        images.save_grid(temporary / "samples.png", gan.generate(64, samples_seed), columns=8)
        (temporary / "README.md").write_text(
            _card(folder.name, gan, card, samples_seed), encoding="utf-8"
        )
        metadata = {
            "kgan_version": __version__,
            "keras_version": keras.__version__,
            "tensorflow_version": tf.__version__,
            "date_saved": datetime.datetime.now(datetime.timezone.utc).isoformat("T", "seconds"),
            "parameter_count": {
                "generator": gan.averaged_generator.count_params(),
                "discriminator": gan.discriminator.count_params(),
            },
        }
        _write_json(temporary / "metadata.json", metadata)
        (temporary / SUMS).write_text(_sums(temporary), encoding="utf-8")
    return folder


def load(folder_or_name: str | Path) -> models.GAN:
    """The compiled GAN of a preset folder or, by its name, of a packaged preset.

    A name goes before a folder of that name; write `./name` for the folder. The generator in
    training starts as the averaged one, the optimizers and the step count start anew.

    Raises:
        UsageError: no such folder or name, or the folder is not a preset of a `kgan.GAN`.
        PresetError: a file is missing or has another SHA-256 than `SHA256SUMS` says, or that of
            a packaged preset another one than the registry says.
    """
    from kgan.zoo import registry

    name = str(folder_or_name)
    packaged = name in registry.list_presets()
    folder = registry.PRESETS / name if packaged else Path(folder_or_name)
    if not folder.is_dir():
        known = registry.list_presets()
        raise unknown_name("preset (a folder or a name)", name, known)
    if not (folder / "metadata.json").is_file():
        raise UsageError(f"preset={name!r} must be a preset folder, but holds no metadata.json.")
    _verify(name, folder)
    if packaged and sha256(folder / SUMS) != registry.preset_sha256(name):
        raise _damaged(name, SUMS, "is not the one that kgan came with")
    gan = _deserialize(name, folder / "config.json")
    _Weights(gan).load_weights(folder / "model.weights.h5")
    gan.generator.set_weights(gan.averaged_generator.get_weights())
    return gan


class _Weights(keras.Model):
    """The networks that a preset keeps, under the names that they have in its HDF5 file."""

    def __init__(self, gan: models.GAN):
        super().__init__()
        self.generator = gan.averaged_generator
        self.discriminator = gan.discriminator
        self.built = True


def _sums(folder: Path) -> str:
    """The content of SHA256SUMS, in the format of the command `sha256sum`."""
    return "".join(f"{sha256(folder / name)}  {name}\n" for name in sorted(FILES))


def _verify(name: str, folder: Path) -> None:
    """Compare every file of the folder with SHA256SUMS."""
    for file in (*FILES, SUMS):
        if not (folder / file).is_file():
            raise _damaged(name, file, "is missing")
    listed = (folder / SUMS).read_bytes().decode("utf-8", "replace")
    for line in _sums(folder).splitlines(keepends=True):
        if line not in listed:
            raise _damaged(name, line.split()[1], f"has another SHA-256 than {SUMS} says")
    if listed != _sums(folder):
        raise _damaged(name, SUMS, "lists other files than a preset has")


def _damaged(name: str, file: str, what: str) -> PresetError:
    return PresetError(f"Preset {name!r} is damaged: {file} {what}. Fetch the preset again.")


def _deserialize(name: str, file: Path) -> models.GAN:
    """The GAN that the configuration describes, weights fresh; Keras's safe mode stays on."""
    try:
        gan = keras.saving.deserialize_keras_object(
            json.loads(file.read_text(encoding="utf-8")), safe_mode=True
        )
    except Exception as error:
        cause = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise UsageError(f"preset={name!r} cannot be built from config.json: {cause}") from error
    if not isinstance(gan, models.GAN):
        raise UsageError(f"preset={name!r} must hold a kgan.GAN, holds {type(gan).__name__}.")
    return gan


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _card(name: str, gan: models.GAN, card: Card, samples_seed: int) -> str:
    """The Markdown of README.md."""
    height, width, channels = gan.image_shape
    stated = [
        f"| {field.name.capitalize()} | {getattr(card, field.name)} |"
        for field in dataclasses.fields(card)
        if field.name != "summary" and getattr(card, field.name) is not None
    ]
    training = "\n".join(["| Training | |", "|---|---|", *stated, "\n"]) if stated else ""
    return f"""# {name}

{card.summary}

![64 samples of seed {samples_seed}](samples.png)

{training}## Generate

```python
import kgan

gan = kgan.GAN.from_preset("{name}")  # this folder, or the name if it came with kgan
images = gan.generate(64, seed={samples_seed})
```

`images` are float32 (64, {height}, {width}, {channels}) in [-1, 1].

The same images without kgan, Keras and TensorFlow:

```python
import numpy as np
import onnxruntime

random = np.random.RandomState({samples_seed})
latent = random.standard_normal((64, {gan.latent_dim})).astype("float32")
session = onnxruntime.InferenceSession("generator.onnx")
images = session.run(["image"], {{"latent": latent}})[0]
```

## Files

`model.weights.h5` keeps the averaged generator and the discriminator. A loaded GAN's generator in
training starts as the averaged one and its optimizers anew, so that `fit` goes on, but not
bit for bit. `SHA256SUMS` holds the SHA-256 of every other file; loading checks them all.
"""
