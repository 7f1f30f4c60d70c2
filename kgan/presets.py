"""Trained GANs as folders that can be read, checked and loaded without running their code."""

from __future__ import annotations

import dataclasses
import datetime
import json
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kgan.batches import in_batches
from kgan.errors import UsageError, unknown_name
from kgan.files import refuse_foreign, replacing, restore, sha256
from kgan.models.loading import from_json
from kgan.models.trainer import Trainer
from kgan.signature import Field, Image, Label
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
# Only where the model makes images of what has no default, vectors or images: that of samples.png.
GIVEN = ("conditions.npy", "sources.npy")
_SAMPLES = 64  # images in samples.png


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
    gan: Trainer,
    folder: str | Path,
    card: Card | str | None = None,
    samples_seed: int = 0,
    inputs: Mapping[str, Any] | None = None,
) -> Path:
    """Write a GAN as a preset folder and return its path.

    The folder holds `config.json` (Keras's description of the GAN and of its `compile`),
    `model.weights.h5` (the networks, HDF5: of those that have an average, the averaged ones),
    `generator.onnx`, `samples.png` (64 images of `samples_seed`), `README.md` (the card),
    `metadata.json` (versions, date, parameter count) and `SHA256SUMS`, which `sha256sum -c` reads,
    too. Networks in training that have an average, and the optimizers, are left out, for which
    `gan.save` is made. An older preset is replaced. Classes have a column each in `samples.png`,
    up to 16, of which whole rows are shown.

    Args:
        gan: The GAN to save.
        folder: The folder to write.
        card: What README.md says of the training; a string is its summary alone.
        samples_seed: The seed of the images in `samples.png`.
        inputs: For a GAN that makes images of vectors, those of the images in `samples.png`:
            `{"conditions": vectors}`, `(n, condition_dim)`; they are stored as `conditions.npy`.
            For a model that makes images of images `{"sources": images}`, stored as `sources.npy`,
            and with `"targets"` the true ones, to be shown below what it makes.

    Raises:
        UsageError: `gan` is not a `kgan.GAN`, `folder` holds something else than a preset, or
            `inputs` are not what the generator needs.
        kgan.export.ExportError: the generator cannot be exported to ONNX.
        OSError: `folder` cannot be written.
    """
    from kgan import export, images

    folder = Path(folder)
    refuse_foreign("folder", folder, {*FILES, SUMS, *GIVEN}, SUMS, "a preset")
    if not isinstance(gan, Trainer):
        raise UsageError(f"gan must be a kgan.GAN, received {type(gan).__name__}.", "gan")
    if not isinstance(card, Card):
        card = Card(card or f"A {type(gan).__name__} that was trained with kgan.")
    given, targets = _checked(gan, inputs or {})
    n, columns = _samples(gan, given)
    drawn = gan.input_signature.sample(n, samples_seed, None, given, type(gan).__name__)
    with replacing(folder) as temporary:
        temporary.mkdir()
        for argument, values in given.items():
            np.save(temporary / f"{argument}.npy", values)
        config = keras.saving.serialize_keras_object(gan)
        _write_json(temporary / "config.json", config)
        _Weights(gan).save_weights(temporary / "model.weights.h5")
        export.to_onnx(gan, temporary / "generator.onnx")
        sources = [drawn[field.name] for field in _of_images(gan)]
        parts = [*sources, in_batches(gan, drawn, 64), *targets]
        samples = images.side_by_side(parts, columns)
        images.save_grid(temporary / "samples.png", samples, columns)
        (temporary / "README.md").write_text(
            _card(folder.name, gan, card, samples_seed, n), encoding="utf-8"
        )
        metadata = {
            "kgan_version": __version__,
            "keras_version": keras.__version__,
            "tensorflow_version": tf.__version__,
            "date_saved": datetime.datetime.now(datetime.timezone.utc).isoformat("T", "seconds"),
            "parameter_count": {
                name: network.count_params() for name, network in _kept(gan).items()
            },
        }
        _write_json(temporary / "metadata.json", metadata)
        (temporary / SUMS).write_text(_sums(temporary), encoding="utf-8")
    return folder


