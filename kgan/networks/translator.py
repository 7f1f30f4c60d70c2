"""What networks from images to images share: bases of generators and discriminators."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import keras
from keras import layers, ops

from kgan.checks import check_integer
from kgan.errors import UsageError, unknown_name
from kgan.layers import BatchNormalization, InstanceNormalization
from kgan.networks.inputs import image_field
from kgan.registry import Configured, Registry
from kgan.signature import Image, Signature

NORMALIZATIONS = ("instance", "batch", "none")
UPSAMPLINGS = ("resize", "transposed")
FORMAT = "channels_last"  # whatever the user's keras.json says
MOST_CHANNELS = 8  # times the width


class _Convolutional(Configured):
    """`width` channels next to the image, and a `normalization`, one of `NORMALIZATIONS`.

    Raises:
        UsageError: a width below 1, or an unknown normalization.
    """

    def __init__(self, width: int = 64, normalization: str = "instance"):
        self.width = check_integer("width", width, 1)
        if normalization not in NORMALIZATIONS:
            raise unknown_name("normalization", normalization, NORMALIZATIONS)
        self.normalization = normalization

    def channels(self, level: int) -> int:
        """The channels after `level + 1` halvings."""
        return self.width * min(2**level, MOST_CHANNELS)

    def normalized(self, x, seeds: Iterator[int], dtype):
        """Features after the normalization."""
        if self.normalization == "none":
            return x
        gamma = keras.initializers.RandomNormal(mean=1.0, stddev=0.02, seed=next(seeds))
        if self.normalization == "instance":
            return InstanceNormalization(gamma_initializer=gamma, dtype=dtype)(x)
        return BatchNormalization(0.9, 1e-5, gamma_initializer=gamma, dtype=dtype)(x)


class Translator(_Convolutional):
    """Base class: builds a generator from images, and a latent where the model has one, to images.

    Example:
        >>> class Recolouring(kgan.networks.Translator):
        ...     def generator(self, inputs, output, seed=0, dtype=None):
        ...         source = keras.Input(inputs["source"].shape, name="source")
        ...         mixed = keras.layers.Conv2D(output.shape[-1], 1, activation="tanh")(source)
        ...         return keras.Model(source, mixed)
        >>> gan = kgan.Pix2Pix(channels=3, generator_network=Recolouring())
    """

    # How many times as high and wide as its source an image is.
    scale: int = 1

    @property
    def smallest(self) -> int:
        """The least height and width of an image that the network can take."""
        return 1

    def generator(
        self, inputs: Signature, output: Image, seed: int = 0, dtype: str | None = None
    ) -> keras.Model:
        """A network from the tensors of `inputs` to float32 images in [-1, 1].

        They are `scale` times as high and wide as their sources.
        """
        raise NotImplementedError

    def features(self, generator: keras.Model) -> dict[str, Any]:
        """The tensors `(batch, rows, columns, channels)` of a generator's encoder, by name.

        From the pixels inwards: what `kgan.CUT` contrasts.

        Raises:
            UsageError: these networks have none.
        """
        raise UsageError(
            f"generator_network must have features() to contrast; {type(self).__name__} has none. "
            'Use "resnet", or write the method.',
            "generator_network",
        )


class ImageDiscriminator(_Convolutional):
    """Base class: builds a discriminator of images that belong together.

    Example:
        >>> class Linear(kgan.networks.ImageDiscriminator):
        ...     def discriminator(self, inputs, seed=0, dtype=None):
        ...         pair = {name: keras.Input(inputs[name].shape, name=name) for name in inputs}
        ...         beside = keras.layers.Concatenate()(list(pair.values()))
        ...         return keras.Model(pair, keras.layers.Conv2D(1, 1)(beside))
        >>> networks, linear = kgan.networks.UNet(width=16, depth=4), Linear()
        >>> gan = kgan.Pix2Pix(generator_network=networks, discriminator_network=linear)
    """

    def discriminator(
        self, inputs: Signature, seed: int = 0, dtype: str | None = None
    ) -> keras.Model:
        """A network from images of one size to float32 logits."""
        raise NotImplementedError


translators: Registry[Translator] = Registry("generator_network", Translator)
discriminators: Registry[ImageDiscriminator] = Registry("discriminator_network", ImageDiscriminator)


def initializer(seeds: Iterator[int], stddev: float = 0.02) -> keras.initializers.Initializer:
    """N(0, stddev²), by default as these papers start all convolutions."""
    return keras.initializers.RandomNormal(stddev=stddev, seed=next(seeds))


def check_upsampling(name: str) -> str:
    """One of `UPSAMPLINGS`.

    Raises:
        UsageError: another name.
    """
    if name not in UPSAMPLINGS:
        raise unknown_name("upsampling", name, UPSAMPLINGS)
    return name


def with_latent(inputs: Signature, tensors: Mapping[str, Any], dtype) -> Any:
    """The image among the inputs, with the latent, where there is one, as further channels."""
    source = tensors[image_field(inputs).name]
    latent = inputs.latent
    if latent is None:
        return source
    plane = layers.Reshape((1, 1, latent.size))(tensors[latent.name])
    plane = plane * ops.ones_like(source[..., :1])
    return layers.Concatenate(dtype=dtype)([source, plane])
