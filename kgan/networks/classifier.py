"""A small convolutional classifier, whose last hidden layer serves as a measure of images.

The pattern of VGG (Simonyan & Zisserman, "Very Deep Convolutional Networks for Large-Scale Image
Recognition", 2015, arXiv:1409.1556): 3x3 convolutions whose channels double with each halving by
max pooling, each with batch normalisation (Ioffe & Szegedy, 2015, arXiv:1502.03167) before its
ReLU.
"""

from __future__ import annotations

import keras
from keras import layers

from kgan.checks import check_integer
from kgan.networks.shape import check_image_shape
from kgan.seeds import spawn

_FORMAT = "channels_last"  # whatever the user's keras.json says
_DTYPE = "float32"  # whatever the global policy is: a judge's figures must not depend on it
_LEVELS = 3


def classifier(
    image_shape: tuple[int, int, int],
    classes: int,
    width: int,
    feature_dim: int,
    dropout: float = 0.3,
    seed: int = 0,
) -> keras.Model:
    """A classifier from images `(batch, *image_shape)` in [-1, 1] to logits `(batch, classes)`.

    Its layer "features" gives the last hidden activations, `(batch, feature_dim)`, not negative.
    `width` is the number of channels at the image's full size; it doubles at the first two of three
    halvings. `dropout` is the share of features that training drops. `seed` pins the initial
    weights and the dropout. Everything is float32.

    Raises:
        UsageError: an image shape that the networks cannot take, or a count out of range.
    """
    image_shape = check_image_shape(image_shape)
    classes = check_integer("classes", classes, 2)
    width = check_integer("width", width, 1)
    feature_dim = check_integer("feature_dim", feature_dim, 1)
    seeds = spawn(seed)

    def initializer() -> keras.initializers.Initializer:
        return keras.initializers.HeNormal(seed=next(seeds))

    image = keras.Input(image_shape, name="image", dtype=_DTYPE)
    x = image
    for level in range(_LEVELS):
        x = layers.Conv2D(
            width * 2**level,
            3,
            padding="same",
            data_format=_FORMAT,
            use_bias=False,
            kernel_initializer=initializer(),
            dtype=_DTYPE,
        )(x)
        # Pooling first, so that the later layers have a quarter of the work.
        x = layers.MaxPooling2D(2, data_format=_FORMAT, dtype=_DTYPE)(x)
        x = layers.BatchNormalization(axis=-1, momentum=0.9, dtype=_DTYPE)(x)
        x = layers.ReLU(dtype=_DTYPE)(x)
    x = layers.Flatten(_FORMAT, dtype=_DTYPE)(x)
    x = layers.Dense(feature_dim, use_bias=False, kernel_initializer=initializer(), dtype=_DTYPE)(x)
    x = layers.BatchNormalization(momentum=0.9, dtype=_DTYPE)(x)
    features = layers.ReLU(dtype=_DTYPE, name="features")(x)
    x = layers.Dropout(dropout, seed=next(seeds), dtype=_DTYPE)(features)
    logits = layers.Dense(classes, kernel_initializer=initializer(), dtype=_DTYPE, name="logits")(x)
    return keras.Model(image, logits, name="classifier")
