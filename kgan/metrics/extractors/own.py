"""Extractors from the user's networks and functions."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from kgan.checks import Given
from kgan.errors import UsageError
from kgan.metrics.extractors.extractor import Extractor, in_inference

if TYPE_CHECKING:
    import keras


# Where Keras's JSON names layers.
_NAMING = ("name", "keras_history", "input_layers", "output_layers")


def from_function(function: Callable[[Any], Any]) -> Extractor:
    """The extractor of a function of images `(batch, height, width, channels)` in [-1, 1].

    It has the function's name and no SHA-256: only you know whether two functions of one name are
    the same. `feature_dim` is known once the first features are computed.
    """
    named = function
    while isinstance(named, functools.partial):
        named = named.func
    return Extractor(getattr(named, "__qualname__", type(named).__name__), function)


def from_model(model: keras.Model) -> Extractor:
    """The extractor of a Keras model from images `(batch, height, width, channels)` to features.

    It has the model's name and, if it is built, the SHA-256 of architecture and weights as they are
    now: make a new one when the model was trained further, or built by its first call. Images must
    have the size and channels that the model takes; it is called in inference, as a graph if it can
    be one.

    Raises:
        UsageError: a model with several inputs or outputs, or not from images to `(batch, d)`.
    """
    # A model that was not built, or that is written as a class, has neither.
    inputs, outputs = _shapes(model, "inputs"), _shapes(model, "outputs")
    given = Given("extractor", model.name)
    if inputs and (len(inputs) != 1 or len(inputs[0]) != 4):
        raise UsageError(
            f"{given} must take images (batch, height, width, channels) alone; it takes "
            f"{', '.join(map(str, inputs))}. Wrap it in a function of images.",
            given.argument,
        )
    if outputs and (len(outputs) != 1 or len(outputs[0]) != 2):
        spatial = len(outputs) == 1 and len(outputs[0]) == 4
        fix = (
            "Add GlobalAveragePooling2D: keras.Sequential([model, "
            "keras.layers.GlobalAveragePooling2D()])."
            if spatial
            else "Take one: keras.Model(model.input, model.get_layer(NAME).output)."
        )
        raise UsageError(
            f"{given} must give features (batch, dimensions); it gives "
            f"{', '.join(map(str, outputs))}. {fix}",
            given.argument,
        )
    return Extractor(
        model.name,
        in_inference(model),
        outputs[0][1] if outputs else None,
        sha256=model_sha256(model) if model.built else None,
        image_shape=inputs[0][1:] if inputs else (None, None, None),
    )


def model_sha256(model: keras.Model) -> str:
    """The SHA-256 over the architecture and all weights, in the model's order."""
    digest = hashlib.sha256(_architecture(model).encode())
    for variable in model.weights:
        value = np.ascontiguousarray(variable.numpy())
        digest.update(f"{value.dtype.name}{value.shape}".encode())
        digest.update(value.tobytes())
    return digest.hexdigest()


def _architecture(model: keras.Model) -> str:
    """The model's JSON, with the names that Keras numbers anew in every process made plain."""
    try:
        described = json.loads(model.to_json())
    # Whatever a class without `get_config` raises.
    except Exception:
        return type(model).__qualname__
    layers = [model.name, *(layer.name for layer in model._flatten_layers(include_self=False))]
    numbers = {name: str(number) for number, name in enumerate(layers)}

    def plain(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {name: plain(part, name) for name, part in value.items()}
        if isinstance(value, list):
            return [plain(part, key) for part in value]
        # An activation may have the name of its layer, for example.
        named = key in _NAMING and isinstance(value, str)
        return numbers.get(value, value) if named else value

    return json.dumps(plain(described))


def _shapes(model: keras.Model, side: str) -> list[tuple[int | None, ...]]:
    try:
        return [tuple(tensor.shape) for tensor in getattr(model, side) or ()]
    # What Keras raises for a Sequential that was not built differs between its versions.
    except Exception:
        return []
