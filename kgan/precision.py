"""Networks that were trained in mixed precision, in float32."""

from __future__ import annotations

from typing import Any

import keras

_FLOAT32 = {
    "module": "keras",
    "class_name": "DTypePolicy",
    "config": {"name": "float32"},
    "registered_name": None,
}


# The names that a layer of one's own may give its policy by.
_REDUCED = ("mixed_float16", "mixed_bfloat16", "float16", "bfloat16")


def _with_float32(config: Any) -> Any:
    if isinstance(config, dict):
        if config.get("class_name") == "DTypePolicy":
            return _FLOAT32
        return {
            key: "float32" if key == "dtype" and value in _REDUCED else _with_float32(value)
            for key, value in config.items()
        }
    if isinstance(config, (list, tuple)):
        return [_with_float32(value) for value in config]
    return config


def compute_dtypes(model: keras.Model) -> set[str]:
    """The dtypes that a network's layers compute in."""
    return {layer.compute_dtype for layer in model._flatten_layers(include_self=False)}


def float32_clone(model: keras.Model) -> keras.Model:
    """A copy of a model, weights included, that computes in float32 whatever the policy was."""
    clone = keras.saving.deserialize_keras_object(
        _with_float32(keras.saving.serialize_keras_object(model))
    )
    clone.set_weights(model.get_weights())
    return clone
