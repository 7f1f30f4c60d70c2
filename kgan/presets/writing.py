"""Write a trained model as a preset folder."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kgan import images
from kgan.batches import in_batches
from kgan.errors import UsageError
from kgan.files import atomic_write, check_overwrite
from kgan.models.players_model import PlayersModel
from kgan.presets.card import Card, render
from kgan.presets.files import FILES, GIVEN, SUMS, PresetWeights, kept, sums
from kgan.version import __version__

_SAMPLES = 64  # images in samples.png


def save(
    gan: PlayersModel,
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

    Example:
        >>> path = kgan.presets.save(gan, "garments_preset", "Garments in 28x28 pixels.")
        >>> images = kgan.presets.load(path).generate(16, seed=7)

    Raises:
        UsageError: `gan` is not a model of kgan, `folder` holds something else than a preset, or
            `inputs` are not what the generator needs.
        kgan.export.ExportError: the generator cannot be exported to ONNX.
        OSError: `folder` cannot be written.
    """
    from kgan import export

    folder = Path(folder)
    check_overwrite("folder", folder, {*FILES, SUMS, *GIVEN}, SUMS, "a preset")
    if not isinstance(gan, PlayersModel):
        raise UsageError(
            "gan must be a model of kgan, a kgan.GAN or a kgan.Pix2Pix; received "
            f"{type(gan).__name__}.",
            "gan",
        )
    if not isinstance(card, Card):
        card = Card(card or f"A {type(gan).__name__} that was trained with kgan.")
    given, targets = _checked(gan, inputs or {})
    n, columns = _samples(gan, given)
    drawn = gan.input_signature.sample(n, samples_seed, None, given, type(gan).__name__)
    with atomic_write(folder) as temporary:
        temporary.mkdir()
        for argument, values in given.items():
            np.save(temporary / f"{argument}.npy", values)
        config = keras.saving.serialize_keras_object(gan)
        _write_json(temporary / "config.json", config)
        PresetWeights(gan).save_weights(temporary / "model.weights.h5")
        export.to_onnx(gan, temporary / "generator.onnx")
        sources = [drawn[field.name] for field in gan.input_signature.images]
        parts = [*sources, in_batches(gan, drawn, 64), *targets]
        samples = images.side_by_side(parts, columns)
        images.save_grid(temporary / "samples.png", samples, columns)
        (temporary / "README.md").write_text(
            render(folder.name, gan, card, samples_seed, n), encoding="utf-8"
        )
        metadata = {
            "kgan_version": __version__,
            "keras_version": keras.__version__,
            "tensorflow_version": tf.__version__,
            "date_saved": datetime.datetime.now(datetime.timezone.utc).isoformat("T", "seconds"),
            "parameter_count": {
                name: network.count_params() for name, network in kept(gan).items()
            },
        }
        _write_json(temporary / "metadata.json", metadata)
        (temporary / SUMS).write_text(sums(temporary), encoding="utf-8")
    return folder


def _checked(
    gan: PlayersModel, inputs: Mapping[str, Any]
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
    known = gan.output_signature.values() if gan.input_signature.images else ()
    true = [field for field in known if field.argument in inputs]
    targets = [field.check(inputs[field.argument], n) for field in true]
    others = {key: inputs[key] for key in inputs.keys() - {field.argument for field in true}}
    checked = gan.input_signature.sample(max(n, 1), 0, None, others, type(gan).__name__)
    given = {field.argument: checked[field.name] for field in gan.input_signature.required}
    return given, targets


def _samples(gan: PlayersModel, given: Mapping[str, np.ndarray]) -> tuple[int, int]:
    """How many images samples.png shows, and in how many columns."""
    if given:
        n = len(next(iter(given.values())))
        return n, min(n, 16) if gan.input_signature.images else 8
    label = gan.input_signature.label
    columns = images.class_columns(label.classes if label else None, _SAMPLES) or 8
    return _SAMPLES // columns * columns, columns


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
