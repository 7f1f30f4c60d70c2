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
from kgan.files import replacing, sha256
from kgan.version import __version__

FILES = (
    "config.json",
    "model.weights.h5",
    "metadata.json",
    "README.md",
    "samples.png",
    "generator.onnx",
)


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
    `samples.png` (64 images of `samples_seed`), `README.md` (the card) and `metadata.json`
    (versions, date, parameter count and the SHA-256 of every other file). Weights are stored
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
    from kgan.export.saved_model import refuse_foreign

    folder = Path(folder)
    refuse_foreign("folder", folder, frozenset(FILES), "a preset")
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
            "sha256": {file.name: sha256(file) for file in sorted(temporary.iterdir())},
        }
        _write_json(temporary / "metadata.json", metadata)
    return folder


def load(folder_or_name: str | Path) -> models.GAN:
    """The compiled GAN of a preset folder or, by its name, of a packaged preset.

    A name goes before a folder of that name; write `./name` for the folder. The generator in
    training starts as the averaged one, the optimizers and the step count start anew.

    Raises:
        UsageError: no such folder or name, or the folder is not a preset of a `kgan.GAN`.
        PresetError: a file is missing or has another SHA-256 than `metadata.json` says, or
            that of a packaged preset another one than the registry says.
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
    if packaged:
        _verify(name, folder / "metadata.json", registry.preset_sha256(name))
    _verify_listed(name, folder)
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


def _verify_listed(name: str, folder: Path) -> None:
    """Compare every file of the folder with the SHA-256 in its metadata."""
    try:
        listed = dict(json.loads((folder / "metadata.json").read_text())["sha256"])
    except (ValueError, KeyError, TypeError) as error:
        raise PresetError(
            f"Preset {name!r} is damaged: metadata.json cannot be read ({error}). Fetch it again."
        ) from error
    for file in FILES:
        if file != "metadata.json":
            _verify(name, folder / file, listed.get(file))


def _verify(name: str, file: Path, expected: str | None) -> None:
    received = sha256(file) if file.is_file() else "no file"
    if received != expected:
        raise PresetError(
            f"Preset {name!r} is damaged: {file.name} should have the SHA-256 {expected}, "
            f"received {received}. Fetch it again."
        )


def _deserialize(name: str, file: Path) -> models.GAN:
    """The GAN that the configuration describes, weights fresh; Keras's safe mode stays on."""
    try:
        gan = keras.saving.deserialize_keras_object(json.loads(file.read_text()), safe_mode=True)
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
bit for bit. `metadata.json` holds the SHA-256 of every other file; loading checks them all.
"""
