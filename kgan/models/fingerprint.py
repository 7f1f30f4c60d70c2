"""What tells one training from another, so that a checkpoint continues its own alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import keras


def fingerprint(model: keras.Model, networks: Mapping[str, keras.Model]) -> dict[str, Any]:
    """A model's arguments, its networks' layers and its `compile`, as JSON-able values.

    Without the names that Keras gives.
    """
    described = {
        "model": {"class": type(model).__name__}
        | {
            key: value
            for key, value in model.get_config().items()
            if key not in networks and not _holds_networks(value)
        },
        "layers": {
            name: [
                {type(layer).__name__: layer.get_config()}
                for layer in network._flatten_layers(include_self=False)
            ]
            for name, network in networks.items()
        },
        "compile": model.get_compile_config(),
    }
    # Keras numbers its names anew in every process, those in networks of networks, too.
    return _without_names(json.loads(json.dumps(described, default=str)))


def _holds_networks(value: Any) -> bool:
    """Whether a part of a configuration is custom networks, which their layers describe."""
    return isinstance(value, dict) and value.get("class_name") == "OwnNetworks"


# Where a network's configuration has the names of its layers.
_NAMES = ("name", "inbound_nodes", "input_layers", "output_layers")


def _without_names(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_names(item) for key, item in value.items() if key not in _NAMES}
    return [_without_names(item) for item in value] if isinstance(value, list) else value
