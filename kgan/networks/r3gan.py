"""The residual networks of R3GAN, from 28 to 64 pixels and beyond.

Huang et al., "The GAN is dead; long live the GAN! A Modern Baseline GAN", 2024, arXiv:2501.05441,
section 4 (configuration E): no normalisation; blocks of a 1x1, a grouped 3x3 and a 1x1 convolution
that widen the channels twofold inside, LeakyReLU, the last kernel of a block starting at zero and
the others scaled down by their number (fix-up); resampling outside the blocks, upwards bilinear,
downwards by the mean of two by two pixels; the generator starts from a learned basis that the
latent scales, the discriminator ends in one.

`width` is the number of channels next to the image; it doubles with each halving of the image's
size, up to fourfold. Groups have 16 channels; where 16 does not divide the widened ones, there is
one group. Images end in tanh, where the paper's are linear: kgan's lie in [-1, 1].
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import keras
from keras import layers

from kgan.layers import GroupedConv2D, LeakyReLU
from kgan.networks.architecture import Architecture, architectures
from kgan.networks.resampling import downsample, upsample
from kgan.networks.shape import halvings

_FORMAT = "channels_last"  # whatever the user's keras.json says
_BLOCKS = 2  # at each size
_EXPANSION = 2
_GROUP = 16  # channels of a group
_MOST_CHANNELS = 4  # times the width
_GAIN = math.sqrt(2.0 / (1.0 + 0.2**2))  # keeps the variance through a LeakyReLU of slope 0.2


class _Builder:
    """Makes blocks of one network, whose convolutions start smaller the more blocks there are."""

    def __init__(self, seeds: Iterator[int], dtype: str | None, blocks: int):
        self._seeds = seeds
        self._dtype = dtype
        # Fix-up initialisation (Zhang et al., 2019, arXiv:1901.09321, section 3) for three layers
        # a block, the last of which starts at zero.
        self._shrink = blocks**-0.25

    def convolution(self, filters: int, gain: float = 1.0) -> keras.layers.Layer:
        return layers.Conv2D(
            filters,
            1,
            use_bias=False,
            data_format=_FORMAT,
            kernel_initializer=self._initializer(gain),
            dtype=self._dtype,
        )

    def block(self, x):
        channels = x.shape[-1]
        inside = channels * _EXPANSION
        h = self.convolution(inside, _GAIN * self._shrink)(x)
        h = self._activated(h)
        h = GroupedConv2D(
            3,
            inside // _GROUP if inside % _GROUP == 0 else 1,
            kernel_initializer=self._initializer(_GAIN * self._shrink),
            dtype=self._dtype,
        )(h)
        h = self.convolution(channels, 0.0)(self._activated(h))
        return layers.Add(dtype=self._dtype)([x, h])

    def dense(self, units: int) -> keras.layers.Layer:
        return layers.Dense(
            units, use_bias=False, kernel_initializer=self._initializer(1.0), dtype=self._dtype
        )

    def basis(self, size: tuple[int, int]) -> keras.layers.Layer:
        """Each channel's weighted sum over its pixels."""
        return layers.DepthwiseConv2D(
            size,
            use_bias=False,
            data_format=_FORMAT,
            # Keras counts all channels as a depthwise kernel's inputs; each sum has one channel's
            # pixels.
            depthwise_initializer=keras.initializers.RandomNormal(
                stddev=math.prod(size) ** -0.5, seed=next(self._seeds)
            ),
            dtype=self._dtype,
        )

    def _activated(self, x):
        return LeakyReLU(0.2, dtype=self._dtype)(Bias(dtype=self._dtype)(x))

    def _initializer(self, gain: float) -> keras.initializers.Initializer:
        if gain == 0.0:
            return keras.initializers.Zeros()
        return _initializer(next(self._seeds), gain)


@keras.saving.register_keras_serializable(package="kgan")
class Bias(keras.layers.Layer):
    """A learned number for each channel, added."""

    def build(self, input_shape):
        self.bias = self.add_weight(name="bias", shape=(input_shape[-1],), initializer="zeros")

    def call(self, inputs):
        return inputs + keras.ops.cast(self.bias, inputs.dtype)


@keras.saving.register_keras_serializable(package="kgan")
class Basis(keras.layers.Layer):
    """`(batch, channels)` to `(batch, *size, channels)`: a learned map for each channel."""

    def __init__(self, size: Sequence[int], seed: int = 0, name: str | None = None, dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.size = tuple(size)
        self.seed = seed

    def build(self, input_shape):
        self.basis = self.add_weight(
            name="basis",
            shape=(*self.size, input_shape[-1]),
            initializer=keras.initializers.RandomNormal(stddev=1.0, seed=self.seed),
        )

    def call(self, inputs):
        return inputs[:, None, None, :] * keras.ops.cast(self.basis, inputs.dtype)

    def get_config(self):
        return {
            "size": self.size,
            "seed": self.seed,
            "name": self.name,
            "dtype": self.dtype_policy.name,
        }


def _channels(level: int, width: int) -> int:
    return width * min(2**level, _MOST_CHANNELS)


def _initializer(seed: int, gain: float = 1.0) -> keras.initializers.Initializer:
    return keras.initializers.VarianceScaling(gain**2, "fan_in", "untruncated_normal", seed=seed)


@architectures.register("r3gan")
class R3GAN(Architecture):
    """Residual blocks without normalization; `width` channels next to the image.

    Example:
        >>> kgan.R3GAN((32, 32, 3), networks=kgan.networks.R3GAN(width=16)).generate(4).shape
        (4, 32, 32, 3)
    """

    normalizations = ("none",)
    modulated = False

    def __init__(self, width: int = 96, normalization: str | None = None):
        super().__init__(width, normalization)

    def initializer(self, seed: int) -> keras.initializers.Initializer:
        return _initializer(seed)

    def synthesis(self, latent, image, seeds: Iterator[int], dtype, modulation=None):
        sizes = halvings(image.shape)
        make = _Builder(seeds, dtype, _BLOCKS * len(sizes))
        x = make.dense(_channels(len(sizes) - 1, self.width))(latent)
        x = Basis(sizes[-1], next(seeds), dtype=dtype)(x)
        for level in reversed(range(len(sizes))):
            channels = _channels(level, self.width)
            if level < len(sizes) - 1:
                if x.shape[-1] != channels:
                    x = make.convolution(channels)(x)
                x = upsample(x, sizes[level], dtype, "bilinear")
            for _ in range(_BLOCKS):
                x = make.block(x)
        return make.convolution(image.shape[2])(x)

    def trunk(self, image, seeds: Iterator[int], dtype, normalization: str):
        sizes = halvings(image.shape[1:])
        make = _Builder(seeds, dtype, _BLOCKS * len(sizes))
        x = make.convolution(self.width)(image)
        for level in range(len(sizes)):
            for _ in range(_BLOCKS):
                x = make.block(x)
            if level < len(sizes) - 1:
                x = downsample(x, dtype)
                if x.shape[-1] != _channels(level + 1, self.width):
                    x = make.convolution(_channels(level + 1, self.width))(x)
        return layers.Flatten(_FORMAT, dtype=dtype)(make.basis(sizes[-1])(x))
