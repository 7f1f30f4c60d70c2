"""An export by the name of its format, or by that of the file."""

from __future__ import annotations

from pathlib import Path

from kgan.checks import check_path
from kgan.errors import UsageError, unknown_name
from kgan.models.players_model import PlayersModel

from .bundle import to_bundle
from .formats import FORMATS
from .proof import Export
from .signature import Serving
from .to_web import to_web

BUNDLE, PAGE = "bundle", "web"
SUFFIXES = {"": "saved_model", ".onnx": "onnx", ".tflite": "litert"}  # formats by default


def export(
    gan: PlayersModel,
    path: str | Path,
    format: str | None = None,
    entry: str | None = None,
    opset: int | None = None,
) -> Export:
    """Write an entry point of a model, and prove that the file gives what Keras gives.

    Args:
        gan: The model.
        path: An ONNX file, whose name ends in `.onnx`, a LiteRT file, whose name ends in `.tflite`,
            or the folder of a SavedModel, a bundle or a page.
        format: "onnx", "onnx-fp16", "litert", "saved_model", "bundle" for all of them, or "web" for
            a page that runs the model in the browser; by default "onnx", "litert" or "saved_model",
            as `path` says.
        entry: A name in `gan.entry_points()`; the first one by default. A bundle has all.
        opset: The ONNX operator set, 9 to 18; 18 by default.

    Example:
        >>> gan = kgan.zoo.load("dcgan_fashion_mnist")
        >>> kgan.export.export(gan, "generator.onnx").max_difference < 1e-4
        True

    Raises:
        UsageError: an unknown format or entry, an entry or opset that the format has not, or as
            for `to_onnx`, `to_litert`, `to_saved_model`, `to_bundle` and `to_web`.
        ExportError: the export does not run or differs from Keras; nothing is left behind.
        OSError: `path` cannot be written.
    """
    path = check_path("path", path, "file or folder")
    if format is None:
        if path.suffix not in SUFFIXES:
            raise UsageError(
                f"path={str(path)!r} must end in .onnx or .tflite, or be a folder for a "
                "SavedModel.",
                "path",
            )
        format = SUFFIXES[path.suffix]
    if format not in (*FORMATS, BUNDLE, PAGE):
        raise unknown_name("format", format, [*FORMATS, BUNDLE, PAGE])
    if opset is not None and (format not in FORMATS or FORMATS[format].runtime != "onnx"):
        raise UsageError(f"opset={opset!r} is of ONNX files; received format={format!r}.", "opset")
    if format == BUNDLE:
        if entry is not None:
            raise UsageError(
                f"entry={entry!r} must be left out: a bundle has every entry point.", "entry"
            )
        return to_bundle(gan, path)
    if format == PAGE:
        return to_web(gan, path, entry)
    options = {} if opset is None else {"opset": opset}
    return FORMATS[format].write(Serving(gan, entry), path, **options)
