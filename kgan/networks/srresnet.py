"""SRResNet, the generator of SRGAN.

Ledig et al., "Photo-Realistic Single Image Super-Resolution Using a Generative Adversarial
Network", 2017, arXiv:1609.04802, figure 4: a 9x9 convolution with PReLU, 16 residual blocks of two
3x3 convolutions (Gross & Wilber's), one more with the long skip, upsampling by 2 as often as
needed, each a sub-pixel convolution with PReLU, and a 9x9 convolution to the image. All weights
start as He et al. (2015) have them, which the paper leaves open.

The factor 3, which the paper does not have, is one sub-pixel convolution. `normalization="none"`
leaves the batch normalization out, whose statistics of small batches cost quality and leave
artifacts (Wang et al., 2018, arXiv:1809.00219, section 3.1).
"""

from __future__ import annotations

from collections.abc import Iterator

import keras
from keras import layers

from kgan.checks import check_integer
from kgan.errors import unknown_name
from kgan.layers import Branches
from kgan.networks.inputs import image_field, input_tensors, structured
from kgan.networks.translator import translators
from kgan.networks.upscaler import Upscaler, channels_of
from kgan.seeds import spawn
from kgan.signature import Image, Signature

_KEY = 0  # of the network's seeds
_NORMALIZATIONS = ("batch", "none")
_EDGE = 9  # pixels of the first and of the last kernel
_BLOCK_GAIN = 0.1  # without normalization each block starts near the identity


@translators.register("srresnet")
class SRResNet(Upscaler):
    """The paper's generator: `blocks` residual blocks of `width` channels, then upsampling.

    `normalization` is "batch" or "none". Images may have any height and width.

    Example:
        >>> networks = kgan.networks.SRResNet(width=16, blocks=4, scale=2, normalization="none")
        >>> gan = kgan.SRGAN(generator_network=networks)

    Raises:
        UsageError: a width or number of blocks below 1, a scale that is not 2, 3 or 4, or an
            unknown normalization.
    """

    def __init__(
        self, width: int = 64, blocks: int = 16, scale: int = 4, normalization: str = "batch"
    ):
        if normalization not in _NORMALIZATIONS:
            raise unknown_name("normalization", normalization, _NORMALIZATIONS)
        super().__init__(width, scale, normalization)
        self.blocks = check_integer("blocks", blocks, 1)

    def generator(
        self, inputs: Signature, output: Image, seed: int = 0, dtype: str | None = None
    ) -> keras.Model:
        """A network from an image to one `scale` times as high and wide.

        `output` gives the channels. The image is float32 in [-1, 1] whatever the `dtype`.
        """
        seeds = spawn(seed, _KEY)
        tensors = input_tensors(inputs)
        source = tensors[image_field(inputs).name]
        x = _prelu(self.convolved(source, self.width, seeds, dtype, _EDGE), dtype)
        x, first = Branches(2, dtype=dtype)(x)
        for _ in range(self.blocks):
            x = layers.Add(dtype=dtype)([self._block(x, seeds, dtype), x])
        x = self.normalized(self.convolved(x, self.width, seeds, dtype), seeds, dtype)
        x = layers.Add(dtype=dtype)([x, first])
        for factor in self.steps:
            x = _prelu(self.sub_pixels(x, self.width, factor, seeds, dtype), dtype)
        x = self.convolved(x, channels_of(output), seeds, "float32", _EDGE, _BLOCK_GAIN)
        return keras.Model(structured(tensors), self.image(x, output), name="generator")

    def _block(self, x, seeds: Iterator[int], dtype):
        """What a residual block adds to its input."""
        x = self.normalized(self.convolved(x, self.width, seeds, dtype), seeds, dtype)
        gain = 1.0 if self.normalization == "batch" else _BLOCK_GAIN
        x = self.convolved(_prelu(x, dtype), self.width, seeds, dtype, gain=gain)
        return self.normalized(x, seeds, dtype)


def _prelu(x, dtype):
    """Features after a ReLU whose slope below zero is learned, one for each channel."""
    start = keras.initializers.Constant(0.25)  # He et al., 2015, arXiv:1502.01852
    return layers.PReLU(start, shared_axes=(1, 2), dtype=dtype)(x)
