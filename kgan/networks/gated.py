"""Gated convolutions with a dilated context, which fill the holes of images.

Yu et al., "Free-Form Image Inpainting with Gated Convolution", 2019, arXiv:1806.03589, section 3.4
and figure 3: an encoder of two halvings, convolutions that are dilated 2, 4, 8 and 16 times, a
decoder with nearest neighbours; each convolution is gated, with ELU; no normalisation.

It departs from the paper in that one network does it: there is no second, refining one with
contextual attention. The dilated part takes the place of the fully connected layer in Pathak et
al., "Context Encoders: Feature Learning by Inpainting", 2016, arXiv:1604.07379, so that images of
any size have their context; it needs no Fourier transform, which ONNX runtimes lack.
"""

from __future__ import annotations

from collections.abc import Iterator

import keras
from keras import layers

from kgan.checks import check_integer, integers
from kgan.errors import UsageError
from kgan.layers import (
    Conv2D,
    CropLike,
    DilatedConv2D,
    GatedActivation,
    ReflectToMultiple,
    UpSampling2D,
)
from kgan.networks.inputs import image_field, input_tensors, structured
from kgan.networks.translator import FORMAT, Translator, translators
from kgan.seeds import spawn
from kgan.signature import Image, Signature

_KEY = 0  # of the network's seeds
# 1 / E[(elu(a) · sigmoid(g))²] for a and g of N(0, 1): features keep their variance, where gates of
# one half would halve them at each layer.
_GAIN = 1 / 0.189


@translators.register("gated")
class Gated(Translator):
    """An encoder of `halvings`, gated convolutions with `dilations`, and a decoder.

    `width` is the number of channels next to the image, doubled with each halving. It sees the
    images of all inputs beside each other: those with holes, and the masks. Images may have any
    height and width of at least 2^halvings pixels: inside, they are padded by reflection to a
    multiple, and cropped back.

    Example:
        >>> networks = kgan.networks.Gated(width=8, dilations=(2, 4))
        >>> gan = kgan.Inpainting(generator_network=networks)
        >>> filled = gan.inpaint(photos, masks=photos[..., :1] > -0.5)

    Raises:
        UsageError: an argument out of range, or an unknown normalization.
    """

    def __init__(
        self,
        width: int = 32,
        halvings: int = 2,
        dilations: tuple[int, ...] = (2, 4, 8, 16),
        normalization: str = "none",
    ):
        super().__init__(width, normalization)
        self.halvings = check_integer("halvings", halvings, 1)
        self.dilations = integers(dilations)
        if len(self.dilations) != len(dilations) or min(self.dilations, default=1) < 1:
            raise UsageError(
                f"dilations must be integers of at least 1; received {dilations!r}.", "dilations"
            )

    @property
    def smallest(self) -> int:
        return 2**self.halvings

    def generator(
        self, inputs: Signature, output: Image, seed: int = 0, dtype: str | None = None
    ) -> keras.Model:
        """A network from the images of `inputs`, of one size, to an image of that size.

        `output` gives the channels. The image is float32 in [-1, 1] whatever the `dtype`.
        """
        seeds = spawn(seed, _KEY)
        tensors = input_tensors(inputs)
        source = tensors[image_field(inputs).name]
        given = [tensors[field.name] for field in inputs.images]
        x = layers.Concatenate(dtype=dtype)(given) if len(given) > 1 else source
        x = ReflectToMultiple(self.smallest, dtype=dtype)(x)
        x = self._gated(x, self.channels(0), seeds, dtype, size=5)
        for level in range(1, self.halvings + 1):
            x = self._gated(x, self.channels(level), seeds, dtype, strides=2)
            x = self._gated(x, self.channels(level), seeds, dtype)
        for dilation in (1, *self.dilations, 1, 1):
            x = self._gated(x, self.channels(self.halvings), seeds, dtype, dilation=dilation)
        for level in reversed(range(self.halvings)):
            x = UpSampling2D(dtype=dtype)(x)
            x = self._gated(x, self.channels(level), seeds, dtype)
            x = self._gated(x, self.channels(level), seeds, dtype)
        x = layers.Conv2D(
            output.shape[-1] or 1,
            3,
            padding="same",
            data_format=FORMAT,
            kernel_initializer=keras.initializers.GlorotUniform(next(seeds)),
            dtype=dtype,
        )(x)
        x = CropLike(dtype=dtype)([x, source])
        image = layers.Activation("tanh", dtype="float32", name=output.name)(x)
        return keras.Model(structured(tensors), image, name="generator")

    def _gated(
        self,
        x,
        channels: int,
        seeds: Iterator[int],
        dtype,
        size: int = 3,
        strides: int = 1,
        dilation: int = 1,
    ):
        """Features after a gated convolution."""
        layer: type[keras.layers.Conv2D] = DilatedConv2D if dilation > 1 else Conv2D
        x = layer(
            2 * channels,
            size,
            strides=strides,
            dilation_rate=dilation,
            padding="same",
            data_format=FORMAT,
            kernel_initializer=keras.initializers.VarianceScaling(_GAIN, seed=next(seeds)),
            dtype=dtype,
        )(x)
        return GatedActivation(dtype=dtype)(self.normalized(x, seeds, dtype))
