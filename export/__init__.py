"""Generators as files that run without kgan: SavedModel, ONNX, LiteRT, each proved by a run."""

if __name__ != "kgan.export":
    raise ImportError(
        f"This folder is the package kgan.export, not {__name__}: `import kgan.export` instead."
    )

from .bundle import to_bundle, verify
from .exporting import export
from .litert import to_litert
from .proof import Export, ExportError
from .saved_model import to_saved_model
from .to_onnx import to_onnx

__all__ = [
    "Export",
    "ExportError",
    "export",
    "to_bundle",
    "to_litert",
    "to_onnx",
    "to_saved_model",
    "verify",
]
