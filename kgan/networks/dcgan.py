"""The networks of DCGAN.

Radford, Metz & Chintala, "Unsupervised Representation Learning with Deep Convolutional Generative
Adversarial Networks", 2016, arXiv:1511.06434. Its rules: strided and fractionally strided
convolutions instead of pooling; batch normalisation in both networks, but not at the generator's
output and the discriminator's input; no hidden dense layers; ReLU and, at the output, tanh in the
generator; LeakyReLU in the discriminator; all weights start from N(0, 0.02²).

Kernels are 4x4 instead of the paper's 5x5: at stride 2 each output then sees equally many inputs.
`width` is the number of channels next to the image; it doubles with each halving of the image's
size, up to eightfold.
"""

from __future__ import annotations

from collections.abc import Iterator

import keras
from keras import layers

from kgan.layers import (
    BatchNormalization,
    ConditionalBatchNormalization,
    Conv2D,
    Conv2DTranspose,
    LeakyReLU,
    SpectralNormalization,
)
from kgan.networks.architecture import Architecture, architectures, image_normalization
from kgan.networks.resampling import crop
from kgan.networks.shape import halvings

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


@architectures.register("dcgan")
class DCGAN(Architecture):
    """Strided convolutions; `width` channels next to the image.

    Example:
        >>> networks = kgan.networks.DCGAN(width=16, normalization="spectral")
        >>> kgan.SNGAN((32, 32, 3), networks=networks).generate(4).shape
        (4, 32, 32, 3)
    """

    normalizations = ("batch", "layer", "spectral", "none")

    def initializer(self, seed: int) -> keras.initializers.Initializer:
        return _initializer(seed)

    def synthesis(self, latent, image, seeds: Iterator[int], dtype, modulation=None):
        sizes = halvings(image.shape)
        (height, width), depth = sizes[-1], len(sizes) - 1
        channels = _channels(depth - 1, self.width)
        # The paper's "project and reshape": a matrix product as the start of the convolutions.
        x = layers.Dense(
            height * width * channels,
            use_bias=False,
            kernel_initializer=_initializer(next(seeds)),
            dtype=dtype,
        )(latent)
        x = layers.Reshape((height, width, channels), dtype=dtype)(x)
        for level in reversed(range(depth)):
            if modulation is None:
                x = _normalization(next(seeds), dtype)(x)
            else:
                x = ConditionalBatchNormalization(dtype=dtype)([x, modulation])
            x = layers.ReLU(dtype=dtype)(x)
            last = level == 0
            x = Conv2DTranspose(
                image.shape[2] if last else _channels(level - 1, self.width),
                _KERNEL,
                strides=2,
                padding="same",
                data_format=_FORMAT,
                use_bias=last,
                kernel_initializer=_initializer(next(seeds)),
                dtype=dtype,
            )(x)
            x = crop(x, sizes[level], dtype)
        return x

    def trunk(self, image, seeds: Iterator[int], dtype, normalization: str):
        x = image
        # Down to 4x4 as in the paper: its logit sees what is far apart, half a shoe and half a bag.
        for level in range(len(halvings(image.shape[1:], smallest=4)) - 1):
            convolution = Conv2D(
                _channels(level, self.width),
                _KERNEL,
                strides=2,
                padding="same",
                data_format=_FORMAT,
                use_bias=level == 0 or normalization in ("spectral", "none"),
                kernel_initializer=_initializer(next(seeds)),
                dtype=dtype,
            )
            if normalization == "spectral":
                convolution = SpectralNormalization(convolution, seed=next(seeds))
            x = convolution(x)
            if level > 0 and normalization == "batch":
                x = _normalization(next(seeds), dtype)(x)
            elif level > 0:
                x = image_normalization(normalization, dtype)(x)
            x = LeakyReLU(0.2, dtype=dtype)(x)
        return layers.Flatten(_FORMAT, dtype=dtype)(x)
