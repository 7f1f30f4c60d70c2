"""Networks from images to the probability of each class at each pixel, made of others."""

from __future__ import annotations

import keras
from keras import layers

from kgan.networks.translator import FORMAT, Translator
from kgan.seeds import spawn
from kgan.signature import Image, Probabilities, Signature

_KEY = 2  # of the last layer's seeds
_FEATURES = 16  # at least


class Segmenting(Translator):
    """A generator of probabilities: a 1x1 convolution and a softmax of the given networks' image.

    That image has 16 channels, or as many as there are classes.

    Example:
        >>> networks = kgan.networks.Segmenting(kgan.networks.UNet(width=16, depth=5))
        >>> networks.smallest
        32
    """

    def __init__(self, feature_network: Translator):
        self.feature_network = feature_network

    @property
    def smallest(self) -> int:
        return self.feature_network.smallest

    def generator(  # type: ignore[override]
        self, inputs: Signature, output: Probabilities, seed: int = 0, dtype: str | None = None
    ) -> keras.Model:
        """A network from an image to float32 probabilities `(batch, height, width, classes)`."""
        image = Image((None, None, max(output.classes, _FEATURES)), "features")
        features = self.feature_network.generator(inputs, image, seed, dtype)
        logits = layers.Conv2D(
            output.classes,
            1,
            data_format=FORMAT,
            kernel_initializer=keras.initializers.GlorotUniform(next(spawn(seed, _KEY))),
            dtype="float32",
        )(features.output)
        probabilities = layers.Softmax(dtype="float32", name=output.name)(logits)
        return keras.Model(features.input, probabilities, name="generator")
