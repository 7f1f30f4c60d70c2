"""Multilayer perceptrons, the networks of the first GAN.

Goodfellow et al., "Generative Adversarial Networks", 2014, arXiv:1406.2661, section 5: rectified
linear units in the generator, here three hidden layers of `width` in both networks, LeakyReLU for
the paper's maxout, and tanh for its sigmoid since images lie in [-1, 1]. Any image shape will do.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import keras
from keras import layers

from kgan.checks import integers
from kgan.errors import UsageError
from kgan.layers import LeakyReLU, SpectralNormalization
from kgan.networks.architecture import Architecture, architectures

_HIDDEN = 3


def _dense(units: int, seeds: Iterator[int], dtype, normalization: str = "none"):
    initializer = keras.initializers.HeNormal(seed=next(seeds))
    dense = layers.Dense(units, kernel_initializer=initializer, dtype=dtype)
    if normalization == "spectral":
        return SpectralNormalization(dense, seed=next(seeds))
    return dense


@architectures.register("mlp")
class MLP(Architecture):
    """Three dense layers of `width` units; images of any shape.

    Example:
        >>> kgan.VanillaGAN((28, 28, 1), networks=kgan.networks.MLP(width=64)).generate(4).shape
        (4, 28, 28, 1)
    """

    normalizations = ("none", "layer", "spectral")
    modulated = False

    def __init__(self, width: int = 256, normalization: str | None = None):
        super().__init__(width, normalization)

    def check_shape(self, shape: Any) -> tuple[int, int, int]:
        found = integers(shape)
        if len(found) != 3 or min(found) < 1:
            raise UsageError(
                "image_shape must be (height, width, channels), whole numbers above 0; received "
                f"{shape!r}.",
                "image_shape",
            )
        return found

    def synthesis(self, latent, image, seeds: Iterator[int], dtype, modulation=None):
        x = latent
        for _ in range(_HIDDEN):
            x = layers.ReLU(dtype=dtype)(_dense(self.width, seeds, dtype)(x))
        # A He start would saturate the tanh.
        initializer = keras.initializers.GlorotUniform(seed=next(seeds))
        pixels = math.prod(image.shape)
        x = layers.Dense(pixels, kernel_initializer=initializer, dtype=dtype)(x)
        return layers.Reshape(image.shape, dtype=dtype)(x)

    def trunk(self, image, seeds: Iterator[int], dtype, normalization: str):
        x = layers.Flatten("channels_last", dtype=dtype)(image)
        for _ in range(_HIDDEN):
            x = _dense(self.width, seeds, dtype, normalization)(x)
            if normalization == "layer":
                x = layers.LayerNormalization(epsilon=1e-5, dtype=dtype)(x)
            x = LeakyReLU(0.2, dtype=dtype)(x)
        return x
