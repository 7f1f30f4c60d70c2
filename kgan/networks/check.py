"""What two networks must be to play the game."""

from __future__ import annotations

from typing import Any

import keras

from kgan.errors import UsageError


def checked(generator: Any, discriminator: Any) -> tuple[keras.Model, keras.Model]:
    """Both networks, if the discriminator can judge what the generator makes.

    Raises:
        UsageError: it cannot, or one of them is no built model or could not be loaded again.
    """
    generator = _functional("generator", generator)
    discriminator = _functional("discriminator", discriminator)
    if len(generator.input_shape) != 2 or generator.input_shape[-1] is None:
        raise UsageError(
            "generator must map latents of shape (batch, latent_dim); its input shape is "
            f"{generator.input_shape}."
        )
    if len(generator.output_shape) != 4 or None in generator.output_shape[1:]:
        raise UsageError(
            "generator must make images of a fixed shape (batch, height, width, channels); its "
            f"output shape is {generator.output_shape}."
        )
    if tuple(discriminator.input_shape[1:]) != tuple(generator.output_shape[1:]):
        raise UsageError(
            f"discriminator must take what the generator makes, {generator.output_shape[1:]}; its "
            f"input shape is {discriminator.input_shape[1:]}."
        )
    return generator, discriminator


def _functional(argument: str, network: Any) -> keras.Model:
    """The network itself, or, if it is subclassed and tells no shapes, a functional model of it."""
    if not isinstance(network, keras.Model) or not network.built:
        raise UsageError(
            f"{argument} must be a built keras.Model (call it on an input once); "
            f"received {network!r}."
        )
    for layer in network._flatten_layers():
        if isinstance(layer, keras.layers.Lambda):
            raise UsageError(
                f"{argument} must not hold a Lambda layer ({layer.name!r}): it could be saved "
                "but, for safety, not loaded. Write a registered keras.layers.Layer instead."
            )
    if hasattr(network, "input_shape"):
        for side in ("inputs", "outputs"):
            tensors = getattr(network, side, [None])
            if len(tensors) != 1:
                raise UsageError(
                    f"{argument} must have one tensor among its {side}; received "
                    f"{network.name!r}, which has {len(tensors)}."
                )
        return network
    shapes = list((network._build_shapes_dict or {}).values())
    if len(shapes) != 1:
        raise UsageError(
            f"{argument} must have one input, a tensor it was called on; received {network!r}, "
            f"whose inputs are {shapes}."
        )
    inputs = keras.Input(shapes[0][1:])
    return keras.Model(inputs, network(inputs), name=network.name)
