"""The discriminator of SRGAN.

Ledig et al., "Photo-Realistic Single Image Super-Resolution Using a Generative Adversarial
Network", 2017, arXiv:1609.04802, figure 4: eight 3x3 convolutions, 64 to 512 channels, doubled
where every second one has stride 2, LeakyReLU 0.2, batch normalization but for the first; then two
dense layers, 1024 units and the logit. All weights start as He et al. (2015) have them.

It departs from the paper in one thing, so that it takes images of any size: the dense layers see
the mean of the last features over height and width (`head="pooled"`), or each place of them by
itself, so that there is a logit for each patch (`head="patches"`). The paper's see all features of
an image of 96x96 pixels. The last activation, a sigmoid, is in the losses.
"""

from __future__ import annotations

import keras
from keras import layers

from kgan.checks import check_integer
from kgan.errors import unknown_name
from kgan.layers import Conv2D, LeakyReLU
from kgan.networks.inputs import input_tensors, structured
from kgan.networks.translator import FORMAT, ImageDiscriminator, discriminators
from kgan.seeds import spawn
from kgan.signature import Signature

_KEY = 1  # of the network's seeds
_HEADS = ("pooled", "patches")
_UNITS = 16  # times the width, of the first dense layer


@discriminators.register("srgan")
class SRGANDiscriminator(ImageDiscriminator):
    """The paper's discriminator: `2 · halvings` convolutions, then the logit of image or patches.

    `width` is the number of channels next to the image, doubled with each halving up to eightfold;
    `halvings` 4 is the paper's. `normalization` is "batch", "instance" or "none".

    Example:
        >>> judge = kgan.networks.SRGANDiscriminator(width=16, halvings=3, head="patches")
        >>> gan = kgan.SRGAN(discriminator_network=judge)

    Raises:
        UsageError: a width or a number of halvings below 1, or an unknown head or normalization.
    """

    def __init__(
        self,
        width: int = 64,
        halvings: int = 4,
        normalization: str = "batch",
        head: str = "pooled",
    ):
        super().__init__(width, normalization)
        self.halvings = check_integer("halvings", halvings, 1)
        if head not in _HEADS:
            raise unknown_name("head", head, _HEADS)
        self.head = head

    def discriminator(
        self, inputs: Signature, seed: int = 0, dtype: str | None = None
    ) -> keras.Model:
        """A network from images of one size to float32 logits.

        They are `(batch, 1)`, or `(batch, rows, columns, 1)` of the patches. It sees the images of
        all `inputs` beside each other, as the channels of one.
        """
        seeds = spawn(seed, _KEY)
        tensors = input_tensors(inputs)
        images = list(tensors.values())
        x = layers.Concatenate(dtype=dtype)(images) if len(images) > 1 else images[0]

        def weights() -> dict:
            return {"kernel_initializer": keras.initializers.HeNormal(seed=next(seeds))}

        for number in range(2 * self.halvings):
            x = Conv2D(
                self.channels(number // 2),
                3,
                strides=1 + number % 2,
                padding="same",
                data_format=FORMAT,
                use_bias=number == 0 or self.normalization == "none",
                dtype=dtype,
                **weights(),
            )(x)
            x = LeakyReLU(0.2, dtype=dtype)(self.normalized(x, seeds, dtype) if number else x)
        if self.head == "pooled":
            # In float32: a sum over a whole image leaves the range of float16.
            x = layers.GlobalAveragePooling2D(data_format=FORMAT, dtype="float32")(x)
        # A dense layer sees the last axis alone, whatever the others.
        x = layers.Dense(_UNITS * self.width, dtype=dtype, **weights())(x)
        x = LeakyReLU(0.2, dtype=dtype)(x)
        logit = layers.Dense(1, dtype="float32", name="logit", **weights())(x)
        return keras.Model(structured(tensors), logit, name="discriminator")
