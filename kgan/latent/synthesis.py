"""What a GAN makes of latents; the one place that knows what its generator takes besides them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from kgan.batches import in_batches
from kgan.errors import UsageError, unknown_name
from kgan.latent.priors import sample

if TYPE_CHECKING:
    from kgan.models import GAN

_CHUNK = 64


def latents(gan: GAN, n: int, seed: int | None = None) -> np.ndarray:
    """The latents of `gan.generate(n, seed)`: float32 `(n, latent_dim)`, from its own prior."""
    return sample(n, gan.latent_dim, seed, prior=gan.prior)


def forward(gan: GAN, latents, label: int | None = None):
    """Images of the averaged generator in inference mode, as a tensor that has a gradient."""
    return gan(_inputs(gan, latents, label))


def check_movable(gan: GAN) -> None:
    """Refuse a generator for which latents alone make no image."""
    if "condition" in gan.generator_inputs:
        raise UsageError(
            "The latents of a generator with a condition_dim cannot be searched or moved along "
            "directions: each image has a condition of its own. Use gan.generate(conditions=…)."
        )


def _inputs(gan: GAN, latents, label: int | None):
    """The generator's inputs; all but the latents are the same for each image.

    Those of `gan.sample_inputs` for one image: class 0 if no label is given, or an InfoGAN's code.
    """
    if len(gan.generator_inputs) == 1 and label is None:
        return latents
    check_movable(gan)
    import tensorflow as tf

    one = gan.sample_inputs(1, 0, labels=None if label is None else [label])
    held = {name: row for name, row in one.items() if name != "latent"}
    latents = tf.convert_to_tensor(latents)
    n = tf.shape(latents)[0]
    return {"latent": latents} | {name: tf.repeat(row, n, axis=0) for name, row in held.items()}


def images(gan: GAN, latents: np.ndarray, label: int | None = None) -> np.ndarray:
    """Images of any number of latents: float32, `(n, height, width, channels)`, in [-1, 1]."""
    return in_batches(lambda some: forward(gan, some, label), latents, _CHUNK)


def features(
    gan: GAN, layer: str | None = None, label: int | None = None
) -> Callable[[np.ndarray], np.ndarray]:
    """A function from latents to what a layer of the averaged generator makes of them.

    It gives float32 `(n, features)` in inference mode. Without a name it is the first layer with
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
    start = inputs["latent"] if isinstance(inputs, dict) else inputs
    if layer is None:
        layer = next(
            name for name, found in layers.items() if found.weights and _follows(found, start)
        )
    if layer not in layers:
        raise unknown_name("layer", layer, layers)
    part = keras.Model(inputs, layers[layer].output)

    def call(latents: np.ndarray) -> np.ndarray:
        found = part(_inputs(gan, latents, label), training=False)
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
