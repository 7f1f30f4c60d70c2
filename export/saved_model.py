"""Generators as SavedModels, for TensorFlow Serving and every other TensorFlow runtime."""

from __future__ import annotations

from collections.abc import Set
from pathlib import Path

import tensorflow as tf

import kgan
from kgan import latent
from kgan.errors import UsageError
from kgan.files import replacing

from .signature import Serving
from .verify import BATCHES, Export, verify

CONTENT = frozenset({"saved_model.pb", "fingerprint.pb", "variables", "assets", "assets.extra"})


def to_saved_model(gan: kgan.GAN, path: str | Path) -> Export:
    """Write the averaged generator as a SavedModel folder.

    The signature `serving_default` (also the attribute `serve`) takes `latent`, float32
    (batch, latent_dim) from `kgan.latent.sample`, and gives `image`, float32
    (batch, height, width, channels) in [-1, 1]; the batch is free. The folder gets its name only
    after a fresh process without kgan has run it and agreed with Keras to 1e-4. An older
    SavedModel is replaced.

    Raises:
        UsageError: `gan` is not a `kgan.GAN`, or `path` holds something else than a SavedModel.
        ExportError: the export does not run or differs from Keras; nothing is left behind.
        OSError: `path` cannot be written.
    """
    path = Path(path)
    refuse_foreign("path", path, CONTENT, "a SavedModel")
    serving = Serving(gan)
    latents = latent.sample(max(BATCHES), serving.latent_dim, seed=0)
    with replacing(path) as temporary:
        tf.saved_model.save(serving, str(temporary), signatures=serving.serve)
        difference = verify("saved_model", temporary, latents, serving.reference(latents))
    size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    return Export(path, size, difference)


def refuse_foreign(argument: str, path: Path, content: Set[str], what: str) -> None:
    """Refuse to replace a file, or a folder that holds anything but `content`.

    Raises:
        UsageError: replacing `path` could lose something that is not `what`.
    """
    if path.is_file():
        raise UsageError(
            f"{argument}={str(path)!r} must be a new folder or {what}, received a file."
        )
    foreign = sorted({entry.name for entry in path.iterdir()} - content) if path.is_dir() else []
    if foreign:
        raise UsageError(
            f"{argument}={str(path)!r} must be a new folder or {what}, but it holds "
            f"{foreign[0]!r}; choose another path or move the folder away."
        )
