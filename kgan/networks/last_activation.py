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
_LOGITS = ("sigmoid", "hard_sigmoid", "softmax", "tanh")
_IMAGES = ("sigmoid", "hard_sigmoid", "softmax", "relu", "relu6", "softplus")


def last_activation(network: keras.Model) -> str | None:
    """The name of the activation that makes the network's only or first output; None without.

    It is read from the layers: what a subclassed model does in its `call` stays unknown.
    """
    outputs = getattr(network, "outputs", None)
    if not outputs:
        return None
    history = outputs[0]._keras_history
    operation, node = history.operation, history.node_index
    while isinstance(operation, _UNCHANGED):
        inputs = operation._inbound_nodes[node].input_tensors
        history = inputs[0]._keras_history
        operation, node = history.operation, history.node_index
    if isinstance(operation, keras.Model):
        return last_activation(operation)
    activation: Any = getattr(operation, "activation", None)
    if activation is None:  # a layer or an operation that is one itself
        name = type(operation).__name__.lower()
        return name if name in (*_LOGITS, *_IMAGES) else None
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
    if name in _IMAGES:
        found.append(
            f"generator ends in a {name}, which never goes below 0, but images lie in [-1, 1]. "
            'Use activation="tanh".'
        )
    return found
