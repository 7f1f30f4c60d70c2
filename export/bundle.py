"""Every entry point of a model in every format, in one folder that can be proved again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

import kgan
from kgan.checksums import checksums
from kgan.errors import UsageError
from kgan.files import atomic_write, check_overwrite, folder_bytes, restore
from kgan.models.players_model import PlayersModel

from .formats import FORMATS
from .proof import Case, Export, ExportError, prove
from .signature import Serving, entry_point

INDEX, SUMS, VECTORS = "kgan.json", "SHA256SUMS", "vectors"


def to_bundle(gan: PlayersModel, path: str | Path) -> Export:
    """Write every entry point of a model in every format, each proved, to a folder.

    `ENTRY` is a SavedModel, `ENTRY.onnx` and `ENTRY-fp16.onnx` are ONNX files, `ENTRY.tflite` is
    LiteRT's. `kgan.json` names the model, the versions that wrote it, the `inputs` and `outputs` of
    each entry point, and of each file its format, bytes and largest difference from Keras.
    `vectors` holds the inputs and Keras's outputs of the proof, which `kgan.export.verify` repeats.
    `SHA256SUMS` lists all files, as the command `sha256sum -c` reads it. An older bundle is
    replaced.

    Example:
        >>> made = kgan.export.to_bundle(gan, "bundle")
        >>> [each.path.name for each in kgan.export.verify("bundle")]
        ['generate', 'generate.onnx', 'generate-fp16.onnx', 'generate.tflite']

    Returns:
        `Export` of the folder: all bytes, and the largest difference of any file.

    Raises:
        UsageError: `gan` is not a model of kgan, or `path` holds something else than a bundle.
        ExportError: as for `to_onnx`, `to_litert` and `to_saved_model`; nothing is left behind.
        OSError: `path` cannot be written.
    """
    path = Path(path)
    entry_point(gan, None)  # refuses what is no model
    check_overwrite("path", path, _content(path), INDEX, "a bundle")
    files: dict[str, dict[str, Any]] = {}
    entries: dict[str, dict[str, Any]] = {}
    with atomic_write(path) as temporary:
        (temporary / VECTORS).mkdir(parents=True)
        for entry in gan.entry_points():
            serving = Serving(gan, entry)
            _write_vectors(temporary, entry, serving.cases)
            described = ("inputs", "outputs", "receptive_field")
            entries[entry] = {
                name: json.loads(serving.metadata[name])
                for name in described
                if name in serving.metadata
            }
            for name, form in FORMATS.items():
                made = form.write(serving, temporary / f"{entry}{form.suffix}")
                facts = {"bytes": made.bytes, "max_difference": made.max_difference}
                files[made.path.name] = {"entry": entry, "format": name, **facts}
        index = {
            "model": type(gan).__name__,
            "kgan_version": kgan.__version__,
            "keras_version": keras.__version__,
            "tensorflow_version": tf.__version__,
            "entries": entries,
            "files": files,
        }
        (temporary / INDEX).write_text(json.dumps(index, indent=2) + "\n", encoding="utf-8")
        (temporary / SUMS).write_text(_sums(temporary), encoding="utf-8")
    differences = [facts["max_difference"] for facts in files.values()]
    return Export(path, folder_bytes(path), max(differences))


def verify(path: str | Path) -> list[Export]:
    """Prove a bundle again: each file runs in a fresh process and gives what it gave then.

    Example:
        >>> made = kgan.export.to_bundle(gan, "bundle")
        >>> max(each.max_difference for each in kgan.export.verify("bundle")) < 2e-2
        True

    Returns:
        an `Export` for each file of a model, in the order of `kgan.json`.

    Raises:
        UsageError: `path` is no bundle.
        ExportError: a file is missing, has another SHA-256 than `SHA256SUMS` says, does not run, or
            differs from what Keras gave by more than its format may.
    """
    path = Path(path)
    restore(path)
    if not (path / INDEX).is_file():
        raise UsageError(
            f"path={str(path)!r} must be a folder that kgan.export.to_bundle wrote; it has no "
            f"{INDEX}.",
            "path",
        )
    there = (path / SUMS).is_file()
    listed, now = (path / SUMS).read_text("utf-8", "replace") if there else "", _sums(path)
    if listed != now:
        changed = sorted(set(listed.splitlines()) ^ set(now.splitlines())) if there else []
        name = changed[0].split("  ", 1)[-1] if changed else SUMS
        raise ExportError(
            f"{path / name} is not the file that was exported, or is missing. Export the model "
            "again."
        )
    proved = []
    for name, facts in json.loads((path / INDEX).read_text("utf-8"))["files"].items():
        form, file = FORMATS[facts["format"]], path / name
        cases = _read_vectors(path, facts["entry"])
        difference = prove(form.runtime, file, *cases, tolerance=form.tolerance)
        proved.append(Export(file, facts["bytes"], difference))
    return proved


def _write_vectors(folder: Path, entry: str, cases: list[Case]) -> None:
    arrays: dict[str, Any] = {
        f"{number}/{side}/{name}": values
        for number, case in enumerate(cases)
        for side, tensors in zip(("inputs", "outputs"), case, strict=True)
        for name, values in tensors.items()
    }
    np.savez(folder / VECTORS / f"{entry}.npz", **arrays)


def _read_vectors(folder: Path, entry: str) -> list[Case]:
    cases: dict[str, Case] = {}
    with np.load(folder / VECTORS / f"{entry}.npz") as arrays:
        for key, values in arrays.items():
            number, side, name = key.split("/")
            case: Any = cases.setdefault(number, ({}, {}))
            case[side == "outputs"][name] = values
    return list(cases.values())


def _content(path: Path) -> set[str]:
    """The names that the bundle at a path has, where there is one."""
    try:
        files = json.loads((path / INDEX).read_text("utf-8"))["files"]
        return {INDEX, SUMS, VECTORS, *files}
    except (OSError, ValueError, KeyError, TypeError):
        return {INDEX, SUMS, VECTORS}


def _sums(folder: Path) -> str:
    """The content of SHA256SUMS."""
    files = (file for file in sorted(folder.rglob("*")) if file.is_file())
    names = (file.relative_to(folder).as_posix() for file in files)
    return checksums(folder, (name for name in names if name != SUMS))
