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
from kgan.networks.family import Family

_HIDDEN = 3


def _check_shape(image_shape: Any) -> tuple[int, int, int]:
    shape = integers(image_shape)
    if len(shape) != 3 or min(shape) < 1:
        raise UsageError(
            "image_shape must be (height, width, channels), whole numbers above 0; received "
            f"{image_shape!r}."
        )
    return shape


def _dense(units: int, seeds: Iterator[int], dtype, normalization: str = "none"):
    initializer = keras.initializers.HeNormal(seed=next(seeds))
    dense = layers.Dense(units, kernel_initializer=initializer, dtype=dtype)
    if normalization == "spectral":
        return SpectralNormalization(dense, seed=next(seeds))
    return dense


def _synthesis(latent, image_shape, width: int, seeds: Iterator[int], dtype, condition=None):
    x = latent
    for _ in range(_HIDDEN):
        x = layers.ReLU(dtype=dtype)(_dense(width, seeds, dtype)(x))
    # A He start would saturate the tanh.
    initializer = keras.initializers.GlorotUniform(seed=next(seeds))
    x = layers.Dense(math.prod(image_shape), kernel_initializer=initializer, dtype=dtype)(x)
    return layers.Reshape(image_shape, dtype=dtype)(x)


def _trunk(image, width: int, seeds: Iterator[int], dtype, normalization: str):
    x = layers.Flatten("channels_last", dtype=dtype)(image)
    for _ in range(_HIDDEN):
        x = _dense(width, seeds, dtype, normalization)(x)
        if normalization == "layer":
            x = layers.LayerNormalization(epsilon=1e-5, dtype=dtype)(x)
        x = LeakyReLU(0.2, dtype=dtype)(x)
    return x


def _initializer(seed: int) -> keras.initializers.Initializer:
    return keras.initializers.GlorotUniform(seed=seed)


FAMILY = Family(
    "mlp",
    _synthesis,
    _trunk,
    _initializer,
    ("none", "layer", "spectral"),
    conditional=False,
    check=_check_shape,
)
generator, discriminator, encoder = FAMILY.generator, FAMILY.discriminator, FAMILY.encoder
