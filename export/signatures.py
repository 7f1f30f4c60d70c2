"""What a SavedModel can be asked beside `serving_default`: pixels, PNG files, images of a seed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from kgan.signature import Image

from .signature import Serving, named_function

_PNG_CHANNELS = (1, 2, 3, 4)


def signatures(serving: Serving) -> dict[str, Callable]:
    """The traced functions of an entry point by name, `serving_default` first.

    - `uint8` takes and gives images as uint8 0..255; other tensors are those of `serving_default`.
    - `png` takes what `uint8` takes, and gives `png`, the bytes of a file for each image.
    - `sample(seed, count)` draws what else the generator takes, but for classes and conditions,
      which it takes, too: `count` of them. The same seed gives the same images everywhere, others
      than NumPy's. `seed` and `count` are int32 scalars.
    """
    inputs, outputs = serving.entry.inputs, serving.entry.outputs
    found: dict[str, Callable] = {"serving_default": serving.serve}
    specs = {
        name: _as_uint8(spec) if _is_image(inputs[name]) else spec
        for name, spec in serving.specs.items()
    }

    def uint8(given: dict[str, Any]) -> dict[str, Any]:
        made = serving.serve(*map(_from_uint8, given.values()))
        return {
            name: _to_uint8(value) if _is_image(outputs[name]) else value
            for name, value in made.items()
        }

    def png(given: dict[str, Any]) -> dict[str, Any]:
        (images,) = (uint8(given)[name] for name in outputs if _is_image(outputs[name]))
        return {"png": tf.map_fn(tf.io.encode_png, images, fn_output_signature=tf.string)}

    if any(map(_is_image, (*inputs.values(), *outputs.values()))):
        found["uint8"] = named_function(uint8, specs)
    images = [field for field in outputs.values() if _is_image(field)]
    if len(images) == 1 and images[0].shape[-1] in _PNG_CHANNELS:
        found["png"] = named_function(png, specs)
    if inputs.latent is not None and not inputs.images:
        drawn = [name for name, field in inputs.items() if not field.embedded]
        scalars = {name: tf.TensorSpec((), tf.int32, name) for name in ("seed", "count")}
        asked = {name: spec for name, spec in serving.specs.items() if name not in drawn}

        def sample(given: dict[str, Any]) -> dict[str, Any]:
            seeds = _Seeds(given["seed"])
            draws = {name: inputs[name].draw(given["count"], seeds) for name in drawn}
            return serving.serve(*((draws | given)[name] for name in inputs))

        found["sample"] = named_function(sample, scalars | asked)
    return found


class _Seeds(keras.random.SeedGenerator):
    """Seeds of draws that follow from a tensor, which Keras's own cannot take."""

    def __init__(self, seed: tf.Tensor):
        self._seed, self._draws = seed, 0

    def next(self, ordered: bool = True) -> tf.Tensor:
        self._draws += 1
        return tf.stack([self._seed, self._draws])


def _is_image(field: Any) -> bool:
    return type(field) is Image


def _as_uint8(spec: tf.TensorSpec) -> tf.TensorSpec:
    return tf.TensorSpec(spec.shape, tf.uint8, spec.name)


def _from_uint8(value: tf.Tensor) -> tf.Tensor:
    return tf.cast(value, tf.float32) / 127.5 - 1 if value.dtype == tf.uint8 else value


def _to_uint8(images: tf.Tensor) -> tf.Tensor:
    """As `kgan.images.to_uint8`."""
    return tf.cast(tf.clip_by_value(tf.round((images + 1) * 127.5), 0, 255), tf.uint8)