def load(folder_or_name: str | Path) -> Trainer:
    """The compiled GAN of a preset folder or, by its name, of a packaged preset.

    A name goes before a folder of that name; write `./name` for the folder. The generator in
    training starts as the averaged one, an encoder as well; the optimizers and the step count
    start anew.

    Raises:
        UsageError: no such folder or name, or the folder is not a preset of a `kgan.GAN`.
        PresetError: a file is missing or has another SHA-256 than `SHA256SUMS` says, or that of
            a packaged preset another one than the registry says.
    """
    from kgan.zoo import registry

    name = str(folder_or_name)
    packaged = name in registry.list_presets()
    registry.refuse_judge("preset", name)
    folder = registry.PRESETS / name if packaged else Path(folder_or_name)
    restore(folder)
    if not folder.is_dir():
        known = registry.list_presets()
        raise unknown_name("preset (a folder or a name)", name, known)
    if not (folder / "metadata.json").is_file():
        raise UsageError(
            f"preset={name!r} must be a preset folder, but holds no metadata.json.", "preset"
        )
    _verify(name, folder)
    if packaged and sha256(folder / SUMS) != registry.preset_sha256(name):
        raise _damaged(name, SUMS, "is not the one that kgan came with")
    gan = from_json(f"preset={name!r}", folder / "config.json")
    try:
        with warnings.catch_warnings():
            # Beside the error that follows; a layer that finds no weights anywhere is one.
            warnings.filterwarnings("ignore", "Skipping nested container")
            _Weights(gan).load_weights(folder / "model.weights.h5")
    # Keras and h5py raise whatever a file with other content, and right checksums, leads them to.
    except Exception as error:
        cause = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".:")
        raise _damaged(name, "model.weights.h5", f"cannot be loaded ({cause})") from error
    for network, kept in zip(gan.networks_by_name.values(), _kept(gan).values(), strict=True):
        if network is not kept:
            network.set_weights(kept.get_weights())
    return gan


def _kept(gan: Trainer) -> dict[str, keras.Model]:
    """The networks that a preset keeps, by name: the average where there is one."""
    return {
        name: getattr(gan, f"averaged_{name}", network)
        for name, network in gan.networks_by_name.items()
    }


class _Weights(keras.Model):
    """The networks that a preset keeps, under the names that they have in its HDF5 file."""

    def __init__(self, gan: Trainer):
        super().__init__()
        for name, network in _kept(gan).items():
            setattr(self, name, network)
        self.built = True


def _of_images(gan: Trainer) -> list[Field]:
    """The images that a model makes images of; none for one that makes them of latents."""
    return [field for field in gan.input_signature.values() if isinstance(field, Image)]


def _checked(
    gan: Trainer, inputs: Mapping[str, Any]
) -> tuple[dict[str, np.ndarray], list[np.ndarray]]:
    """The inputs of the samples that have no default, by argument, and the true images if given.

    Raises:
        UsageError: they are missing, not wanted, or of another shape.
    """
    for field in gan.input_signature.required:
        if field.argument not in inputs:
            shape = ", ".join(map(str, ("n", *field.shape)))
            raise UsageError(
                f"{field.argument} must be given: {type(gan).__name__} makes images of them. Use "
                f"kgan.presets.save(gan, folder, inputs={{{field.argument!r}: …}}), an array "
                f"({shape}), for the samples.",
                field.argument,
            )
    n = max((len(values) if np.ndim(values) else 1 for values in inputs.values()), default=1)
    known = gan.output_signature.values() if _of_images(gan) else ()
    true = [field for field in known if field.argument in inputs]
    targets = [field.check(inputs[field.argument], n) for field in true]
    others = {key: inputs[key] for key in inputs.keys() - {field.argument for field in true}}
    checked = gan.input_signature.sample(max(n, 1), 0, None, others, type(gan).__name__)
    given = {field.argument: checked[field.name] for field in gan.input_signature.required}
    return given, targets


