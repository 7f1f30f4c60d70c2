"""SN-PatchGAN, the discriminator of free-form inpainting.

Yu et al., "Free-Form Image Inpainting with Gated Convolution", 2019, arXiv:1806.03589, section 3.3:
5x5 convolutions of stride 2 with spectral normalisation and LeakyReLU 0.2, and every feature of the
last one at every place is a logit, whose neurons see the whole image for six of them.
"""

from __future__ import annotations

import keras
from keras import layers

from kgan.checks import check_integer
from kgan.layers import LeakyReLU, SpectralNormalization
from kgan.networks.inputs import input_tensors, structured
from kgan.networks.translator import FORMAT, ImageDiscriminator, discriminators
from kgan.seeds import spawn
from kgan.signature import Signature

_KEY = 1  # of the network's seeds
_MOST = 4  # channels, times the width


@discriminators.register("sn_patchgan")
class SNPatchGAN(ImageDiscriminator):
    """A discriminator that judges each feature at each place by itself.

    It has `layers` 5x5 convolutions of stride 2, of `width` channels, twice and then four times as
    many. The normalization is spectral.

    Example:
        >>> patches = kgan.networks.SNPatchGAN(width=8, layers=4)
        >>> gan = kgan.Inpainting(discriminator_network=patches)

    Raises:
        UsageError: a width or a number of layers below 1.
    """

    def __init__(self, width: int = 64, layers: int = 6):
        super().__init__(width, normalization="none")
        self.layers = check_integer("layers", layers, 1)

    def discriminator(
        self, inputs: Signature, seed: int = 0, dtype: str | None = None
    ) -> keras.Model:
        """A network from images of one size to float32 logits `(batch, rows, columns, features)`.

        It sees the images of all `inputs` beside each other, as the channels of one.
        """
        seeds = spawn(seed, _KEY)
        tensors = input_tensors(inputs)
        images = [tensors[field.name] for field in inputs.images]
        x = layers.Concatenate(dtype=dtype)(images) if len(images) > 1 else images[0]
        for level in range(self.layers):
            last = level == self.layers - 1
            convolution = layers.Conv2D(
                self.width * min(2**level, _MOST),
                5,
                strides=2,
                padding="same",
                data_format=FORMAT,
                kernel_initializer=keras.initializers.GlorotUniform(next(seeds)),
                dtype="float32" if last else dtype,
            )
            name = "logit" if last else None
            x = SpectralNormalization(convolution, seed=next(seeds), name=name)(x)
            if not last:
                x = LeakyReLU(0.2, dtype=dtype)(x)
        return keras.Model(structured(tensors), x, name="discriminator")
