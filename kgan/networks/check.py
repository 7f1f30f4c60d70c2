"""Checks of a generator and a discriminator before they become a GAN."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import keras

from kgan.errors import UsageError
from kgan.layers import OneHot
from kgan.signature import Image, Label, Latent, Vector

# What a discriminator may take besides what the generator takes.
_DISCRIMINATOR_INPUTS = (Image.name, Label.name, Vector.name, Latent.name)


def checked(
    generator: Any,
    discriminator: Any,
    packed: bool = False,
    named: bool = False,
    further: Iterable[str] = (),
) -> tuple[keras.Model, keras.Model]:
    """Both networks, if the discriminator can judge what the generator makes.

    `packed` says that the discriminator takes several images as one, `named` that the model finds
    the logit among its outputs by itself. `further` names what batches hold besides.

    Raises:
        UsageError: it cannot, or one of them is no built model or could not be loaded again.
    """
    generator = _functional("generator", generator)
    _check_names("generator", generator, Latent.name)
    discriminator = _functional("discriminator", discriminator)
    names = (*_DISCRIMINATOR_INPUTS, *input_shapes(generator, Latent.name), *further)
    _check_names("discriminator", discriminator, *dict.fromkeys(names))
    latent = input_shapes(generator, Latent.name)[Latent.name]
    if len(latent) != 2 or latent[-1] is None:
        raise UsageError(
            "generator must map latents of shape (batch, latent_dim); its input shape is "
            f"{latent}.",
            "generator",
        )
    if len(generator.output_shape) != 4 or None in generator.output_shape[1:]:
        raise UsageError(
            "generator must make images of a fixed shape (batch, height, width, channels); its "
            f"output shape is {generator.output_shape}.",
            "generator",
        )
    image, made = (
        input_shapes(discriminator, Image.name)[Image.name][1:],
        generator.output_shape[1:],
    )
    if image[:2] != made[:2] or image[2] % made[2] or (image != made and not packed):
        raise UsageError(
            f"discriminator must take what the generator makes, {made}; its input shape is "
            f"{image}.",
            "discriminator",
        )
    if not named:
        _check_logit(discriminator)
    return generator, discriminator


def _check_logit(discriminator: keras.Model) -> None:
    # A sequential model that was not called has no `output` yet.
    single = len(discriminator.outputs) == 1
    outputs = {"logit": discriminator.outputs[0]} if single else discriminator.output
    if "logit" not in outputs:
        raise UsageError(
            "discriminator must have one tensor or a dict with 'logit' among its outputs; received "
            f"{', '.join(outputs)}.",
            "discriminator",
        )
    shape = tuple(outputs["logit"].shape)
    if len(shape) > 1 and shape[-1] not in (1, None):
        raise UsageError(
            f"discriminator must give one logit for each image, or for each patch of one; its "
            f"output shape is {shape}. End it in Dense(1), or write a subclass whose "
            "`name_outputs` says which of its outputs is the logit.",
            "discriminator",
        )


def structure(network: keras.Model) -> Any:
    """The network's input tensor, or its dict of them."""
    # A sequential model that was not called has no `input` yet.
    return network.inputs[0] if len(network.inputs) == 1 else network.input


def input_shapes(network: keras.Model, single: str) -> dict[str, tuple[Any, ...]]:
    """The shapes of a network's inputs by name, the batch included; `single` names an only one."""
    inputs = structure(network)
    if not isinstance(inputs, dict):
        return {single: tuple(inputs.shape)}
    # The one that is always there comes first.
    names = sorted(inputs, key=lambda name: name != single)
    return {name: tuple(inputs[name].shape) for name in names}


def classes_of(network: keras.Model) -> int | None:
    """How many labels the network's first one-hot or embedding layer knows, if it has one."""
    if Label.name not in input_shapes(network, ""):
        return None
    for layer in network._flatten_layers():
        if isinstance(layer, OneHot):
            return layer.classes
        if isinstance(layer, keras.layers.Embedding):
            return layer.input_dim
    return None


def select_inputs(network: keras.Model, batch: dict[str, Any], single: str) -> Any:
    """What a network takes of a batch: a dict, or the tensor `single` if it takes only one."""
    inputs = structure(network)
    return {name: batch[name] for name in inputs} if isinstance(inputs, dict) else batch[single]


def call_network(network: keras.Model, batch: dict[str, Any], training: bool, single: str) -> Any:
    """The network's outputs for a batch; `single` names the tensor of a network that takes one."""
    return network(select_inputs(network, batch, single), training=training)


def _functional(argument: str, network: Any) -> keras.Model:
    """The network, or a functional model of it if it is subclassed and has no known shapes."""
    if not isinstance(network, keras.Model) or not network.built:
        raise UsageError(
            f"{argument} must be a built keras.Model (call it on an input once); "
            f"received {network!r}.",
            argument,
        )
    for layer in network._flatten_layers():
        if isinstance(layer, keras.layers.Lambda):
            raise UsageError(
                f"{argument} must not hold a Lambda layer ({layer.name!r}): it could be saved "
                "but, for safety, not loaded. Write a registered keras.layers.Layer instead.",
                argument,
            )
    if hasattr(network, "input_shape"):
        if not isinstance(structure(network), dict) and len(network.inputs) > 1:
            single = Latent.name if argument == "generator" else Image.name
            raise UsageError(
                f"{argument} must have one tensor among its inputs, or a dict of them; received "
                f"{network.name!r}, which has {len(network.inputs)}. Use keras.Model({{{single!r}: "
                f"{single}, {Label.name!r}: {Label.name}}}, …).",
                argument,
            )
        if len(network.outputs) > 1 and not isinstance(network.output, dict):
            raise UsageError(
                f"{argument} must have one tensor among its outputs; received "
                f"{network.name!r}, which has {len(network.outputs)}.",
                argument,
            )
        return network
    shapes = list((network._build_shapes_dict or {}).values())
    if len(shapes) != 1:
        raise UsageError(
            f"{argument} must have one input, a tensor it was called on; received {network!r}, "
            f"whose inputs are {shapes}.",
            argument,
        )
    inputs = keras.Input(shapes[0][1:])
    return keras.Model(inputs, network(inputs), name=network.name)


def _check_names(argument: str, network: keras.Model, single: str, *others: str) -> None:
    """Check that a network takes `single`, and if `others` are named, nothing but those."""
    received = sorted(input_shapes(network, single))
    if single not in received or (others and not set(received) <= {single, *others}):
        also = f" and any of {', '.join(others)}" if others else ""
        raise UsageError(
            f"{argument} must have inputs named {single!r}{also}; received {', '.join(received)}.",
            argument,
        )
