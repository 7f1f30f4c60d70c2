"""What the generators of super-resolution share: their scale and their convolutions."""

from __future__ import annotations

from collections.abc import Iterator

import keras

from kgan.checks import check_integer
from kgan.layers import ClipImages, Conv2D, DepthToSpace
from kgan.networks.translator import FORMAT, Translator
from kgan.signature import Image

SCALES = (2, 3, 4)


class Upscaler(Translator):
    """Base class: builds a generator of images `scale` times as high and wide as its inputs.

    `width` is the number of channels of the features.

    Example:
        >>> class SubPixels(kgan.networks.Upscaler):
        ...     def generator(self, inputs, output, seed=0, dtype=None):
        ...         source = keras.Input(inputs["source"].shape, name="source")
        ...         squares = keras.layers.Conv2D(3 * self.scale**2, 5, padding="same")(source)
        ...         return keras.Model(source, kgan.layers.DepthToSpace(self.scale)(squares))
        >>> gan = kgan.SRGAN(generator_network=SubPixels(scale=2))

    Raises:
        UsageError: a width below 1, a scale that is not 2, 3 or 4, or an unknown normalization.
    """

    def __init__(self, width: int = 64, scale: int = 4, normalization: str = "none"):
        super().__init__(width, normalization)
        self.scale = check_integer("scale", scale, SCALES[0], SCALES[-1])

    @property
    def steps(self) -> tuple[int, ...]:
        """The factors by which a network upsamples, one after the other: twice 2 for 4."""
        return (2, 2) if self.scale == 4 else (self.scale,)

    def convolved(
        self, x, channels: int, seeds: Iterator[int], dtype, size: int = 3, gain: float = 1.0
    ):
        """Features after a convolution; `gain` scales the initial weights of He et al. (2015)."""
        variance = keras.initializers.VarianceScaling(2 * gain**2, "fan_in", seed=next(seeds))
        return Conv2D(
            channels,
            size,
            padding="same",
            data_format=FORMAT,
            kernel_initializer=variance,
            dtype=dtype,
        )(x)

    def sub_pixels(self, x, channels: int, scale: int, seeds: Iterator[int], dtype, **arguments):
        """Features `scale` times as high and wide, by a sub-pixel convolution."""
        x = self.convolved(x, channels * scale**2, seeds, dtype, **arguments)
        return DepthToSpace(scale, dtype=dtype)(x)

    def image(self, x, output: Image):
        """The float32 image of the last features, in [-1, 1] in inference."""
        return ClipImages(dtype="float32", name=output.name)(x)


def channels_of(image: Image) -> int:
    """The number of channels of an image."""
    return image.shape[-1] or 1
