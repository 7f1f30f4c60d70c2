"""The residual networks of SNGAN.

Miyato et al., "Spectral Normalization for Generative Adversarial Networks", 2018, arXiv:1802.05957,
table 4: those for CIFAR-10, here with as many blocks as the size needs. The generator normalises
over the batch, the discriminator by the spectral norm of every kernel; both keep their width at all
sizes, and all weights start as Glorot & Bengio's (2010).
"""

from __future__ import annotations

import keras
from keras import layers

from kgan.checks import check_integer
from kgan.layers import BatchNormalization, SpectralNormalization
from kgan.networks.shape import check_image_shape, halvings

_FORMAT = "channels_last"  # whatever the user's keras.json says
_LAST = 8  # pixels of a side in the discriminator's last blocks, at most


class _Builder:
    """Makes layers of one precision, each with initial weights of its own."""

    def __init__(self, seed: int, dtype: str | None, spectral: bool):
        self._seeds = iter(range(seed, seed + 400))
        self._dtype = dtype
        self._spectral = spectral

    def dense(self, units: int, name: str | None = None) -> keras.layers.Layer:
        return self._normalised(layers.Dense(units, **self._weights()), name)

    def convolution(self, filters: int, size: int = 3) -> keras.layers.Layer:
        convolution = layers.Conv2D(
            filters, size, padding="same", data_format=_FORMAT, **self._weights()
        )
        return self._normalised(convolution)

    def normalization(self) -> keras.layers.Layer:
        return BatchNormalization(momentum=0.9, epsilon=2e-5, dtype=self._dtype)

    def relu(self) -> keras.layers.Layer:
        return layers.ReLU(dtype=self._dtype)

    def doubled(self, x, size: int):
        """Twice the height and width, cut to `size`."""
        x = layers.UpSampling2D(data_format=_FORMAT, dtype=self._dtype)(x)
        surplus = x.shape[1] - size
        if surplus:
            x = layers.Cropping2D(((0, surplus), (0, surplus)), _FORMAT, dtype=self._dtype)(x)
        return x

    def halved(self, x):
        """The means of two by two."""
        pool = layers.AveragePooling2D(2, padding="same", data_format=_FORMAT, dtype=self._dtype)
        return pool(x)

    def sum(self, x, shortcut):
        return layers.Add(dtype=self._dtype)([x, shortcut])

    def _weights(self) -> dict:
        initializer = keras.initializers.GlorotUniform(seed=next(self._seeds))
        return {"kernel_initializer": initializer, "dtype": self._dtype}

    def _normalised(self, layer, name: str | None = None) -> keras.layers.Layer:
        if not self._spectral:
            return layer
        return SpectralNormalization(layer, seed=next(self._seeds), name=name)


def generator(
    image_shape: tuple[int, int, int],
    latent_dim: int,
    width: int,
    seed: int = 0,
    dtype: str | None = None,
) -> keras.Model:
    """A generator from latents `(batch, latent_dim)` to images `(batch, *image_shape)` in [-1, 1].

    `width` is the number of channels (256 in the paper). `seed` pins the initial weights; `dtype`
    is a Keras precision policy, by default the global one. The image is float32 whatever it is.

    Raises:
        UsageError: a shape that the networks cannot make, or a count below 1.
    """
    check_integer("latent_dim", latent_dim, 1)
    check_integer("width", width, 1)
    *sizes, base = halvings(check_image_shape(image_shape))
    make = _Builder(seed * 1000, dtype, spectral=False)

    latent = keras.Input((latent_dim,), name="latent")
    x = make.dense(base * base * width)(latent)
    x = layers.Reshape((base, base, width), dtype=dtype)(x)
    for size in reversed(sizes):
        shortcut = make.convolution(width, 1)(make.doubled(x, size))
        x = make.doubled(make.relu()(make.normalization()(x)), size)
        x = make.convolution(width)(x)
        x = make.convolution(width)(make.relu()(make.normalization()(x)))
        x = make.sum(x, shortcut)
    x = make.convolution(image_shape[2])(make.relu()(make.normalization()(x)))
    image = layers.Activation("tanh", dtype="float32", name="image")(x)
    return keras.Model(latent, image, name="generator")


def discriminator(
    image_shape: tuple[int, int, int], width: int, seed: int = 0, dtype: str | None = None
) -> keras.Model:
    """A discriminator from images `(batch, *image_shape)` in [-1, 1] to logits `(batch, 1)`.

    `width` is the number of channels (128 in the paper). `seed` pins the initial weights; `dtype`
    is a Keras precision policy, by default the global one. The logit is float32.

    Raises:
        UsageError: a shape that the networks cannot take, or a count below 1.
    """
    check_integer("width", width, 1)
    above = sum(size > _LAST for size in halvings(check_image_shape(image_shape)))
    make = _Builder(seed * 1000 + 500, dtype, spectral=True)

    image = keras.Input(image_shape, name="image")
    # The first block begins with the image itself, not with its positive part, and averages the
    # few channels of the shortcut before it widens them.
    shortcut = make.convolution(width, 1)(make.halved(image))
    x = make.convolution(width)(make.relu()(make.convolution(width)(image)))
    x = make.sum(make.halved(x), shortcut)
    # As the paper's from 32 pixels to 8: halved in each block, and two blocks at the end.
    for halves in [True] * (above - 1) + [False] * 2:
        shortcut = x
        x = make.convolution(width)(make.relu()(x))
        x = make.convolution(width)(make.relu()(x))
        if halves:
            x = make.halved(x)
            shortcut = make.halved(make.convolution(width, 1)(shortcut))
        x = make.sum(x, shortcut)
    x = make.relu()(x)
    # Sum pooling: the mean, times the number of places.
    places = x.shape[1] * x.shape[2]
    x = layers.GlobalAveragePooling2D(data_format=_FORMAT, dtype="float32")(x)
    x = layers.Rescaling(places, dtype="float32")(x)
    logit = _Builder(seed * 1000 + 900, "float32", spectral=True).dense(1, name="logit")(x)
    return keras.Model(image, logit, name="discriminator")