def _samples(gan: Trainer, given: Mapping[str, np.ndarray]) -> tuple[int, int]:
    """How many images samples.png shows, and in how many columns."""
    from kgan.images import class_columns

    if given:
        n = len(next(iter(given.values())))
        return n, min(n, 16) if _of_images(gan) else 8
    label = gan.input_signature.of(Label)
    columns = class_columns(label.classes if label else None, _SAMPLES) or 8
    return _SAMPLES // columns * columns, columns


def _sums(folder: Path) -> str:
    """The content of SHA256SUMS, in the format of the command `sha256sum`."""
    names = sorted([*FILES, *(name for name in GIVEN if (folder / name).exists())])
    return "".join(f"{sha256(folder / name)}  {name}\n" for name in names)


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


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _card(name: str, gan: Trainer, card: Card, seed: int, n: int) -> str:
    """The Markdown of README.md, for n samples of a seed."""
    made = gan.output_signature[gan.output_name]
    sides = ("height", "width", "channels")
    shape = ", ".join(str(size or side) for size, side in zip(made.shape, sides, strict=True))
    stated = [
        f"| {field.name.capitalize()} | {getattr(card, field.name)} |"
        for field in dataclasses.fields(card)
        if field.name != "summary" and getattr(card, field.name) is not None
    ]
    training = "\n".join(["| Training | |", "|---|---|", *stated, "\n"]) if stated else ""
    fields = gan.input_signature.conditions
    with_kgan = "".join(_line(field, seed, n) for field in fields)
    imported = "import numpy as np\n" if "np." in with_kgan else ""
    arguments = "".join(f", {field.argument}={field.argument}" for field in fields)
    fed = ", ".join(f'"{field.name}": {field.argument}' for field in gan.input_signature.values())
    lines = "".join(_line(field, seed, n) for field in gan.input_signature.values())
    meanings = "".join(f" {field.describe(n)}" for field in fields)
    names = list(gan.players["generator"].networks)
    players = " and ".join(names)
    entry = next(iter(gan.entry_points()))
    loader, ask, seeded = "GAN.from_preset", f"generate({n}", f", seed={seed}{arguments}"
    if _of_images(gan):
        loader = "presets.load"
        ask = f"{entry}({', '.join(field.argument for field in _of_images(gan))}"
        seeded = f", seed={seed}" * any(field.has_default for field in gan.input_signature.values())
    kept = ", ".join(f"the averaged {name}" for name in names)
    starts = "starts as the averaged one" if len(names) == 1 else "start as the averaged ones"
    stored = ""
    for field in gan.input_signature.required:
        stored = f"`{field.argument}.npy` holds the {field.argument} of the samples. "
    return f"""# {name}

{card.summary}

![{n} samples of seed {seed}](samples.png)

{training}## {entry.capitalize()}

```python
{imported}import kgan

gan = kgan.{loader}("{name}")  # this folder, or the name if it came with kgan
{with_kgan}images = gan.{ask}{seeded})
```

`images` are float32 ({n}, {shape}) in [-1, 1].{meanings}

The same images without kgan, Keras and TensorFlow:

```python
import numpy as np
import onnxruntime

{lines}session = onnxruntime.InferenceSession("generator.onnx")
images = session.run(["{gan.output_name}"], {{{fed}}})[0]
```

## Files

`model.weights.h5` keeps {kept} and the discriminator. A loaded GAN's {players} in
training {starts} and its optimizers anew, so that `fit` goes on, but not
bit for bit. {stored}`SHA256SUMS` holds the SHA-256 of every other file; loading checks them all.
"""


def _line(field: Field, seed: int, n: int) -> str:
    """The line of Python that makes the samples' values of a field, with NumPy alone."""
    source = field.numpy_source()
    if source is None:
        return f'{field.argument} = np.load("{field.argument}.npy")\n'
    source = re.sub(r"\bn\b", str(n), re.sub(r"\bseed\b", str(seed), source))
    return f"{field.argument} = {source.replace('numpy.', 'np.')}\n"
