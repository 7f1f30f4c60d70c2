"""From a paper's convolutions to whole networks: inputs, conditions and heads, written once."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import keras
from keras import layers

from kgan.checks import check_integer
from kgan.errors import UsageError, unknown_name
from kgan.layers import LeakyReLU, OneHot, SpectralNormalization
from kgan.networks.shape import check_image_shape

_JOINT_UNITS = 128  # of the layers in which a joint discriminator sees image and latent together
LOGIT = {"logit": (1,)}
# Where a condition enters.
_GENERATOR_DOORS = ("input", "normalization")
_DISCRIMINATOR_DOORS = ("input", "projection", "joint")


class Condition(NamedTuple):
    """A further input of a network: `label`, one of `size` classes, or a vector of `size` numbers.

    Where it is concatenated, a dense layer embeds it in `embedding` numbers first; None gives it
    as it is.
    """

    name: str
    size: int
    embedding: int | None = None


@dataclasses.dataclass(frozen=True)
class Family:
    """The networks of one paper.

    `synthesis(latent, image_shape, width, seeds, dtype, condition)` makes an image tensor of a
    latent tensor, `trunk(image, width, seeds, dtype, normalization)` features `(batch, n)` of an
    image tensor; `initializer(seed)` starts the dense layers behind the features.
    `normalizations` are the trunk's, the paper's first; `conditional` says whether the generator
    normalises over the batch, which a condition can steer.
    """

    name: str
    synthesis: Callable[..., Any]
    trunk: Callable[..., Any]
    initializer: Callable[[int], keras.initializers.Initializer]
    normalizations: tuple[str, ...]
    conditional: bool = True
    check: Callable[[Any], tuple[int, int, int]] = check_image_shape

    def generator(
        self,
        image_shape: tuple[int, int, int],
        latent_dim: int,
        width: int,
        seed: int = 0,
        dtype: str | None = None,
        condition: Condition | None = None,
        through: str = "input",
    ) -> keras.Model:
        """From latents `(batch, latent_dim)` to images `(batch, *image_shape)` in [-1, 1].

        `width` is the paper's number of channels (its module says at which place), `seed` pins the
        initial weights, `dtype` is a Keras precision policy, by default the global one; the image
        is float32 whatever it is. With a `condition` the inputs are a dict of `latent` and the
        condition, concatenated to the latent (`through="input"`) or steering scale and shift of
        each batch normalisation (`through="normalization"`).

        Raises:
            UsageError: a shape that the networks cannot make, a count below 1, or a condition
                that is to steer a normalisation that there is not.

        Dumoulin et al., "A Learned Representation For Artistic Style", 2017, arXiv:1610.07629, and
        Miyato & Koyama, "cGANs with Projection Discriminator", 2018, arXiv:1802.05637 (conditional
        batch normalisation).
        """
        image_shape = self.check(image_shape)
        latent_dim = check_integer("latent_dim", latent_dim, 1)
        width = check_integer("width", width, 1)
        if through not in _GENERATOR_DOORS:
            raise unknown_name("through", through, _GENERATOR_DOORS)
        if condition and through == "normalization" and not self.conditional:
            raise UsageError(
                f"networks={self.name!r} have no batch normalisation that a condition could steer; "
                'use conditioning="concatenation".'
            )
        seeds = iter(range(seed * 1000, seed * 1000 + 500))
        latent = keras.Input((latent_dim,), name="latent")
        inputs, start, steering = latent, latent, None
        if condition is not None:
            given, vector = _given(condition, dtype)
            inputs = {"latent": latent, condition.name: given}
            if through == "normalization":
                steering = vector
            else:
                vector = _embedded(vector, condition, seed * 1000 + 450, dtype)
                start = layers.Concatenate(dtype=dtype)([latent, vector])
        x = self.synthesis(start, image_shape, width, seeds, dtype, steering)
        image = layers.Activation("tanh", dtype="float32", name="image")(x)
        return keras.Model(inputs, image, name="generator")

    def discriminator(
        self,
        image_shape: tuple[int, int, int],
        width: int,
        seed: int = 0,
        dtype: str | None = None,
        normalization: str | None = None,
        condition: Condition | None = None,
        through: str = "input",
        heads: Mapping[str, tuple[int, ...]] = LOGIT,
        features: bool = False,
        images: int = 1,
    ) -> keras.Model:
        """From images `(batch, *image_shape)` in [-1, 1] to float32 logits `(batch, 1)`.

        `normalization` is "batch", "layer", "spectral" or "none"; None is the paper's. With a
        `condition` the inputs are a dict of `image` and the condition, which is a further channel
        of the image (`through="input"`), projected onto the features (`through="projection"`), or
        joined to them by dense layers (`through="joint"`). `heads` gives for each output the sizes
        of its dense layers; with several, or with `features`, the outputs are a dict. `images` are
        judged together as the channels of one.

        Raises:
            UsageError: a shape that the networks cannot take, a count below 1, or a normalisation
                that they do not have.

        Mirza & Osindero, "Conditional Generative Adversarial Nets", 2014, arXiv:1411.1784 (further
        channel, as in Reed et al.); Miyato & Koyama, "cGANs with Projection Discriminator", 2018,
        arXiv:1802.05637, equation 4 (projection); Donahue et al., "Adversarial Feature Learning",
        2017, arXiv:1605.09782 (joint).
        """
        height, image_width, channels = self.check(image_shape)
        width = check_integer("width", width, 1)
        images = check_integer("images", images, 1)
        if through not in _DISCRIMINATOR_DOORS:
            raise unknown_name("through", through, _DISCRIMINATOR_DOORS)
        if through == "projection" and "logit" not in heads:
            raise UsageError(
                "heads must hold 'logit', which a condition is projected onto; received "
                f"{', '.join(heads)}."
            )
        normalization = self.normalization(normalization)
        seeds = iter(range(seed * 1000 + 500, seed * 1000 + 900))
        image = keras.Input((height, image_width, channels * images), name="image")
        inputs, x, vector = image, image, None
        if condition is not None:
            given, vector = _given(condition, dtype)
            inputs = {"image": image, condition.name: given}
            if through == "input":
                vector = _embedded(vector, condition, seed * 1000 + 900, dtype)
                plane = _dense(height * image_width, seed * 1000 + 901, dtype)(vector)
                plane = layers.Reshape((height, image_width, 1), dtype=dtype)(plane)
                x = layers.Concatenate(dtype=dtype)([image, plane])
        found = x = self.trunk(x, width, seeds, dtype, normalization)
        if condition is not None and through == "joint":
            vector = self._hidden(vector, _JOINT_UNITS, seed * 1000 + 902, normalization)
            x = layers.Concatenate(dtype="float32")([x, vector])
            x = self._hidden(x, _JOINT_UNITS, seed * 1000 + 903, normalization)
        outputs = {
            name: self._behind(x, sizes, seeds, normalization, name)
            for name, sizes in heads.items()
        }
        if condition is not None and through == "projection":
            embedding = self._linear(
                x.shape[-1], seed * 1000 + 904, normalization, "embedding", use_bias=False
            )
            product = layers.Dot(1, dtype="float32")([x, embedding(vector)])
            outputs["logit"] = layers.Add(dtype="float32")([outputs["logit"], product])
        if features:
            outputs["features"] = layers.Identity(dtype="float32")(found)
        single = next(iter(outputs.values())) if len(outputs) == 1 else outputs
        return keras.Model(inputs, single, name="discriminator")

    def encoder(
        self,
        image_shape: tuple[int, int, int],
        latent_dim: int,
        width: int,
        seed: int = 0,
        dtype: str | None = None,
    ) -> keras.Model:
        """From images `(batch, *image_shape)` to latents `(batch, latent_dim)`, float32.

        The trunk of the discriminator with `latent_dim` outputs, normalised as in the paper, but
        not spectrally, which is for discriminators.

        Raises:
            UsageError: a shape that the networks cannot take, or a count below 1.
        """
        latent_dim = check_integer("latent_dim", latent_dim, 1)
        width = check_integer("width", width, 1)
        image = keras.Input(self.check(image_shape), name="image")
        seeds = iter(range(seed * 1000 + 950, seed * 1000 + 1000))
        normalization = next(name for name in self.normalizations if name != "spectral")
        features = self.trunk(image, width, seeds, dtype, normalization)
        latent = self._linear(latent_dim, next(seeds), "none", "latent")(features)
        return keras.Model(image, latent, name="encoder")

    def normalization(self, name: str | None) -> str:
        """The name itself if the trunk has such; the paper's for None."""
        if name is None:
            return self.normalizations[0]
        if name not in self.normalizations:
            raise unknown_name(f"normalization of {self.name}", name, self.normalizations)
        return name

    def _behind(self, x, sizes: tuple[int, ...], seeds: Iterator[int], normalization, name: str):
        *hidden, units = sizes
        for size in hidden:
            x = self._hidden(x, size, next(seeds), normalization)
        return self._linear(units, next(seeds), normalization, name)(x)

    def _hidden(self, x, units: int, seed: int, normalization: str):
        x = self._linear(units, seed, normalization, None)(x)
        return LeakyReLU(0.2, dtype="float32")(x)

    def _linear(
        self, units: int, seed: int, normalization: str, name: str | None, use_bias: bool = True
    ) -> keras.layers.Layer:
        """A layer behind the features, in float32 whatever the precision before it."""
        dense = layers.Dense(
            units,
            use_bias=use_bias,
            kernel_initializer=self.initializer(seed),
            dtype="float32",
            name=None if normalization == "spectral" else name,
        )
        if normalization != "spectral":
            return dense
        return SpectralNormalization(dense, seed=seed, name=name)


