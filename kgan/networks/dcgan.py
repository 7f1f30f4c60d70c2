"""The networks of DCGAN.

Radford, Metz & Chintala, "Unsupervised Representation Learning with Deep Convolutional Generative
Adversarial Networks", 2016, arXiv:1511.06434. Its rules: strided and fractionally strided
convolutions instead of pooling; batch normalisation in both networks, but not at the generator's
output and the discriminator's input; no hidden dense layers; ReLU and, at the output, tanh in the
generator; LeakyReLU in the discriminator; all weights start from N(0, 0.02²).

Kernels are 4x4 instead of the paper's 5x5: at stride 2 each output then sees equally many inputs.
"""

from __future__ import annotations

import keras
from keras import layers

from kgan.checks import check_integer
from kgan.layers import BatchNormalization, Conv2D, Conv2DTranspose, LeakyReLU
from kgan.networks.shape import check_image_shape, halvings

_KERNEL = 4
_FORMAT = "channels_last"  # whatever the user's keras.json says
_MOST_CHANNELS = 8  # times the width, as in the paper: 128 at 32x32, 1024 at 4x4


def _channels(depth: int, width: int) -> int:
    return width * min(2**depth, _MOST_CHANNELS)


def _initializer(seed: int) -> keras.initializers.Initializer:
    return keras.initializers.RandomNormal(stddev=0.02, seed=seed)


def _normalization(seed: int, dtype) -> keras.layers.Layer:
    gamma = keras.initializers.RandomNormal(mean=1.0, stddev=0.02, seed=seed)
    return BatchNormalization(momentum=0.9, epsilon=1e-5, gamma_initializer=gamma, dtype=dtype)


def generator(
    image_shape: tuple[int, int, int],
    latent_dim: int,
    width: int,
    seed: int = 0,
    dtype: str | None = None,
) -> keras.Model:
    """A generator from latents `(batch, latent_dim)` to images `(batch, *image_shape)` in [-1, 1].

    `width` is the number of channels at half the image's size; it doubles with each halving, up to
    eightfold. `seed` pins the initial weights; `dtype` is a Keras precision policy, by default the
    global one. The image is float32 whatever it is.

    Raises:
        UsageError: a shape that DCGAN cannot make, or a count below 1.
    """
    check_integer("latent_dim", latent_dim, 1)
    check_integer("width", width, 1)
    sizes = halvings(check_image_shape(image_shape))
    seeds = iter(range(seed * 1000, seed * 1000 + 1000))
    base, depth = sizes[-1], len(sizes) - 1
    channels = _channels(depth - 1, width)

    latent = keras.Input((latent_dim,), name="latent")
    # The paper's "project and reshape": a matrix product as the start of the convolution stack.
    x = layers.Dense(
        base * base * channels,
        use_bias=False,
        kernel_initializer=_initializer(next(seeds)),
        dtype=dtype,
    )(latent)
    x = layers.Reshape((base, base, channels), dtype=dtype)(x)
    for level in reversed(range(depth)):
        x = layers.ReLU(dtype=dtype)(_normalization(next(seeds), dtype)(x))
        last = level == 0
        x = Conv2DTranspose(
            image_shape[2] if last else _channels(level - 1, width),
            _KERNEL,
            strides=2,
            padding="same",
            data_format=_FORMAT,
            use_bias=last,
            kernel_initializer=_initializer(next(seeds)),
            dtype=dtype,
        )(x)
        surplus = x.shape[1] - sizes[level]
        if surplus:
            x = layers.Cropping2D(((0, surplus), (0, surplus)), _FORMAT, dtype=dtype)(x)
    image = layers.Activation("tanh", dtype="float32", name="image")(x)
    return keras.Model(latent, image, name="generator")


def discriminator(
    image_shape: tuple[int, int, int], width: int, seed: int = 0, dtype: str | None = None
) -> keras.Model:
    """A discriminator from images `(batch, *image_shape)` in [-1, 1] to logits `(batch, 1)`.

    `width` is the number of channels after the first convolution. `seed` pins the initial weights;
    `dtype` is a Keras precision policy, by default the global one. The logit is float32.

    Raises:
        UsageError: a shape that DCGAN cannot take, or a count below 1.
    """
    check_integer("width", width, 1)
    depth = len(halvings(check_image_shape(image_shape))) - 1
    seeds = iter(range(seed * 1000 + 500, seed * 1000 + 1500))

    image = keras.Input(image_shape, name="image")
    x = image
    for level in range(depth):
        x = Conv2D(
            _channels(level, width),
            _KERNEL,
            strides=2,
            padding="same",
            data_format=_FORMAT,
            use_bias=level == 0,
            kernel_initializer=_initializer(next(seeds)),
            dtype=dtype,
        )(x)
        if level > 0:
            x = _normalization(next(seeds), dtype)(x)
        x = LeakyReLU(0.2, dtype=dtype)(x)
    x = layers.Flatten(_FORMAT, dtype=dtype)(x)
    logit = layers.Dense(
        1, dtype="float32", kernel_initializer=_initializer(next(seeds)), name="logit"
    )(x)
    return keras.Model(image, logit, name="discriminator")
