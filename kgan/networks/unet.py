"""The U-Net of pix2pix, from images to images.

Isola, Zhu, Zhou & Efros, "Image-to-Image Translation with Conditional Adversarial Networks", 2017,
arXiv:1611.07004, section 6.1.1 (after Ronneberger et al., "U-Net", 2015, arXiv:1505.04597): the
encoder C64-C128-C256-C512-C512-…, 4x4 convolutions of stride 2 with LeakyReLU 0.2, and the same
back with ReLU, each level beside the encoder's features of its size; no normalisation at the first
and the innermost level; all weights start from N(0, 0.02²).

It departs from the paper in two things. Upsampling is by resize-convolution, nearest neighbours and
a 3x3 convolution, which leaves no checkerboard (Odena et al., "Deconvolution and Checkerboard
Artifacts", 2016); `upsampling="transposed"` is the paper's. Randomness comes from a latent among
the inputs, as further channels of the image (Zhu et al., "Toward Multimodal Image-to-Image
Translation", 2017, arXiv:1711.11586, section 4), not from dropout at inference.
"""

from __future__ import annotations

from collections.abc import Iterator

import keras
from keras import layers

from kgan.checks import check_integer
from kgan.layers import (
    Conv2D,
    Conv2DTranspose,
    CropLike,
    LeakyReLU,
    ReflectToMultiple,
    UpSampling2D,
)
from kgan.networks.inputs import image_field, input_tensors, structured
from kgan.networks.translator import (
    FORMAT,
    Translator,
    check_upsampling,
    initializer,
    translators,
    with_latent,
)
from kgan.seeds import spawn
from kgan.signature import Image, Signature

_KEY = 0  # of the network's seeds


@translators.register("unet")
class UNet(Translator):
    """An encoder of `depth` halvings and a decoder that sees the encoder's features of each size.

    `width` is the number of channels next to the image, doubled with each halving up to eightfold.
    Images may have any height and width of at least 2^depth pixels: inside, they are padded to a
    multiple of that by reflection, and cropped back.

    Example:
        >>> networks = kgan.networks.UNet(width=16, depth=5)
        >>> kgan.Pix2Pix(channels=3, generator_network=networks).translate(photos).shape
        (4, 64, 64, 3)

    Raises:
        UsageError: a width or depth below 1, or an unknown name.
    """

    def __init__(
        self,
        width: int = 64,
        depth: int = 8,
        upsampling: str = "resize",
        normalization: str = "instance",
    ):
        super().__init__(width, normalization)
        self.depth = check_integer("depth", depth, 1)
        self.upsampling = check_upsampling(upsampling)

    @property
    def smallest(self) -> int:
        return 2**self.depth

    def generator(
        self, inputs: Signature, output: Image, seed: int = 0, dtype: str | None = None
    ) -> keras.Model:
        """A network from an image, and a latent where there is one, to an image of its size.

        `output` gives the channels. The image is float32 in [-1, 1] whatever the `dtype`.
        """
        seeds = spawn(seed, _KEY)
        tensors = input_tensors(inputs)
        source = tensors[image_field(inputs).name]
        x = ReflectToMultiple(self.smallest, dtype=dtype)(with_latent(inputs, tensors, dtype))
        skips = []
        for level in range(self.depth):
            plain = level in (0, self.depth - 1)
            x = Conv2D(
                self.channels(level),
                4,
                strides=2,
                padding="same",
                data_format=FORMAT,
                use_bias=plain or self.normalization == "none",
                kernel_initializer=initializer(seeds),
                dtype=dtype,
            )(x)
            x = LeakyReLU(0.2, dtype=dtype)(x if plain else self.normalized(x, seeds, dtype))
            skips.append(x)
        skips.pop()
        while skips:
            x = self._upsampled(x, self.channels(len(skips) - 1), seeds, dtype)
            x = layers.ReLU(dtype=dtype)(self.normalized(x, seeds, dtype))
            x = layers.Concatenate(dtype=dtype)([x, skips.pop()])
        x = self._upsampled(x, output.shape[-1] or 1, seeds, dtype, last=True)
        x = CropLike(dtype=dtype)([x, source])
        image = layers.Activation("tanh", dtype="float32", name=output.name)(x)
        return keras.Model(structured(tensors), image, name="generator")

    def _upsampled(self, x, channels: int, seeds: Iterator[int], dtype, last: bool = False):
        """Features of twice the height and width."""
        arguments = {
            "padding": "same",
            "data_format": FORMAT,
            "use_bias": last or self.normalization == "none",
            "kernel_initializer": initializer(seeds),
            "dtype": dtype,
        }
        if self.upsampling == "transposed":
            return Conv2DTranspose(channels, 4, strides=2, **arguments)(x)
        x = UpSampling2D(dtype=dtype)(x)
        return layers.Conv2D(channels, 3, **arguments)(x)
