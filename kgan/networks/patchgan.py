"""PatchGAN, a discriminator that judges each patch of an image by itself.

Isola, Zhu, Zhou & Efros, "Image-to-Image Translation with Conditional Adversarial Networks",
2017, arXiv:1611.07004, sections 3.2.2 and 6.1.2: C64-C128-C256-C512, 4x4 convolutions, all but the
last of stride 2, then one to a logit; LeakyReLU 0.2, no normalisation at the first. Three halvings
see patches of 70x70 pixels. The edges are filled so that sizes stay whole ("same"), where the
paper's code loses a pixel at each convolution of stride 1.
"""

from __future__ import annotations

import keras
from keras import layers

from kgan.checks import check_integer
from kgan.layers import Conv2D, LeakyReLU
from kgan.networks.inputs import input_tensors, structured
from kgan.networks.translator import FORMAT, ImageDiscriminator, discriminators, initializer
from kgan.seeds import spawn
from kgan.signature import Signature

_KEY = 1  # of the network's seeds


@discriminators.register("patchgan")
class PatchGAN(ImageDiscriminator):
    """A discriminator that judges each patch of an image by itself.

    It has `layers` convolutions of stride 2, one of stride 1, and one to the logit of each patch.
    `width` is the number of channels next to the image, doubled with each convolution up to
    eightfold. `layers` 1, 3 and 5 see patches of 16, 70 and 286 pixels.

    Example:
        >>> patches = kgan.networks.PatchGAN(width=16, layers=2)
        >>> gan = kgan.Pix2Pix(channels=3, discriminator_network=patches)

    Raises:
        UsageError: a width or a number of layers below 1, or an unknown normalization.
    """

    def __init__(self, width: int = 64, layers: int = 3, normalization: str = "instance"):
        super().__init__(width, normalization)
        self.layers = check_integer("layers", layers, 1)

    def discriminator(
        self, inputs: Signature, seed: int = 0, dtype: str | None = None
    ) -> keras.Model:
        """A network from images of one size to float32 logits `(batch, rows, columns, 1)`.

        It sees the images of all `inputs` beside each other, as the channels of one.
        """
        seeds = spawn(seed, _KEY)
        tensors = input_tensors(inputs)
        images = [tensors[field.name] for field in inputs.images]
        x = layers.Concatenate(dtype=dtype)(images) if len(images) > 1 else images[0]
        for level in range(self.layers + 1):
            x = Conv2D(
                self.channels(level),
                4,
                strides=1 if level == self.layers else 2,
                padding="same",
                data_format=FORMAT,
                use_bias=level == 0 or self.normalization == "none",
                kernel_initializer=initializer(seeds),
                dtype=dtype,
            )(x)
            x = LeakyReLU(0.2, dtype=dtype)(self.normalized(x, seeds, dtype) if level else x)
        logit = layers.Conv2D(
            1,
            4,
            padding="same",
            data_format=FORMAT,
            kernel_initializer=initializer(seeds),
            dtype="float32",
            name="logit",
        )(x)
        return keras.Model(structured(tensors), logit, name="discriminator")
