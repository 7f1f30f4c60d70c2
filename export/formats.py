"""An export by the name of its format, or by that of the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kgan.checks import check_path
from kgan.errors import UsageError, unknown_name
from kgan.models.players_model import PlayersModel

from .saved_model import to_saved_model
from .to_onnx import to_onnx
from .verify import Export

FORMATS = ("onnx", "saved_model")


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
        path: An ONNX file, whose name ends in `.onnx`, or the folder of a SavedModel.
        format: "onnx" or "saved_model"; by default what `path` says.
        entry: A name in `gan.entry_points()`; the first one by default.
        opset: The ONNX operator set, 9 to 18; 18 by default.

    Example:
        >>> gan = kgan.zoo.load("dcgan_fashion_mnist")
        >>> kgan.export.export(gan, "generator.onnx").max_difference < 1e-4
        True

    Raises:
        UsageError: an unknown format or entry, or as for `to_onnx` and `to_saved_model`.
        ExportError: the export does not run or differs from Keras; nothing is left behind.
        OSError: `path` cannot be written.
    """
    path = check_path("path", path, "file or folder")
    if format is None:
        if path.suffix not in ("", ".onnx"):
            raise UsageError(
                f"path={str(path)!r} must end in .onnx, or be a folder for a SavedModel.", "path"
            )
        format = "onnx" if path.suffix else "saved_model"
    if format not in FORMATS:
        raise unknown_name("format", format, FORMATS)
    if opset is not None and format != "onnx":
        raise UsageError(f"opset={opset!r} is of the format onnx; received {format!r}.", "opset")
    given: dict[str, Any] = {"opset": opset, "entry": entry}
    write: Any = to_onnx if format == "onnx" else to_saved_model
    return write(gan, path, **{name: value for name, value in given.items() if value is not None})
