"""A compact network for super-resolution, all of whose convolutions are at low resolution.

Wang, Xie, Dong & Shan, "Real-ESRGAN: Training Real-World Blind Super-Resolution with Pure Synthetic
Data", 2021, arXiv:2107.10833; its code names the network SRVGGNetCompact: 3x3 convolutions with
PReLU, a last one to scale² pixels at each place, and the input, upsampled, as a skip. The
sub-pixel convolution is Shi et al.'s (2016, arXiv:1609.05158).

It departs from that code in four things. Every two convolutions are added to their input, as in
EDSR (Lim et al., 2017, arXiv:1707.02921); `residual=False` is the code's. ReLU stands for PReLU,
since runtimes compute it within the convolution. The skip is upsampled bilinearly, not by nearest
neighbours. The last convolution, and that of each residual block, starts near zero, so that
training begins near the bilinear image.
"""

from __future__ import annotations

import keras
from keras import layers

from kgan.checks import check_flag, check_integer
from kgan.layers import BilinearUpsampling, Branches
from kgan.networks.inputs import image_field, input_tensors, structured
from kgan.networks.translator import translators
from kgan.networks.upscaler import Upscaler, channels_of
from kgan.seeds import spawn
from kgan.signature import Image, Signature

_KEY = 0  # of the network's seeds
_GAIN = 0.1


@translators.register("srvgg")
class SRVGG(Upscaler):
    """A compact generator: `blocks` times two convolutions of `width` channels at low resolution.

    Images may have any height and width.

    Example:
        >>> gan = kgan.SRGAN(generator_network=kgan.networks.SRVGG(width=32, blocks=8, scale=2))
        >>> gan.upscale(photos).shape
        (4, 128, 128, 3)

    Raises:
        UsageError: a width or number of blocks below 1, or a scale that is not 2, 3 or 4.
    """

    def __init__(self, width: int = 64, blocks: int = 8, scale: int = 4, residual: bool = True):
        super().__init__(width, scale)
        self.blocks = check_integer("blocks", blocks, 1)
        self.residual = check_flag("residual", residual)

    def generator(
        self, inputs: Signature, output: Image, seed: int = 0, dtype: str | None = None
    ) -> keras.Model:
        """A network from an image to one `scale` times as high and wide.

        `output` gives the channels. The image is float32 in [-1, 1] whatever the `dtype`.
        """
        seeds = spawn(seed, _KEY)
        tensors = input_tensors(inputs)
        source = tensors[image_field(inputs).name]
        relu = {"dtype": dtype}
        x = layers.ReLU(**relu)(self.convolved(source, self.width, seeds, dtype))
        x, first = Branches(2, dtype=dtype)(x)
        for _ in range(self.blocks):
            start = x
            x = layers.ReLU(**relu)(self.convolved(x, self.width, seeds, dtype))
            gain = _GAIN if self.residual else 1.0
            x = self.convolved(x, self.width, seeds, dtype, gain=gain)
            x = layers.Add(dtype=dtype)([x, start]) if self.residual else layers.ReLU(**relu)(x)
        if self.residual:
            x = layers.Add(dtype=dtype)([self.convolved(x, self.width, seeds, dtype), first])
        x = self.sub_pixels(x, channels_of(output), self.scale, seeds, dtype, gain=_GAIN)
        skip = BilinearUpsampling(self.scale)(source)
        image = self.image(layers.Add(dtype="float32")([x, skip]), output)
        return keras.Model(structured(tensors), image, name="generator")
