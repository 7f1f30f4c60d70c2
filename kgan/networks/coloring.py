"""Networks from grey images to colour images of the same luminance, made of others."""

from __future__ import annotations

import dataclasses

import keras
from keras import layers

from kgan.checks import check_integer
from kgan.layers import BilinearUpsampling, ChromaToRGB, CropLike, ReflectToMultiple
from kgan.networks.inputs import image_field, input_tensors, structured
from kgan.networks.translator import FORMAT, Translator
from kgan.signature import Image, Signature


class Coloring(Translator):
    """A generator of RGB images whose chroma the given networks make of the grey ones.

    With a `subsampling` of s, the networks see the grey image at 1/s of its height and width, the
    mean of s x s pixels, and their chroma is enlarged by bilinear interpolation.

    Example:
        >>> networks = kgan.networks.Coloring(kgan.networks.UNet(width=16, depth=5), subsampling=2)
        >>> networks.smallest
        64

    Raises:
        UsageError: a subsampling below 1.
    """

    def __init__(self, chroma_network: Translator, subsampling: int = 1):
        self.chroma_network = chroma_network
        self.subsampling = check_integer("subsampling", subsampling, 1)

    @property
    def smallest(self) -> int:
        return self.subsampling * self.chroma_network.smallest

    def generator(
        self, inputs: Signature, output: Image, seed: int = 0, dtype: str | None = None
    ) -> keras.Model:
        """A network from a grey image, and what else the others take, to an RGB image.

        Both images are in [-1, 1] and of one luminance.
        """
        shape = (*output.shape[:2], 2)
        chroma_of = self.chroma_network.generator(
            inputs, dataclasses.replace(output, shape=shape, name="chroma"), seed, dtype
        )
        tensors, name = input_tensors(inputs), image_field(inputs).name
        grey = seen = tensors[name]
        if self.subsampling > 1:
            seen = ReflectToMultiple(self.subsampling, dtype="float32")(grey)
            pool = {"data_format": FORMAT, "dtype": "float32"}
            seen = layers.AveragePooling2D(self.subsampling, **pool)(seen)
        chroma = chroma_of(structured({**tensors, name: seen}))
        if self.subsampling > 1:
            chroma = BilinearUpsampling(self.subsampling)(chroma)
            chroma = CropLike(dtype="float32")([chroma, grey])
        image = ChromaToRGB(dtype="float32", name=output.name)([grey, chroma])
        return keras.Model(structured(tensors), image, name="generator")
