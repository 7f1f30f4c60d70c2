"""Generators as LiteRT files (TensorFlow Lite), for phones and small devices."""

from __future__ import annotations

import json
import tempfile
import zipfile
from pathlib import Path

import tensorflow as tf

from kgan.errors import UsageError
from kgan.files import atomic_write
from kgan.models.players_model import PlayersModel

from .proof import Export, ExportError, prove
from .signature import Serving

METADATA = "kgan.json"


def to_litert(gan: PlayersModel, path: str | Path, entry: str | None = None) -> Export:
    """Write an entry point as a LiteRT file, by default `generate`: the averaged generator.

    The signature `serving_default` takes and gives the tensors of `to_saved_model`, by name; batch,
    and height and width where they are free, are dynamic. All operators are LiteRT's own. The file
    is a zip archive, too, as LiteRT's metadata are: `unzip -p FILE kgan.json` prints those that an
    ONNX file has. The file is kept only if LiteRT, in a fresh process without kgan and Keras,
    agrees with Keras to 1e-4. An older LiteRT file is replaced.

    Example:
        >>> kgan.export.to_litert(gan, "generator.tflite").max_difference < 1e-4
        True

    Raises:
        UsageError: `gan` is not a model of kgan, or the name of `path` does not end in `.tflite`.
        ExportError: LiteRT lacks an operator, or the export does not run or differs from Keras;
            nothing is left behind.
        OSError: `path` cannot be written.
    """
    return write_litert(Serving(gan, entry), Path(path))


def write_litert(serving: Serving, path: Path) -> Export:
    """Write a traced entry point."""
    if path.suffix != ".tflite" or path.is_dir():
        raise UsageError(f"path={str(path)!r} must be a file whose name ends in .tflite.", "path")
    with atomic_write(path) as temporary:
        temporary.write_bytes(_converted(serving))
        with zipfile.ZipFile(temporary, "a") as archive:
            archive.writestr(METADATA, json.dumps(serving.metadata, indent=2) + "\n")
        difference = prove("litert", temporary, *serving.cases)
    return Export(path, path.stat().st_size, difference)


def _converted(serving: Serving) -> bytes:
    """The file's content. Only a SavedModel's signatures keep the names of the tensors."""
    with tempfile.TemporaryDirectory() as scratch:
        tf.saved_model.save(serving, scratch, signatures=serving.serve)
        converter = tf.lite.TFLiteConverter.from_saved_model(scratch)
        try:
            return converter.convert()
        except Exception as error:
            cause = next(iter(str(error).strip().splitlines()), type(error).__name__)
            raise ExportError(f"LiteRT cannot take {serving.entry.name}: {cause}") from error
