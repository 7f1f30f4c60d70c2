"""Networks from grey images to colour images of the same luminance, made of others."""

from __future__ import annotations

import dataclasses

import keras

from kgan.layers import ChromaToRGB
from kgan.networks.inputs import image_field
from kgan.networks.translator import Translator
from kgan.signature import Image, Signature


class Coloring(Translator):
    """A generator of RGB images whose chroma the given networks make of the grey ones.

    Example:
        >>> networks = kgan.networks.Coloring(kgan.networks.UNet(width=16, depth=5))
        >>> networks.smallest
        32
    """

    def __init__(self, chroma_network: Translator):
        self.chroma_network = chroma_network

    @property
    def smallest(self) -> int:
        return self.chroma_network.smallest

    def generator(
        self, inputs: Signature, output: Image, seed: int = 0, dtype: str | None = None
    ) -> keras.Model:
        """A network from a grey image, and what else the others take, to an RGB image.

        Both images are in [-1, 1] and of one luminance.
        """
        chroma = dataclasses.replace(output, shape=(*output.shape[:2], 2), name="chroma")
        uncolored = self.chroma_network.generator(inputs, chroma, seed, dtype)
        given = uncolored.input
        grey = given[image_field(inputs).name] if isinstance(given, dict) else given
        image = ChromaToRGB(dtype="float32", name=output.name)([grey, uncolored.output])
        return keras.Model(given, image, name="generator")
