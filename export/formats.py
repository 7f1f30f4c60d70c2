"""The formats of exported files."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from .litert import write_litert
from .proof import TOLERANCES, Export
from .saved_model import write_saved_model
from .to_onnx import write_onnx


class Format(NamedTuple):
    """A format: what writes a file or folder of it, what runs it, and how its names end.

    `write` takes a `Serving` and a path.
    """

    write: Callable[..., Export]
    runtime: str
    precision: str
    suffix: str

    @property
    def tolerance(self) -> float:
        """The largest difference from Keras with which a file is kept."""
        return TOLERANCES[self.precision]


FORMATS = {
    "saved_model": Format(write_saved_model, "saved_model", "float32", ""),
    "onnx": Format(write_onnx, "onnx", "float32", ".onnx"),
    "onnx-fp16": Format(partial(write_onnx, precision="float16"), "onnx", "float16", "-fp16.onnx"),
    "litert": Format(write_litert, "litert", "float32", ".tflite"),
}
