"""A GAN's images and features of latents, with its other inputs held fixed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from kgan.batches import in_batches
from kgan.errors import UsageError, unknown_name
from kgan.priors import sample
from kgan.signature import Label, Latent

if TYPE_CHECKING:
    from kgan.models import GAN

_CHUNK = 64


def latents(gan: GAN, n: int, seed: int | None = None) -> np.ndarray:
    """The latents of `gan.generate(n, seed)`: float32 `(n, latent_dim)`, from its own prior."""
    return sample(n, gan.latent_dim, seed, prior=gan.prior)


def check_movable(gan: GAN) -> None:
    """Refuse a generator that does not make images of latents alone.

    Raises:
        UsageError: it takes other images, or each of its images has a condition of its own.
    """
    if gan.input_signature.latent is None or gan.input_signature.images:
        raise UsageError(
            f"gan must make images from latents; {type(gan).__name__} makes them from other "
            f"images. Use gan.{next(iter(gan.entry_points()))}.",
            "gan",
        )
    for field in gan.input_signature.required:
        raise UsageError(
            f"The latents of a generator with a {field.name}_dim cannot be searched or moved along "
            f"directions: each image has a {field.name} of its own. Use "
            f"gan.generate({field.argument}=…).",
            "gan",
        )


def held(
    gan: GAN,
    n: int,
    label: int | str | None = None,
    recovered: Mapping[str, np.ndarray] | None = None,
) -> dict[str, np.ndarray]:
    """The generator's inputs besides the latents, for n images, by name.

    The same for each image: the label, class 0 if none is given, or an InfoGAN's code, that of
    `gan.generator_inputs(1, 0)`. Those `recovered` from images are one per image.

    Raises:
        UsageError: a label that the GAN does not know, or a generator with a condition.
    """
    given: dict[str, Any] = {}
    if label is not None:
        field = gan.input_signature.label
        if field is None:
            raise UsageError(
                f"label must be None, since {type(gan).__name__} makes images without labels; "
                f"received {label!r}.",
                Label.name,
            )
        given[field.argument] = [field.number(label)]
    if not gan.input_signature.conditions:
        return {}
    check_movable(gan)
    one = gan.generator_inputs(1, 0, **given)
    same = {name: row.repeat(n, 0) for name, row in one.items() if name != Latent.name}
    return same | dict(recovered or {})


def images(
    gan: GAN,
    latents: np.ndarray,
    label: int | str | None = None,
    recovered: Mapping[str, np.ndarray] | None = None,
) -> np.ndarray:
    """Images of any number of latents: float32, `(n, height, width, channels)`, in [-1, 1]."""
    rows = {Latent.name: latents, **held(gan, len(latents), label, recovered)}
    return in_batches(gan, rows, _CHUNK)


def features(
    gan: GAN, layer: str | None = None, label: int | str | None = None
) -> Callable[[np.ndarray], np.ndarray]:
    """A function from latents to the outputs of a layer of the averaged generator.

    It returns float32 `(n, features)` in inference mode. The default is the first layer with
    weights.

    Raises:
        UsageError: no layer has that name.
    """
    import keras

    from kgan.networks.check import structure

    generator = gan.averaged_generator
    layers = {
        found.name: found
        for found in generator.layers
        if not isinstance(found, keras.layers.InputLayer)
    }
    inputs = structure(generator)
    start = inputs[Latent.name] if isinstance(inputs, dict) else inputs
    if layer is None:
        layer = next(
            name for name, found in layers.items() if found.weights and _follows(found, start)
        )
    if layer not in layers:
        raise unknown_name("layer", layer, layers)
    part = keras.Model(inputs, layers[layer].output)

    def call(latents: np.ndarray) -> np.ndarray:
        rest = held(gan, len(latents), label)
        found = part({Latent.name: latents, **rest} if rest else latents, training=False)
        return np.asarray(found, np.float32).reshape(len(latents), -1)

    return call


def _follows(layer, start) -> bool:
    """Whether a layer depends on the tensor `start`; the embedding of a label does not."""
    tensors = [layer.output]
    while tensors:
        tensor = tensors.pop()
        if tensor is start:
            return True
        history = tensor._keras_history
        tensors += history.operation._inbound_nodes[history.node_index].input_tensors
    return False
