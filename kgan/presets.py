"""Trained GANs as folders that can be read, checked and loaded without running their code."""

from __future__ import annotations

import dataclasses
import datetime
import json
import warnings
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from kgan import models
from kgan.data.validate import check_vectors
from kgan.errors import UsageError, unknown_name
from kgan.files import refuse_foreign, replacing, restore, sha256
from kgan.latent import PRIORS
from kgan.models.info_gan import InfoGAN
from kgan.models.loading import from_json
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
# Only where the GAN makes images of vectors: those of samples.png.
CONDITIONS = "conditions.npy"
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
    gan: models.GAN,
    folder: str | Path,
    card: Card | str | None = None,
    samples_seed: int = 0,
    conditions=None,
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
        conditions: For a GAN that makes images of vectors, those of the images in `samples.png`,
            `(n, condition_dim)`; they are stored, too, as `conditions.npy`.

    Raises:
        UsageError: `gan` is not a `kgan.GAN`, `folder` holds something else than a preset, or
            `conditions` are not what the generator needs.
        kgan.export.ExportError: the generator cannot be exported to ONNX.
        OSError: `folder` cannot be written.
    """
    from kgan import export, images

    folder = Path(folder)
    refuse_foreign("folder", folder, {*FILES, SUMS, CONDITIONS}, SUMS, "a preset")
    if not isinstance(gan, models.GAN):
        raise UsageError(f"gan must be a kgan.GAN, received {type(gan).__name__}.")
    if not isinstance(card, Card):
        card = Card(card or f"A {type(gan).__name__} that was trained with kgan.")
    conditions = _checked(gan, conditions)
    n, columns = _samples(gan, conditions)
    with replacing(folder) as temporary:
        temporary.mkdir()
        if conditions is not None:
            np.save(temporary / CONDITIONS, conditions)
        config = keras.saving.serialize_keras_object(gan)
        _write_json(temporary / "config.json", config)
        _Weights(gan).save_weights(temporary / "model.weights.h5")
        export.to_onnx(gan, temporary / "generator.onnx")
        samples = gan.generate(n, samples_seed, conditions=conditions)
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


def load(folder_or_name: str | Path) -> models.GAN:
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
        raise UsageError(f"preset={name!r} must be a preset folder, but holds no metadata.json.")
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
    for network, kept in zip(gan.trained_networks.values(), _kept(gan).values(), strict=True):
        if network is not kept:
            network.set_weights(kept.get_weights())
    return gan


def _kept(gan: models.GAN) -> dict[str, keras.Model]:
    """The networks that a preset keeps, by name: the average where there is one."""
    return {
        name: getattr(gan, f"averaged_{name}", network)
        for name, network in gan.trained_networks.items()
    }


class _Weights(keras.Model):
    """The networks that a preset keeps, under the names that they have in its HDF5 file."""

    def __init__(self, gan: models.GAN):
        super().__init__()
        for name, network in _kept(gan).items():
            setattr(self, name, network)
        self.built = True


def _checked(gan: models.GAN, conditions) -> np.ndarray | None:
    """The conditions of the samples, if the generator takes such.

    Raises:
        UsageError: they are missing, not wanted, or of another shape.
    """
    if "condition" not in gan.generator_inputs:
        if conditions is not None:
            raise UsageError(
                f"conditions must be None, since {type(gan).__name__} takes none; received "
                f"{type(conditions).__name__}."
            )
        return None
    if conditions is None:
        raise UsageError(
            f"conditions must be given: {type(gan).__name__} makes images of vectors. Use "
            f"kgan.presets.save(gan, folder, conditions=vectors), an array (n, "
            f"{gan.condition_dim}), for the samples."
        )
    assert gan.condition_dim is not None  # as the generator has the input
    rows = len(conditions) if hasattr(conditions, "__len__") else 1
    return check_vectors("conditions", conditions, (max(rows, 1), gan.condition_dim))


def _samples(gan: models.GAN, conditions: np.ndarray | None) -> tuple[int, int]:
    """How many images samples.png shows, and in how many columns."""
    from kgan.images import class_columns

    if conditions is not None:
        return len(conditions), 8
    classes = gan.classes if "label" in gan.generator_inputs else None
    columns = class_columns(classes, _SAMPLES) or 8
    return _SAMPLES // columns * columns, columns


def _sums(folder: Path) -> str:
    """The content of SHA256SUMS, in the format of the command `sha256sum`."""
    further = (CONDITIONS,) if (folder / CONDITIONS).exists() else ()
    names = sorted((*FILES, *further))
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


def _card(name: str, gan: models.GAN, card: Card, seed: int, n: int) -> str:
    """The Markdown of README.md, for n samples of a seed."""
    height, width, channels = gan.image_shape
    stated = [
        f"| {field.name.capitalize()} | {getattr(card, field.name)} |"
        for field in dataclasses.fields(card)
        if field.name != "summary" and getattr(card, field.name) is not None
    ]
    training = "\n".join(["| Training | |", "|---|---|", *stated, "\n"]) if stated else ""
    given = [_given(input_name, gan, seed, n) for input_name in gan.generator_inputs[1:]]
    with_kgan = "".join(each.with_kgan for each in given)
    numpy = "import numpy as np\n" if "np." in with_kgan else ""
    arguments = "".join(f", {each.name}s={each.name}s" for each in given)
    fed = "".join(f', "{each.name}": {each.name}s' for each in given)
    meanings = "".join(f" {each.meaning}" for each in given)
    players = " and ".join(gan.generator_networks)
    kept = ", ".join(f"the averaged {network}" for network in gan.generator_networks)
    starts = (
        "starts as the averaged one" if players == "generator" else "start as the averaged ones"
    )
    vectors = "condition" in gan.generator_inputs
    stored = f"`{CONDITIONS}` holds the vectors of the samples. " if vectors else ""
    return f"""# {name}

