"""Models as static pages that run them in the browser."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from kgan.files import folder_bytes
from kgan.models.players_model import PlayersModel

from .proof import Export
from .signature import entry_point
from .to_onnx import to_onnx
from .web import check_fits, check_place, write_page


def to_web(
    gan: PlayersModel,
    path: str | Path,
    entry: str | None = None,
    name: str | None = None,
    examples: np.ndarray | None = None,
    cdn: bool = False,
    onnxruntime_web: str | Path | None = None,
) -> Export:
    """Write a folder with a page that runs an entry point in the browser.

    The entry point becomes an ONNX file, proved as `to_onnx` proves it, and `write_page` makes the
    page of it.

    Args:
        gan: The model.
        path: The folder; an older page is replaced.
        entry: A name in `gan.entry_points()`; the first one by default.
        name: What the page calls the model; by default its class.
        examples: As for `write_page`, like `cdn` and `onnxruntime_web`.

    Example:
        >>> made = kgan.export.to_web(gan, "page", cdn=True)
        >>> (made.path / "index.html").is_file()
        True

    Returns:
        `Export` of the folder: all bytes, and the largest difference of the ONNX file.

    Raises:
        UsageError: as for `to_onnx` and `write_page`, or no page shows this entry point.
        ExportError: as for `to_onnx`; nothing is left behind.
        OSError: as for `write_page`.
    """
    point = entry_point(gan, entry)
    check_fits("entry" if entry else "gan", point.name, point.inputs, point.outputs)
    check_place(Path(path), cdn, onnxruntime_web)
    with tempfile.TemporaryDirectory() as scratch:
        made = to_onnx(gan, Path(scratch) / "model.onnx", entry=point.name)
        name = name or type(gan).__name__
        page = write_page(made.path, path, name, examples, cdn, onnxruntime_web)
    return Export(page, folder_bytes(page), made.max_difference)
