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
from typing import Any, TypeAlias

import numpy as np

# By the precision of a file.
TOLERANCES = {"float32": 1e-4, "float16": 2e-2}
BATCHES = (1, 3)
BLOCKED = {
    "saved_model": ("kgan",),
    "onnx": ("kgan", "keras", "tensorflow", "tf2onnx"),
    "litert": ("kgan",),
}


class ExportError(RuntimeError):
    """An export that could not be made or gives other images than Keras; no file is left."""


Inputs: TypeAlias = Mapping[str, np.ndarray]
Case: TypeAlias = tuple[Inputs, Mapping[str, np.ndarray]]


@dataclasses.dataclass(frozen=True)
class Export:
    """A finished export: its path, its size in bytes, and its largest difference from Keras.

    Example:
        >>> done = kgan.export.export(gan, "generator.onnx")
        >>> done.path.name, done.max_difference < 1e-4
        ('generator.onnx', True)
    """

    path: Path
    bytes: int
    max_difference: float


def prove(
    runtime: str, path: Path, *cases: Case, tolerance: float = TOLERANCES["float32"]
) -> float:
    """The largest absolute difference between the file's outputs and Keras's.

    Args:
        runtime: "saved_model", "onnx" or "litert".
        path: The exported file or folder.
        cases: each the inputs by name, arrays (n, …), n at least the largest of `BATCHES`, and the
            float32 outputs by name, (n, …), that Keras gives for them.
        tolerance: The largest difference that passes.

    Raises:
        ExportError: the file does not run, gives another shape, or differs by more.
    """
    received = _run_alone(runtime, path, [inputs for inputs, _ in cases])
    differences = []
    for number, (_, outputs) in enumerate(cases):
        for batch in BATCHES:
            for name, expected in outputs.items():
                output = received[f"{number}/{batch}/{name}"]
                if output.shape != (batch, *expected.shape[1:]) or output.dtype != np.float32:
                    raise ExportError(
                        f"The {runtime} export gives {name} as {output.dtype} of shape "
                        f"{output.shape} for a batch of {batch}, expected float32 of "
                        f"{(batch, *expected.shape[1:])}."
                    )
                differences.append(np.abs(output - expected[:batch]).max())
    difference = float(np.max(differences))
    # Negated so that NaN fails, too.
    if not difference <= tolerance:
        raise ExportError(
            f"The {runtime} export differs from Keras by {difference:.3g}, more than {tolerance}."
        )
    return difference


def _run_alone(runtime: str, path: Path, cases: list[Inputs]) -> dict[str, np.ndarray]:
    """The outputs of a fresh process as `_run` names them."""
    with tempfile.TemporaryDirectory() as scratch:
        given, made = Path(scratch, "inputs.npz"), Path(scratch, "outputs.npz")
        arrays: dict[str, Any] = {
            f"{number}/{name}": rows
            for number, inputs in enumerate(cases)
            for name, rows in inputs.items()
        }
        np.savez(given, **arrays)
        arguments = map(str, (__file__, runtime, path, given, made))
        command = [sys.executable, "-I", *arguments, *sys.path]
        # On the CPU, for a GPU rounds to TF32 and may be full.
        environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1"}
        child = subprocess.run(command, env=environment, capture_output=True, text=True)
        if child.returncode:
            cause = (child.stderr.strip().splitlines() or [f"exit code {child.returncode}"])[-1]
            raise ExportError(f"The {runtime} export does not run: {cause}")
        with np.load(made) as outputs:
            return dict(outputs)


def _run(runtime: str, path: str, inputs: str, outputs: str) -> None:
    """Write the file's outputs for the first inputs of each case, once for each batch size."""
    with np.load(inputs) as arrays:
        given = dict(arrays)
    run = {"saved_model": _saved_model, "onnx": _onnx, "litert": _litert}[runtime](path)
    made: dict[str, Any] = {}
    for number in sorted({key.split("/")[0] for key in given}):
        rows = {
            name: values
            for key, values in given.items()
            for case, name in [key.split("/")]
            if case == number
        }
        for batch in BATCHES:
            found = run({name: values[:batch] for name, values in rows.items()})
            made |= {f"{number}/{batch}/{name}": output for name, output in found.items()}
    np.savez(outputs, **made)


def _saved_model(path: str):
    import tensorflow as tf

    loaded = tf.saved_model.load(path)
    serve = loaded.signatures["serving_default"]

    def run(inputs):
        outputs = serve(**{name: tf.constant(values) for name, values in inputs.items()})
        return {name: value.numpy() for name, value in outputs.items()}

    return run


def _onnx(path: str):
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return lambda inputs: dict(zip(names, session.run(names, inputs), strict=True))


def _litert(path: str):
    import tensorflow as tf

    run = tf.lite.Interpreter(path).get_signature_runner("serving_default")
    return lambda inputs: run(**inputs)


if __name__ == "__main__":
    runtime, path, inputs, outputs, *search = sys.argv[1:]
    # Isolated mode drops PYTHONPATH and the user's packages; the blocked ones stay out by name.
    sys.path[:] = search
    for name in BLOCKED[runtime]:
        sys.modules[name] = None  # type: ignore[assignment]
    _run(runtime, path, inputs, outputs)
