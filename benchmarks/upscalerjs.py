"""UpscalerJS's ESRGAN networks as Keras models, read from its npm packages.

    npm install --prefix FOLDER @upscalerjs/esrgan-slim @upscalerjs/esrgan-medium
    python benchmarks/upscalerjs.py FOLDER esrgan-medium IMAGES OUT

The networks take and give RGB in [0, 1] (MIT licence, Kevin Scott).
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

import keras
import numpy as np
from PIL import Image


def load(folder: Path, name: str = "esrgan-medium", scale: int = 4) -> keras.Model:
    """The network of a package under `folder/node_modules`, with its weights.

    Raises:
        OSError: the package is not there.
    """
    place = folder / "node_modules" / "@upscalerjs" / name / "models" / f"x{scale}"
    described = json.loads((place / "model.json").read_text(encoding="utf-8"))
    config = described["modelTopology"]["model_config"]["config"]
    tensors: dict[str, Any] = {}
    for layer in config["layers"]:
        settings = layer["config"]
        if layer["class_name"] == "InputLayer":
            tensors[layer["name"]] = keras.Input((None, None, 3), name=layer["name"])
            continue
        incoming = [tensors[each[0]] for each in layer["inbound_nodes"][0]]
        made = _layer(layer["class_name"], settings)
        tensors[layer["name"]] = made(incoming[0] if len(incoming) == 1 else incoming)
    inputs, outputs = (tensors[config[kind][0][0]] for kind in ("input_layers", "output_layers"))
    model = keras.Model(inputs, outputs, name=name.replace("-", "_"))
    flat = np.fromfile(place / described["weightsManifest"][0]["paths"][0], "<f4")
    start = 0
    for weight in described["weightsManifest"][0]["weights"]:
        layer_name, kind = weight["name"].split("/")
        size = int(np.prod(weight["shape"]))
        variable = getattr(model.get_layer(layer_name), kind)
        variable.assign(flat[start : start + size].reshape(weight["shape"]))
        start += size
    if start != len(flat):
        raise OSError(f"{place} holds {len(flat)} numbers; its model.json names {start}.")
    return model


def _layer(kind: str, settings: dict[str, Any]) -> keras.layers.Layer:
    name = settings["name"]
    if kind == "Conv2D":
        size, dilation = settings["kernel_size"], settings["dilation_rate"]
        return keras.layers.Conv2D(
            settings["filters"],
            size,
            padding=settings["padding"],
            dilation_rate=dilation,
            activation=settings["activation"],
            use_bias=settings["use_bias"],
            name=name,
        )
    if kind == "UpSampling2D":
        return keras.layers.UpSampling2D(
            settings["size"], interpolation=settings["interpolation"], name=name
        )
    if kind == "Activation":
        return keras.layers.Activation(settings["activation"], name=name)
    return {"Add": keras.layers.Add, "Concatenate": keras.layers.Concatenate}[kind](name=name)


def main() -> None:
    """Upscale the PNGs of a folder, whole."""
    folder, name, images, out = sys.argv[1:]
    model = load(Path(folder), name)
    Path(out).mkdir(parents=True)
    for path in sorted(Path(images).glob("*.png")):
        small = np.asarray(Image.open(path).convert("RGB"), np.float32)[np.newaxis] / 255
        large = keras.ops.convert_to_numpy(model(small, training=False))[0]
        pixels = np.clip(np.round(large * 255), 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(Path(out) / path.name)


if __name__ == "__main__":
    main()
