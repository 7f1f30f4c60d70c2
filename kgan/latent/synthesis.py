"""What a GAN makes of latents; the one place that knows what its generator takes besides them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from kgan.errors import unknown_name
from kgan.latent.priors import sample

if TYPE_CHECKING:
    from kgan.models import GAN

_CHUNK = 64


def latents(gan: GAN, n: int, seed: int | None = None) -> np.ndarray:
    """The latents of `gan.generate(n, seed)`: float32 `(n, latent_dim)`, from its own prior."""
    return sample(n, gan.latent_dim, seed, prior=getattr(gan, "prior", "normal"))


def forward(gan: GAN, latents):
    """Images of the averaged generator in inference mode, as a tensor that has a gradient."""
    return gan(latents)


def images(gan: GAN, latents: np.ndarray) -> np.ndarray:
    """Images of any number of latents: float32, `(n, height, width, channels)`, in [-1, 1]."""
    parts = [
        np.asarray(forward(gan, latents[start : start + _CHUNK]), np.float32)
        for start in range(0, len(latents), _CHUNK)
    ]
    return np.concatenate(parts)


def features(gan: GAN, layer: str | None = None) -> Callable[[np.ndarray], np.ndarray]:
    """A function from latents to what a layer of the averaged generator makes of them.

    It gives float32 `(n, features)` in inference mode. Without a name it is the first layer with
    weights.

    Raises:
        UsageError: no layer has that name.
    """
    import keras

    generator = gan.averaged_generator
    layers = {
        found.name: found
        for found in generator.layers
        if not isinstance(found, keras.layers.InputLayer)
    }
    if layer is None:
        layer = next(name for name, found in layers.items() if found.weights)
    if layer not in layers:
        raise unknown_name("layer", layer, layers)
    part = keras.Model(generator.inputs, layers[layer].output)

    def call(latents: np.ndarray) -> np.ndarray:
        return np.asarray(part([latents], training=False), np.float32).reshape(len(latents), -1)

    return call