def _given(condition: Condition, dtype):
    """The input and its vector `(batch, size)`."""
    if condition.name != "label":
        vector = keras.Input((condition.size,), name=condition.name)
        return vector, vector
    label = keras.Input((), dtype="int32", name="label")
    return label, OneHot(condition.size, dtype=dtype)(label)


def _embedded(vector, condition: Condition, seed: int, dtype):
    if condition.embedding is None:
        return vector
    return _dense(condition.embedding, seed, dtype, use_bias=False)(vector)


def _dense(units: int, seed: int, dtype, use_bias: bool = True) -> keras.layers.Layer:
    initializer = keras.initializers.GlorotUniform(seed=seed)
    return layers.Dense(units, use_bias=use_bias, kernel_initializer=initializer, dtype=dtype)


def doubled(x, size: int, dtype, interpolation: str = "nearest"):
    """Twice the height and width, cut to `size` pixels."""
    x = layers.UpSampling2D(data_format="channels_last", interpolation=interpolation, dtype=dtype)(
        x
    )
    return cropped(x, size, dtype)


def cropped(x, size: int, dtype):
    """Images cut to `size` pixels at the lower and right edges, where they are larger."""
    surplus = x.shape[1] - size
    if not surplus:
        return x
    return layers.Cropping2D(((0, surplus), (0, surplus)), "channels_last", dtype=dtype)(x)


def halved(x, dtype):
    """The means of two by two pixels."""
    pool = layers.AveragePooling2D(2, padding="same", data_format="channels_last", dtype=dtype)
    return pool(x)


def image_normalization(kind: str, dtype) -> Callable[[Any], Any]:
    """What a trunk does behind a convolution: layer normalisation, or nothing."""
    if kind != "layer":
        return lambda x: x
    # One group: over all of an image, with a scale and a shift for each channel.
    return layers.GroupNormalization(1, axis=-1, epsilon=1e-5, dtype=dtype)
