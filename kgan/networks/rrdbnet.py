"""RRDBNet, the generator of ESRGAN: residual blocks within residual blocks, densely connected.

Wang et al., "ESRGAN: Enhanced Super-Resolution Generative Adversarial Networks", 2018,
arXiv:1809.00219, section 3.1 and figure 4: a block is three dense blocks of five 3x3 convolutions
with LeakyReLU 0.2, each of which sees the outputs of all before it. To its input a dense block adds
0.2 of its last convolution's output, and a block 0.2 of its last dense block's. Weights start as a
tenth of He et al.'s ("smaller initialization"). As the authors' code has it, upsampling is by
nearest neighbours and a convolution, one more convolution at full size comes before the last, and
`blocks` is 23.

The factors 2 and 3, which the paper does not have, are one such step.
"""

from __future__ import annotations

from collections.abc import Iterator

import keras
from keras import layers

from kgan.checks import check_integer
from kgan.layers import Branches, LeakyReLU, UpSampling2D
from kgan.networks.inputs import image_field, input_tensors, structured
from kgan.networks.translator import translators
from kgan.networks.upscaler import Upscaler, channels_of
from kgan.seeds import spawn
from kgan.signature import Image, Signature

_KEY = 0  # of the network's seeds
_SCALING = 0.2  # of what a block adds to its input
_GAIN = 0.1
_DENSE_BLOCKS, _CONVOLUTIONS = 3, 5


@translators.register("rrdbnet")
class RRDBNet(Upscaler):
    """ESRGAN's generator: `blocks` blocks of `width` channels, dense ones growing by `growth`.

    Images may have any height and width. There is no normalization.

    Example:
        >>> networks = kgan.networks.RRDBNet(width=16, blocks=2, growth=8, scale=4)
        >>> gan = kgan.SRGAN(generator_network=networks)

    Raises:
        UsageError: a width, growth or number of blocks below 1, or a scale that is not 2, 3 or 4.
    """

    def __init__(self, width: int = 64, blocks: int = 23, growth: int = 32, scale: int = 4):
        super().__init__(width, scale)
        self.blocks = check_integer("blocks", blocks, 1)
        self.growth = check_integer("growth", growth, 1)

    def generator(
        self, inputs: Signature, output: Image, seed: int = 0, dtype: str | None = None
    ) -> keras.Model:
        """A network from an image to one `scale` times as high and wide.

        `output` gives the channels. The image is float32 in [-1, 1] whatever the `dtype`.
        """
        seeds = spawn(seed, _KEY)
        tensors = input_tensors(inputs)
        source = tensors[image_field(inputs).name]
        x, first = Branches(2, dtype=dtype)(self.convolved(source, self.width, seeds, dtype))
        for _ in range(self.blocks):
            x, start = Branches(2, dtype=dtype)(x)
            for _ in range(_DENSE_BLOCKS):
                x = self._dense(x, seeds, dtype)
            x = self._sum(start, x, dtype)
        x = layers.Add(dtype=dtype)([self.convolved(x, self.width, seeds, dtype), first])
        for factor in self.steps:
            x = UpSampling2D(factor, dtype=dtype)(x)
            x = _activated(self.convolved(x, self.width, seeds, dtype), dtype)
        x = _activated(self.convolved(x, self.width, seeds, dtype), dtype)
        x = self.convolved(x, channels_of(output), seeds, "float32", gain=_GAIN)
        return keras.Model(structured(tensors), self.image(x, output), name="generator")

    def _dense(self, x, seeds: Iterator[int], dtype):
        """The output of a dense block."""
        x, seen, start = Branches(3, dtype=dtype)(x)
        for _ in range(_CONVOLUTIONS - 1):
            x = _activated(self.convolved(x, self.growth, seeds, dtype, gain=_GAIN), dtype)
            x = seen = layers.Concatenate(dtype=dtype)([seen, x])
        return self._sum(start, self.convolved(x, self.width, seeds, dtype, gain=_GAIN), dtype)

    def _sum(self, start, added, dtype):
        """start + 0.2 · added."""
        return layers.Add(dtype=dtype)([start, layers.Rescaling(_SCALING, dtype=dtype)(added)])


def _activated(x, dtype):
    return LeakyReLU(0.2, dtype=dtype)(x)
