"""What two networks must be to play the game."""

from __future__ import annotations

from typing import Any

import keras

from kgan.errors import UsageError


def check_networks(generator: Any, discriminator: Any) -> None:
    """Raise a `UsageError` unless the discriminator can judge what the generator makes."""
    for argument, network in (("generator", generator), ("discriminator", discriminator)):
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
