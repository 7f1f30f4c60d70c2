"""Generators as files that serve without kgan: SavedModel and ONNX, each proved by a run."""

if __name__ != "kgan.export":
    raise ImportError(
        f"This folder is the package kgan.export, not {__name__}: `import kgan.export` instead."
    )

from .formats import export
from .saved_model import to_saved_model
from .to_onnx import to_onnx
from .verify import Export, ExportError

__all__ = ["Export", "ExportError", "export", "to_onnx", "to_saved_model"]