{card.summary}

![{n} samples of seed {seed}](samples.png)

{training}## Generate

```python
{numpy}import kgan

gan = kgan.GAN.from_preset("{name}")  # this folder, or the name if it came with kgan
{with_kgan}images = gan.generate({n}, seed={seed}{arguments})
```

`images` are float32 ({n}, {height}, {width}, {channels}) in [-1, 1].{meanings}

The same images without kgan, Keras and TensorFlow:

```python
import numpy as np
import onnxruntime

seed, n, latent_dim = {seed}, {n}, {gan.latent_dim}
latent = {PRIORS[gan.prior].replace("numpy.", "np.")}
{"".join(each.without for each in given)}session = onnxruntime.InferenceSession("generator.onnx")
images = session.run(["image"], {{"latent": latent{fed}}})[0]
```

## Files

`model.weights.h5` keeps {kept} and the discriminator. A loaded GAN's {players} in
training {starts} and its optimizers anew, so that `fit` goes on, but not
bit for bit. {stored}`SHA256SUMS` holds the SHA-256 of every other file; loading checks them all.
"""


class _Given(NamedTuple):
    """An input beside the latent: the Python that makes it, with and without kgan, and a line."""

    name: str
    with_kgan: str
    without: str
    meaning: str


def _given(name: str, gan: models.GAN, seed: int, n: int) -> _Given:
    if name == "label":
        classes = gan.classes or 1
        line = f'labels = np.arange({n}, dtype="int32") % {classes}\n'
        meaning = (
            f"`labels` are classes, 0 to {classes - 1}; check them before you run the ONNX file, "
            "which makes an image of no class of another number."
        )
        return _Given(name, line, line, meaning)
    if name == "condition":
        line = f'conditions = np.load("{CONDITIONS}")\n'
        meaning = f"`conditions` are float32 ({n}, {gan.condition_dim}), a vector for each image."
        return _Given(name, line, line, meaning)
    assert isinstance(gan, InfoGAN)  # no other class draws codes
    parts = [f"a one-hot vector of length {size}" for size in gan.categorical]
    parts += [f"{gan.continuous} numbers from -1 to 1"] if gan.continuous else []
    return _Given(
        name,
        f'codes = gan.sample_inputs({n}, seed={seed})["code"]\n',
        f"""random = np.random.RandomState([{seed}, 1])
codes = [np.eye(size)[random.randint(size, size={n})] for size in {gan.categorical}]
codes.append(random.uniform(-1, 1, ({n}, {gan.continuous})))
codes = np.concatenate(codes, 1).astype("float32")
""",
        f"`codes` are float32 ({n}, {gan.code_dim}): {', then '.join(parts)}.",
    )
