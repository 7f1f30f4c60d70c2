"""The residual networks of SNGAN.

Miyato et al., "Spectral Normalization for Generative Adversarial Networks", 2018, arXiv:1802.05957,
table 4: those for CIFAR-10, here with as many blocks as the size needs. The generator normalises
over the batch, the discriminator by the spectral norm of every kernel; both keep their width (256
and 128 channels in the paper) at all sizes, and all weights start as Glorot & Bengio's (2010).
"""

from __future__ import annotations

from collections.abc import Iterator

import keras
from keras import layers

from kgan.layers import (
    BatchNormalization,
    ConditionalBatchNormalization,
    SpectralNormalization,
)
from kgan.networks.architecture import Architecture, architectures, image_normalization
from kgan.networks.resampling import downsample, upsample
from kgan.networks.shape import halvings

_FORMAT = "channels_last"  # whatever the user's keras.json says
_LAST = 8  # pixels of a side in the discriminator's last blocks, at most


class _Builder:
    """Makes layers of one precision, each with initial weights of its own."""

    def __init__(self, seeds: Iterator[int], dtype: str | None, normalization: str):
        self._seeds = seeds
        self._dtype = dtype
        self._spectral = normalization == "spectral"

    def dense(self, units: int) -> keras.layers.Layer:
        return layers.Dense(units, **self._weights())

    def convolution(self, filters: int, size: int = 3) -> keras.layers.Layer:
        convolution = layers.Conv2D(
            filters, size, padding="same", data_format=_FORMAT, **self._weights()
        )
        if not self._spectral:
            return convolution
        return SpectralNormalization(convolution, seed=next(self._seeds))

    def normalization(self) -> keras.layers.Layer:
        return BatchNormalization(momentum=0.9, epsilon=2e-5, dtype=self._dtype)

    def conditional_normalization(self) -> keras.layers.Layer:
        return ConditionalBatchNormalization(momentum=0.9, epsilon=2e-5, dtype=self._dtype)

    def relu(self) -> keras.layers.Layer:
        return layers.ReLU(dtype=self._dtype)

    def sum(self, x, shortcut):
        return layers.Add(dtype=self._dtype)([x, shortcut])

    def _weights(self) -> dict:
        return {"kernel_initializer": _initializer(next(self._seeds)), "dtype": self._dtype}


def _initializer(seed: int) -> keras.initializers.Initializer:
    return keras.initializers.GlorotUniform(seed=seed)


@architectures.register("resnet")
class ResNet(Architecture):
    """Residual blocks of `width` channels at all sizes.

    Example:
        >>> kgan.SNGAN((32, 32, 3), networks=kgan.networks.ResNet(width=8)).generate(4).shape
        (4, 32, 32, 3)
    """

    normalizations = ("spectral", "layer", "none")

    def synthesis(self, latent, image, seeds: Iterator[int], dtype, modulation=None):
        *sizes, (height, width) = halvings(image.shape)
        make = _Builder(seeds, dtype, "none")

        def activated(x):
            if modulation is None:
                return make.relu()(make.normalization()(x))
            return make.relu()(make.conditional_normalization()([x, modulation]))

        x = make.dense(height * width * self.width)(latent)
        x = layers.Reshape((height, width, self.width), dtype=dtype)(x)
        for size in reversed(sizes):
            shortcut = make.convolution(self.width, 1)(upsample(x, size, dtype))
            x = make.convolution(self.width)(upsample(activated(x), size, dtype))
            x = make.convolution(self.width)(activated(x))
            x = make.sum(x, shortcut)
        return make.convolution(image.shape[2])(make.relu()(make.normalization()(x)))

    def trunk(self, image, seeds: Iterator[int], dtype, normalization: str):
        above = sum(min(size) > _LAST for size in halvings(image.shape[1:]))
        make = _Builder(seeds, dtype, normalization)

        def activated(x):
            return make.relu()(image_normalization(normalization, dtype)(x))

        # The first block begins with the image itself, not with its positive part, and averages
        # the few channels of the shortcut before it widens them.
        shortcut = make.convolution(self.width, 1)(downsample(image, dtype))
        x = make.convolution(self.width)(make.relu()(make.convolution(self.width)(image)))
        x = make.sum(downsample(x, dtype), shortcut)
        # As in the paper from 32 pixels to 8: halved in each block, and two blocks at the end.
        for halves in [True] * (above - 1) + [False] * 2:
            shortcut = x
            x = make.convolution(self.width)(activated(x))
            x = make.convolution(self.width)(activated(x))
            if halves:
                x = downsample(x, dtype)
                shortcut = downsample(make.convolution(self.width, 1)(shortcut), dtype)
            x = make.sum(x, shortcut)
        x = make.relu()(x)
        # Sum pooling: the mean, times the number of pixels.
        pixels = x.shape[1] * x.shape[2]
        x = layers.GlobalAveragePooling2D(data_format=_FORMAT, dtype="float32")(x)
        return layers.Rescaling(pixels, dtype="float32")(x)
