"""Pages of MODEL for `kgan export --format web` and `kgan demo`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kgan.cli import models

if TYPE_CHECKING:
    import numpy as np

runtime_option = click.option(
    "--onnxruntime-web",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="The npm package onnxruntime-web.  [default: found in node_modules, else downloaded once]",
)


def write(
    model: str,
    out: Path,
    recipe: Path | None = None,
    entry: str | None = None,
    cdn: bool = False,
    onnxruntime_web: Path | None = None,
) -> str:
    """Write the page of MODEL to the folder `out`; returns the name that it shows.

    An ONNX file, and a preset that has one for this entry point, needs neither TensorFlow nor
    Keras.

    Raises:
        UsageError: as `models.find`, `models.load` and `kgan.export.to_web`.
        kgan.export.ExportError: as `kgan.export.to_web`.
    """
    from kgan import export

    found = models.find(model, onnx=True)
    name, examples = _name(found), _examples(found)
    file = _onnx_file(found, recipe, entry)
    if file is not None:
        export.write_page(file, out, name, examples, cdn, onnxruntime_web)
    else:
        gan = models.load(found, recipe)
        export.to_web(gan, out, entry, name, examples, cdn, onnxruntime_web)
    return name


def _name(found: Path | str) -> str:
    """A preset's name, or that of the run folder or file."""
    if isinstance(found, str):
        return found
    named = found.parent if found.name == "model.keras" else found
    return named.resolve().stem if named.is_file() else named.resolve().name


def _examples(found: Path | str) -> np.ndarray | None:
    """The source images of a preset; None where it has none."""
    import numpy as np

    from kgan.runtime import loading

    if not models.is_preset(found):
        return None
    file = loading.preset_folder(str(found), isinstance(found, str)) / "sources.npy"
    return np.load(file, allow_pickle=False) if file.is_file() else None


def _onnx_file(found: Path | str, recipe: Path | None, entry: str | None) -> Path | None:
    """The ONNX file that has this entry point; None where Keras must make one."""
    from kgan.runtime import OnnxModel, loading

    file: Path | None = None
    if isinstance(found, Path) and found.suffix == ".onnx":
        file = found
    elif recipe is None and models.is_preset(found):
        file = loading.preset_file(str(found), isinstance(found, str))
    if file is None or entry is None or found == file:
        return file
    return file if OnnxModel(file).entry == entry else None
