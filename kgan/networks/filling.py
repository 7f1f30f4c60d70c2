"""Networks that fill holes, made of others: known pixels stay, and the holes' are not seen."""

from __future__ import annotations

import keras
from keras import layers

from kgan.layers import ClipImages, KeepKnown, PullPush
from kgan.networks.inputs import image_field, input_tensors, structured
from kgan.networks.translator import Translator
from kgan.signature import Image, Mask, Signature


class Filling(Translator):
    """A generator of images that keeps known pixels bit for bit and makes the others.

    Holes are filled smoothly first (`kgan.layers.PullPush`), whatever lies in them. The given
    networks see these images and the masks, and what they make is added in the holes.

    Example:
        >>> networks = kgan.networks.Filling(kgan.networks.Gated(width=8, dilations=(2, 4)))
        >>> networks.smallest
        4
    """

    def __init__(self, made_by: Translator):
        self.made_by = made_by

    @property
    def smallest(self) -> int:
        return self.made_by.smallest

    def generator(
        self, inputs: Signature, output: Image, seed: int = 0, dtype: str | None = None
    ) -> keras.Model:
        """A network from an image, a `mask` and what else the others take to a float32 image."""
        made_by = self.made_by.generator(inputs, output, seed, dtype)
        tensors = input_tensors(inputs)
        image, mask = tensors[image_field(inputs).name], tensors[Mask.name]
        smooth = PullPush()([image, mask])
        change = made_by({**tensors, image_field(inputs).name: smooth})
        made = ClipImages(dtype="float32")(layers.Add(dtype="float32")([smooth, change]))
        filled = KeepKnown(dtype="float32", name=output.name)([image, mask, made])
        return keras.Model(structured(tensors), filled, name="generator")
