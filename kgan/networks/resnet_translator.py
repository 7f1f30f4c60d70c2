"""The residual generator of CycleGAN, from images to images.

Zhu, Park, Isola & Efros, "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial
Networks", 2017, arXiv:1703.10593, appendix 7.2 (after Johnson, Alahi & Fei-Fei, "Perceptual Losses
for Real-Time Style Transfer and Super-Resolution", 2016, arXiv:1603.08155):
c7s1-64, d128, d256, R256 nine times (six for images of 128 pixels), u128, u64, c7s1-3; reflection
padding, instance normalisation, all weights from N(0, 0.02²).

It departs from the paper in one thing. Upsampling is by resize-convolution, nearest neighbours and
a 3x3 convolution, which leaves no checkerboard (Odena et al., "Deconvolution and Checkerboard
Artifacts", 2016); `upsampling="transposed"` is the paper's. `residual=True` adds what the network
makes to its source in place of the paper's tanh: training begins near the source.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
from keras import layers

from kgan.checks import check_flag, check_integer
from kgan.errors import UsageError
from kgan.layers import (
    ClipImages,
    Conv2DTranspose,
    CropLike,
    ReflectionPadding2D,
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
_HALVINGS = 2
_RESIDUAL_STDDEV = 1e-3  # of the last kernel


@translators.register("resnet")
class ResNetTranslator(Translator):
    """Two halvings, `blocks` residual blocks at a quarter of the size, and back.

    `width` is the number of channels next to the image, doubled with each halving. No skip leads
    around the blocks, so that shapes can change; what they see grows with their number. A
    `residual` network makes the difference to the source, which has as many channels; it changes
    colours and strokes more easily than shapes. Images may have any height and width of at least
    8 pixels: inside, they are padded to a multiple of 4 by reflection, and cropped back.

    Example:
        >>> networks = kgan.networks.ResNetTranslator(width=8, blocks=2)
        >>> kgan.Pix2Pix(channels=3, generator_network=networks).translate(photos).shape
        (4, 64, 64, 3)

    Raises:
        UsageError: a width or a number of blocks below 1, or an unknown name.
    """

    def __init__(
        self,
        width: int = 64,
        blocks: int = 9,
        upsampling: str = "resize",
        normalization: str = "instance",
        residual: bool = False,
    ):
        super().__init__(width, normalization)
        self.blocks = check_integer("blocks", blocks, 1)
        self.upsampling = check_upsampling(upsampling)
        self.residual = check_flag("residual", residual)

    @property
    def smallest(self) -> int:
        return 2 * 2**_HALVINGS  # at a quarter, two pixels can be reflected

    def generator(
        self, inputs: Signature, output: Image, seed: int = 0, dtype: str | None = None
    ) -> keras.Model:
        """A network from an image, and a latent where there is one, to an image of its size.

        `output` gives the channels. The image is float32 in [-1, 1] whatever the `dtype`.

        Raises:
            UsageError: a latent with instance normalization, or a residual network whose output has
                other channels than its source.
        """
        seeds = spawn(seed, _KEY)
        tensors = input_tensors(inputs)
        if len(tensors) > 1 and self.normalization == "instance":
            raise UsageError(
                "latent_dim must be 0 here: a latent is the same at every pixel, and the instance "
                "normalization of ResNetTranslator takes away what is. Use "
                'normalization="batch", or kgan.networks.UNet, whose first level has none.',
                "latent_dim",
            )
        source, channels = tensors[image_field(inputs).name], output.shape[-1] or 1
        if self.residual and source.shape[-1] != channels:
            raise UsageError(
                f"residual must be False where a source of {source.shape[-1]} channels becomes an "
                f"image of {channels}: it adds them. Remove it, or give both as many.",
                "residual",
            )
        x = ReflectToMultiple(2**_HALVINGS, dtype=dtype)(with_latent(inputs, tensors, dtype))
        x = self._activated(self._convolved(x, self.channels(0), 7, seeds, dtype), seeds, dtype)
        for level in range(1, _HALVINGS + 1):
            arguments = self._arguments(seeds, dtype) | {"strides": 2, "padding": "same"}
            name = f"halving_{level}"
            x = layers.Conv2D(self.channels(level), 3, name=name, **arguments)(x)
            x = self._activated(x, seeds, dtype)
        for number in range(1, self.blocks + 1):
            y = self._convolved(x, self.channels(_HALVINGS), 3, seeds, dtype)
            y = self._activated(y, seeds, dtype)
            y = self._convolved(y, self.channels(_HALVINGS), 3, seeds, dtype)
            y = self.normalized(y, seeds, dtype)
            x = layers.Add(name=f"block_{number}", dtype=dtype)([x, y])
        for level in reversed(range(_HALVINGS)):
            x = self._activated(self._doubled(x, self.channels(level), seeds, dtype), seeds, dtype)
        last = {"use_bias": True}
        if self.residual:
            last["kernel_initializer"] = initializer(seeds, _RESIDUAL_STDDEV)
        x = self._convolved(x, channels, 7, seeds, dtype, **last)
        x = CropLike(dtype=dtype)([x, source])
        if self.residual:
            sum_ = layers.Add(dtype="float32")([x, source])
            image = ClipImages(dtype="float32", name=output.name)(sum_)
        else:
            image = layers.Activation("tanh", dtype="float32", name=output.name)(x)
        return keras.Model(structured(tensors), image, name="generator")

    def features(self, generator: keras.Model) -> dict[str, Any]:
        """The pixels, both halvings, and the first and the middle block."""
        names = [f"halving_{level}" for level in range(1, _HALVINGS + 1)]
        names += ["block_1", f"block_{(self.blocks + 1) // 2}"]
        inside = {name: generator.get_layer(name).output for name in names}
        return {"pixels": generator.inputs[0], **inside}

    def _arguments(self, seeds: Iterator[int], dtype) -> dict[str, Any]:
        """What all convolutions before a normalization have in common."""
        return {
            "data_format": FORMAT,
            "use_bias": self.normalization == "none",
            "kernel_initializer": initializer(seeds),
            "dtype": dtype,
        }

    def _convolved(self, x, channels: int, kernel: int, seeds: Iterator[int], dtype, **other):
        """A convolution that sees the image reflected beyond its edges."""
        x = ReflectionPadding2D(kernel // 2, dtype=dtype)(x)
        return layers.Conv2D(channels, kernel, **self._arguments(seeds, dtype) | other)(x)

    def _doubled(self, x, channels: int, seeds: Iterator[int], dtype):
        """Features of twice the height and width."""
        if self.upsampling == "transposed":
            arguments = self._arguments(seeds, dtype) | {"strides": 2, "padding": "same"}
            return Conv2DTranspose(channels, 3, **arguments)(x)
        x = UpSampling2D(dtype=dtype)(x)
        return self._convolved(x, channels, 3, seeds, dtype)

    def _activated(self, x, seeds: Iterator[int], dtype):
        return layers.ReLU(dtype=dtype)(self.normalized(x, seeds, dtype))
