"""The largest difference between an exported file and Keras, seen by running the file.

The run happens in a fresh process that executes this file as a script and cannot import kgan, so
nothing here may import it either.
"""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

TOLERANCE = 1e-4
BATCHES = (1, 3)
BLOCKED = {
    "saved_model": ("kgan",),
    "onnx": ("kgan", "keras", "tensorflow", "tf2onnx"),
}


class ExportError(RuntimeError):
    """An export that could not be made or gives other images than Keras; no file is left."""


@dataclasses.dataclass(frozen=True)
class Export:
    """A finished export: where it is, its size, and how far it is from Keras at most."""

    path: Path
    bytes: int
    max_difference: float


def verify(runtime: str, path: Path, inputs: Mapping[str, Any], images: np.ndarray) -> float:
    """The largest absolute difference between the file's images and Keras's.

    Args:
        runtime: "saved_model" or "onnx".
        path: The exported file or folder.
        inputs: the generator's inputs by name, arrays (n, …), n at least the largest of `BATCHES`.
        images: float32 (n, height, width, channels), what Keras makes of `inputs`.

    Raises:
        ExportError: the file does not run, gives another shape, or differs by more than
            `TOLERANCE`.
    """
    with tempfile.TemporaryDirectory() as scratch:
        given, outputs = Path(scratch, "inputs.npz"), Path(scratch, "images.npz")
        np.savez(given, **inputs)
        arguments = map(str, (__file__, runtime, path, given, outputs))
        command = [sys.executable, "-I", *arguments, *sys.path]
        # On the CPU, for a GPU rounds to TF32 and may be full.
        environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1"}
        child = subprocess.run(command, env=environment, capture_output=True, text=True)
        if child.returncode:
            cause = (child.stderr.strip().splitlines() or [f"exit code {child.returncode}"])[-1]
            raise ExportError(f"The {runtime} export does not run: {cause}")
        with np.load(outputs) as made:
            received = [made[str(batch)] for batch in BATCHES]
    for batch, image in zip(BATCHES, received, strict=True):
        if image.shape != (batch, *images.shape[1:]) or image.dtype != np.float32:
            raise ExportError(
                f"The {runtime} export gives {image.dtype} images of shape {image.shape} for a "
                f"batch of {batch}, expected float32 of {(batch, *images.shape[1:])}."
            )
    differences = [
        np.abs(image - images[:batch]).max() for batch, image in zip(BATCHES, received, strict=True)
    ]
    difference = float(np.max(differences))
    # Negated so that NaN fails, too.
    if not difference <= TOLERANCE:
        raise ExportError(
            f"The {runtime} export differs from Keras by {difference:.3g}, more than {TOLERANCE}."
        )
    return difference


def _run(runtime: str, path: str, inputs: str, outputs: str) -> None:
    """Write the file's images of the first inputs, once for each batch size."""
    with np.load(inputs) as arrays:
        given = dict(arrays)
    run = {"saved_model": _saved_model, "onnx": _onnx}[runtime](path)
    batches = {
        str(batch): run({name: values[:batch] for name, values in given.items()})
        for batch in BATCHES
    }
    np.savez(outputs, **batches)


def _saved_model(path: str):
    import tensorflow as tf

    loaded = tf.saved_model.load(path)
    serve = loaded.signatures["serving_default"]
    return lambda inputs: serve(**{name: tf.constant(values) for name, values in inputs.items()})[
        "image"
    ].numpy()


def _onnx(path: str):
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return lambda inputs: session.run(["image"], inputs)[0]


if __name__ == "__main__":
    runtime, path, inputs, outputs, *search = sys.argv[1:]
    # Isolated mode drops PYTHONPATH and the user's packages; the blocked ones stay out by name.
    sys.path[:] = search
    for name in BLOCKED[runtime]:
        sys.modules[name] = None  # type: ignore[assignment]
    _run(runtime, path, inputs, outputs)
