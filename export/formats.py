"""The formats of exported files."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from .proof import TOLERANCES, Export
from .saved_model import to_saved_model
from .to_onnx import to_onnx
from .to_web import to_web


class Format(NamedTuple):
    """A format: what writes a file or folder of it, what runs it, and how its names end.

    A bundle holds it if it is `bundled`.
    """

    write: Callable[..., Export]
    runtime: str
    precision: str
    suffix: str
    bundled: bool = True

    @property
    def tolerance(self) -> float:
        """The largest difference from Keras with which a file is kept."""
        return TOLERANCES[self.precision]


FORMATS = {
    "saved_model": Format(to_saved_model, "saved_model", "float32", ""),
    "onnx": Format(to_onnx, "onnx", "float32", ".onnx"),
    "onnx-fp16": Format(partial(to_onnx, precision="float16"), "onnx", "float16", "-fp16.onnx"),
    "web": Format(to_web, "web", "float32", "-page", bundled=False),
}
