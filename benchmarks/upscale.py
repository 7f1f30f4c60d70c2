"""Seconds to make a 512x512 image 2048x2048: kgan's ONNX file against UpscalerJS's esrgan-medium.

Each runs by ONNX Runtime and, esrgan-medium, by Keras, too, whole and on the same threads; rounds
are interleaved and the medians given. The last column is the rate of multiplications and additions
as a share of that of a matrix product of NumPy (2048x2048, float32) in the same rounds.

    npm install --prefix FOLDER @upscalerjs/esrgan-medium
    python benchmarks/upscale.py --upscalerjs FOLDER
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

import keras
import numpy as np
import onnx
import onnxruntime
import upscalerjs

import kgan

SIDE = 512
MATRIX = 2048


def session(path: Path) -> Callable[[np.ndarray], Any]:
    """A function that runs an ONNX file of one input."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = os.cpu_count() or 1
    run = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    name = run.get_inputs()[0].name
    return lambda image: run.run(None, {name: image})[0]


def multiplications(model: keras.Model, side: int) -> int:
    """The multiplications of the convolutions of a network for an image of this side."""
    total = 0
    sizes = keras.Model(model.inputs, [layer.output for layer in convolutions(model)])
    shapes = sizes.compute_output_shape((1, side, side, 3))
    for layer, shape in zip(convolutions(model), shapes, strict=True):
        height, width, channels, filters = *layer.kernel_size, layer.kernel.shape[2], shape[-1]
        total += int(np.prod(shape[1:3])) * height * width * channels * filters
    return total


def convolutions(model: keras.Model) -> list[Any]:
    """All 2D convolutions of a network, its own networks' included."""
    return [layer for layer in model._flatten_layers() if isinstance(layer, keras.layers.Conv2D)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", default="srresnet_x4", help="a preset or its folder")
    parser.add_argument("--upscalerjs", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()

    gan = kgan.SRGAN.from_preset(arguments.model)
    peer = upscalerjs.load(arguments.upscalerjs, "esrgan-medium")
    folder = Path(tempfile.mkdtemp())
    gan.export(folder / "kgan.onnx")
    peer(np.zeros((1, 8, 8, 3), np.float32))  # Keras exports only what was called
    peer.export(str(folder / "peer.onnx"), format="onnx", verbose=False)
    onnx.checker.check_model(str(folder / "peer.onnx"))
    image = np.random.default_rng(0).random((1, SIDE, SIDE, 3), np.float32)
    matrix = np.random.default_rng(0).random((MATRIX, MATRIX), np.float32)
    counts = {
        "kgan, ONNX": multiplications(gan.averaged_generator, SIDE),
        "esrgan-medium, ONNX": multiplications(peer, SIDE),
        "esrgan-medium, Keras": multiplications(peer, SIDE),
        "matrix product": MATRIX**3,
    }
    ours, theirs = session(folder / "kgan.onnx"), session(folder / "peer.onnx")
    runs: dict[str, Callable[[], Any]] = {
        "kgan, ONNX": lambda: ours(image),
        "esrgan-medium, ONNX": lambda: theirs(image),
        "esrgan-medium, Keras": lambda: keras.ops.convert_to_numpy(peer(image, training=False)),
        "matrix product": lambda: matrix @ matrix,
    }
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(arguments.rounds + 1):  # the first one warms up
        for name, run in runs.items():
            began = time.perf_counter()
            run()
            if number:
                seconds[name].append(time.perf_counter() - began)
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    rates = {name: counts[name] / medians[name] for name in runs}
    print(f"{'':22s} {'seconds':>8s} {'10⁹ mult.':>10s} {'10⁹ per s':>10s} {'of product':>10s}")
    for name in runs:
        share = rates[name] / rates["matrix product"]
        figures = f"{counts[name] / 1e9:10.1f} {rates[name] / 1e9:10.1f} {share:10.0%}"
        print(f"{name:22s} {medians[name]:8.3f} {figures}")
    if arguments.json:
        record = {"multiplications": counts, "seconds": seconds}
        arguments.json.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
