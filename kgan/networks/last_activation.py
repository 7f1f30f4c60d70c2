"""The activation that a network ends in, and whether a GAN can train with it."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

# Layers that rearrange values.
_UNCHANGED = (
    layers.Reshape,
    layers.Flatten,
    layers.Identity,
    layers.Permute,
    layers.Cropping2D,
    layers.UpSampling2D,
)
# Those that do not fit, by what they make.
_LOGITS = ("sigmoid", "hard_sigmoid", "softmax", "tanh")
IMAGES = ("sigmoid", "hard_sigmoid", "softmax", "relu", "relu6", "softplus")


def last_operation(network: keras.Model) -> Any:
    """The layer or operation that makes the values of a network's only or first output.

    A model of which Keras does not know the layers, a subclassed one, is an operation itself.
    """
    outputs = getattr(network, "outputs", None)
    if not outputs:
        return network
    history = outputs[0]._keras_history
    operation, node = history.operation, history.node_index
    while isinstance(operation, _UNCHANGED):
        inputs = operation._inbound_nodes[node].input_tensors
        history = inputs[0]._keras_history
        operation, node = history.operation, history.node_index
    return last_operation(operation) if isinstance(operation, keras.Model) else operation


def last_activation(network: keras.Model) -> str | None:
    """The name of the activation that makes the network's only or first output; None without.

    It is read from the layers: what a subclassed model does in its `call` stays unknown;
    `kgan.networks.output_range` runs it.
    """
    operation = last_operation(network)
    if isinstance(operation, keras.Model):
        return None
    activation: Any = getattr(operation, "activation", None)
    if activation is None:  # a layer or an operation that is one itself
        name = type(operation).__name__.lower()
        return name if name in (*_LOGITS, *IMAGES) else None
    return getattr(activation, "__name__", None)


def range_problems(generator: keras.Model, discriminator: keras.Model) -> list[str]:
    """What is wrong with the ranges of both networks, with the fix; usually empty.

    A discriminator must give logits, not probabilities, and a generator images in [-1, 1].
    """
    found = []
    name = last_activation(discriminator)
    if name in _LOGITS:
        found.append(
            f"discriminator ends in a {name}, but the losses take logits, which no activation "
            "bounds. Take the last activation out."
        )
    name = last_activation(generator)
    if name in IMAGES:
        found.append(
            f"generator ends in a {name}, which never goes below 0, but images lie in [-1, 1]. "
            'Use activation="tanh".'
        )
    return found
