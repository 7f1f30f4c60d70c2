"""Every entry point of presets in every format: bytes, difference from Keras, and milliseconds.

Each file runs in this process on all cores, for a batch of 1 and of 64, beside the traced
`tf.function` of the same network that every export starts from. Rounds are interleaved; the table
gives medians. Images into images are as large as the preset's samples, at most 128x128. The
columns of the CSV file begin with those of timm's tables of results.

    python benchmarks/exports.py --csv benchmarks/exports.csv
    python benchmarks/exports.py --models dcgan_fashion_mnist srresnet_x4
"""

from __future__ import annotations

import argparse
import csv
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

import numpy as np
import onnxruntime
import tensorflow as tf
from metrics import processor

import kgan
from kgan.export.formats import FORMATS
from kgan.export.signature import Serving
from kgan.zoo import registry

BATCHES = (1, 64)
LARGEST, SECONDS = 128, 0.3  # pixels; the least time of a measurement
Run = Callable[[Mapping[str, np.ndarray]], Any]


def saved_model(path: Path) -> Run:
    serve = tf.saved_model.load(str(path)).serve
    return lambda inputs: serve(**inputs)


def onnx(path: Path) -> Run:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return lambda inputs: session.run(None, dict(inputs))


def litert(path: Path) -> Run:
    interpreter = tf.lite.Interpreter(str(path), num_threads=os.cpu_count())
    run = interpreter.get_signature_runner("serving_default")
    return lambda inputs: run(**inputs)


RUNTIMES = {"saved_model": saved_model, "onnx": onnx, "litert": litert}


def examples(name: str, serving: Serving, n: int) -> dict[str, np.ndarray]:
    """Inputs of the size of a preset's samples."""
    file = registry.PRESETS / name / "sources.npy"
    size = np.load(file, mmap_mode="r").shape[1:3] if file.exists() else (LARGEST, LARGEST)
    return serving.examples(n, (min(size[0], LARGEST), min(size[1], LARGEST)))


def milliseconds(run: Run, inputs: Mapping[str, np.ndarray]) -> float:
    """Of one call, the mean of as many as fill the least time."""
    began, calls = time.perf_counter(), 0
    while calls == 0 or time.perf_counter() - began < SECONDS:
        run(inputs)
        calls += 1
    return 1e3 * (time.perf_counter() - began) / calls


def measured(name: str, entry: str, rounds: int) -> list[dict[str, Any]]:
    """A row for each format of an entry point."""
    gan = kgan.zoo.load(name)
    serving = Serving(gan, entry)
    parameters = sum(int(np.prod(weight.shape)) for weight in serving.weights)
    rows, runs = [], {"tf.function": lambda inputs: serving.serve(**inputs)}
    with tempfile.TemporaryDirectory() as scratch:
        for form, format in FORMATS.items():
            made = format.write(serving, Path(scratch, f"{entry}{format.suffix}"))
            runs[form] = RUNTIMES[format.runtime](made.path)
            facts = {"bytes": made.bytes, "difference": made.max_difference}
            rows.append({"model": name, "entry": entry, "format": form, **facts})
        for batch in BATCHES:
            inputs = examples(name, serving, batch)
            times: dict[str, list[float]] = {form: [] for form in runs}
            for run in runs.values():
                run(inputs)
            for _ in range(rounds):
                for form, run in runs.items():
                    times[form].append(milliseconds(run, inputs))
            for row in rows:
                row[f"ms_{batch}"] = statistics.median(times[row["format"]])
                row[f"function_ms_{batch}"] = statistics.median(times["tf.function"])
    sizes = [array.shape[1] for array in inputs.values() if array.ndim == 4]
    image = serving.entry.outputs.image
    size = sizes[0] if sizes else image.shape[0] if image is not None else None
    return [{**row, "parameters": parameters, "size": size} for row in rows]


def record(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the CSV file."""
    return {
        "model": f"{row['model']}.{row['entry']}",
        "img_size": row["size"],
        "param_count": f"{row['parameters'] / 1e6:.2f}",
        "format": row["format"],
        "megabytes": f"{row['bytes'] / 1e6:.2f}",
        "max_difference": f"{row['difference']:.1e}",
        **{
            f"{kind}_ms_batch_{batch}": f"{row[f'{key}_{batch}']:.3g}"
            for batch in BATCHES
            for kind, key in (("infer", "ms"), ("tf_function", "function_ms"))
        },
    }


def summary(rows: list[dict[str, Any]]) -> str:
    """A line per format over all entry points."""
    lines = [
        "| format | entry points | largest difference | of tf.function's time at batch 1 | at 64 |",
        "|---|---|---|---|---|",
    ]
    for form in FORMATS:
        own = [row for row in rows if row["format"] == form]
        ratios = [
            statistics.median(row[f"ms_{batch}"] / row[f"function_ms_{batch}"] for row in own)
            for batch in BATCHES
        ]
        worst = max(row["difference"] for row in own)
        lines.append(f"| `{form}` | {len(own)} | {worst:.1e} | {ratios[0]:.2f} | {ratios[1]:.2f} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--models", nargs="*", default=registry.list_presets(), help="presets")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--csv", type=Path)
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for name in options.models:
        for entry in kgan.zoo.load(name).entry_points():
            rows += measured(name, entry, options.rounds)
            for row in rows[-len(FORMATS) :]:
                print(" ".join(f"{value}" for value in record(row).values()), flush=True)
    print(f"\n{processor()}, {os.cpu_count()} cores\n\n{summary(rows)}")
    if options.csv:
        with options.csv.open("w", newline="", encoding="utf-8") as file:
            table = csv.DictWriter(file, list(record(rows[0])))
            table.writeheader()
            table.writerows(map(record, rows))


if __name__ == "__main__":
    main()
