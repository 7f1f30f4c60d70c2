"""From a paper's convolutions to whole networks: inputs, conditioning and heads, written once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

import keras
from keras import layers

from kgan.checks import check_integer
from kgan.errors import UsageError, unknown_name
from kgan.layers import LeakyReLU, SpectralNormalization
from kgan.networks.inputs import image_field, input_tensors, structured
from kgan.networks.shape import check_image_shape
from kgan.registry import Configured, Registry
from kgan.seeds import spawn
from kgan.signature import Image, Signature, Vector

LOGIT = {"logit": (1,)}
_EMBEDDING = 64  # units that embed a condition where it is concatenated
_JOINT_UNITS = 128  # of the layers in which a joint discriminator sees image and latent together
_GENERATOR, _DISCRIMINATOR, _ENCODER = range(3)  # keys of the networks' seeds
_GENERATOR_CONDITIONING = ("concatenation", "modulation")
_DISCRIMINATOR_CONDITIONING = ("concatenation", "projection", "joint")


class Architecture(Configured):
    """Base class: builds the networks of one paper from signatures.

    `width` is the paper's number of channels; the module of each class says where. `normalization`
    is the discriminator's, one of `normalizations`, the paper's first. None leaves the choice to
    the model, or else takes the paper's.

    A subclass writes `synthesis(latent, image, seeds, dtype, modulation)`, from a latent tensor to
    an image tensor, and `trunk(image, seeds, dtype, normalization)`, from an image tensor to
    features `(batch, n)`.

    Example:
        >>> class Linear(kgan.networks.Architecture):
        ...     normalizations = ("none",)
        ...     def synthesis(self, latent, image, seeds, dtype, modulation=None):
        ...         pixels = keras.layers.Dense(math.prod(image.shape), dtype=dtype)(latent)
        ...         return keras.layers.Reshape(image.shape, dtype=dtype)(pixels)
        ...     def trunk(self, image, seeds, dtype, normalization):
        ...         return keras.layers.Flatten(dtype=dtype)(image)
        >>> images = kgan.DCGAN((28, 28, 1), networks=Linear()).generate(4)

    Raises:
        UsageError: a width below 1, or a normalization that the networks lack.
    """

    normalizations: ClassVar[tuple[str, ...]]
    # Whether the generator normalizes over the batch, which a condition can modulate.
    modulated: ClassVar[bool] = True

    def __init__(self, width: int = 128, normalization: str | None = None):
        self.width = check_integer("width", width, 1)
        if normalization is not None and normalization not in self.normalizations:
            raise unknown_name(
                f"normalization of {type(self).__name__}", normalization, self.normalizations
            )
        self.normalization = normalization

    def synthesis(self, latent, image: Image, seeds: Iterator[int], dtype, modulation=None):
        """The image tensor before its last activation."""
        raise NotImplementedError

    def trunk(self, image, seeds: Iterator[int], dtype, normalization: str):
        """The features `(batch, n)` of an image tensor."""
        raise NotImplementedError

    def initializer(self, seed: int) -> keras.initializers.Initializer:
        """The initializer of the dense layers after the features."""
        return keras.initializers.GlorotUniform(seed=seed)

    def check_shape(self, shape: Any) -> tuple[int, int, int]:
        """An image shape that the networks can make.

        Raises:
            UsageError: they cannot.
        """
        return check_image_shape(shape)

    def with_normalization(self, *preferred: str) -> Architecture:
        """These networks; where `normalization` was left open, with the first preferred one."""
        fitting = [name for name in preferred if name in self.normalizations]
        if self.normalization is not None or not fitting:
            return self
        return type(self).from_config({**self.get_config(), "normalization": fitting[0]})

    def generator(
        self,
        inputs: Signature,
        output: Image,
        seed: int = 0,
        dtype: str | None = None,
        conditioning: str = "concatenation",
    ) -> keras.Model:
        """A network from a latent, and what conditions it, to images in [-1, 1].

        The image is float32 whatever the `dtype`, a Keras precision policy, by default the global
        one. `seed` pins the initial weights. Conditions are concatenated to the latent, labels and
        vectors embedded first, or modulate scale and shift of each batch normalization.

        Raises:
            UsageError: a shape that the networks cannot make, or a modulation of networks without
                batch normalization.

        Dumoulin et al., "A Learned Representation For Artistic Style", 2017, arXiv:1610.07629, and
        Miyato & Koyama, "cGANs with Projection Discriminator", 2018, arXiv:1802.05637 (conditional
        batch normalization).
        """
        shape = self.check_shape(output.shape)
        if conditioning not in _GENERATOR_CONDITIONING:
            raise unknown_name("conditioning", conditioning, _GENERATOR_CONDITIONING)
        if len(inputs) > 1 and conditioning == "modulation" and not self.modulated:
            raise UsageError(
                f"conditioning='modulation' needs batch normalization, which the generator of "
                f"{type(self).__name__} lacks; use conditioning='concatenation'.",
                "conditioning",
            )
        seeds = spawn(seed, _GENERATOR)
        tensors = input_tensors(inputs)
        field = inputs.latent
        assert field is not None  # these networks start from one
        start, modulation = tensors[field.name], None
        for condition in inputs.conditions:
            vector = condition.vector(tensors[condition.name], dtype)
            if conditioning == "modulation":
                modulation = vector
            else:
                vector = _embedded(vector, condition, seeds, dtype)
                start = layers.Concatenate(dtype=dtype)([start, vector])
        x = self.synthesis(start, Image(shape, output.name), seeds, dtype, modulation)
        image = layers.Activation("tanh", dtype="float32", name=output.name)(x)
        return keras.Model(structured(tensors), image, name="generator")

    def discriminator(
        self,
        inputs: Signature,
        heads: Mapping[str, tuple[int, ...]] = LOGIT,
        seed: int = 0,
        dtype: str | None = None,
        conditioning: str = "concatenation",
        features: bool = False,
        pack: int = 1,
    ) -> keras.Model:
        """A network from images in [-1, 1], and what conditions it, to float32 logits `(batch, 1)`.

        A condition is a further channel of the image ("concatenation"), projected onto the features
        ("projection"), or joined to them by dense layers ("joint"). `heads` gives for each output
        the units of its dense layers; with several, or with `features`, the outputs are a dict.
        `pack` images are judged together as the channels of one.

        Raises:
            UsageError: a shape that the networks cannot take, or a count below 1.

        Mirza & Osindero, "Conditional Generative Adversarial Nets", 2014, arXiv:1411.1784 (further
        channel, as in Reed et al.); Miyato & Koyama, "cGANs with Projection Discriminator", 2018,
        arXiv:1802.05637, equation 4 (projection); Donahue et al., "Adversarial Feature Learning",
        2017, arXiv:1605.09782 (joint).
        """
        image = image_field(inputs)
        height, width, channels = self.check_shape(image.shape)
        pack = check_integer("pack", pack, 1)
        if conditioning not in _DISCRIMINATOR_CONDITIONING:
            raise unknown_name("conditioning", conditioning, _DISCRIMINATOR_CONDITIONING)
        if conditioning == "projection" and "logit" not in heads:
            raise UsageError(
                "heads must hold 'logit', which a condition is projected onto; received "
                f"{', '.join(heads)}.",
                "heads",
            )
        normalization = self.normalization or self.normalizations[0]
        seeds = spawn(seed, _DISCRIMINATOR)
        presented = Image((height, width, channels * pack), image.name)
        fields = [presented if field is image else field for field in inputs.values()]
        tensors = input_tensors(Signature(*fields))
        x = tensors[image.name]
        conditions = [
            (field, field.vector(tensors[field.name], dtype))
            for field in inputs.values()
            if field is not image
        ]
        if conditioning == "concatenation":
            for field, vector in conditions:
                vector = _embedded(vector, field, seeds, dtype)
                plane = _dense(height * width, next(seeds), dtype)(vector)
                plane = layers.Reshape((height, width, 1), dtype=dtype)(plane)
                x = layers.Concatenate(dtype=dtype)([x, plane])
        found = x = self.trunk(x, seeds, dtype, normalization)
        if conditioning == "joint":
            for _, vector in conditions:
                vector = self._hidden(vector, _JOINT_UNITS, next(seeds), normalization)
                x = layers.Concatenate(dtype="float32")([x, vector])
            x = self._hidden(x, _JOINT_UNITS, next(seeds), normalization)
        outputs = {
            name: self._head(x, units, seeds, normalization, name) for name, units in heads.items()
        }
        if conditioning == "projection":
            for _, vector in conditions:
                embedding = self._linear(
                    x.shape[-1], next(seeds), normalization, "embedding", use_bias=False
                )
                product = layers.Dot(1, dtype="float32")([x, embedding(vector)])
                outputs["logit"] = layers.Add(dtype="float32")([outputs["logit"], product])
        if features:
            outputs["features"] = layers.Identity(dtype="float32")(found)
        single = next(iter(outputs.values())) if len(outputs) == 1 else outputs
        return keras.Model(structured(tensors), single, name="discriminator")

    def encoder(
        self, inputs: Signature, output: Vector, seed: int = 0, dtype: str | None = None
    ) -> keras.Model:
        """A network from images to vectors such as latents, float32.

        The trunk of the discriminator, normalized as in the paper, but not spectrally, which is for
        discriminators.

        Raises:
            UsageError: a shape that the networks cannot take.
        """
        image = image_field(inputs)
        self.check_shape(image.shape)
        seeds = spawn(seed, _ENCODER)
        tensor = input_tensors(Signature(image))[image.name]
        normalization = next(name for name in self.normalizations if name != "spectral")
        features = self.trunk(tensor, seeds, dtype, normalization)
        vector = self._linear(output.size, next(seeds), "none", output.name)(features)
        return keras.Model(tensor, vector, name="encoder")

    def _head(self, x, units: tuple[int, ...], seeds: Iterator[int], normalization, name: str):
        *hidden, last = units
        for size in hidden:
            x = self._hidden(x, size, next(seeds), normalization)
        return self._linear(last, next(seeds), normalization, name)(x)

    def _hidden(self, x, units: int, seed: int, normalization: str):
        x = self._linear(units, seed, normalization, None)(x)
        return LeakyReLU(0.2, dtype="float32")(x)

    def _linear(
        self, units: int, seed: int, normalization: str, name: str | None, use_bias: bool = True
    ) -> keras.layers.Layer:
        """A layer after the features, in float32 whatever the precision before it."""
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


architectures: Registry[Architecture] = Registry(
    "networks",
    Architecture,
    "kgan.networks",
    " For networks of your own use kgan.GAN(generator, discriminator).",
)


def _embedded(vector, field, seeds: Iterator[int], dtype):
    """Labels and vectors of any scale in a learned embedding; InfoGAN's codes as they are."""
    if not field.embedded:
        return vector
    return _dense(_EMBEDDING, next(seeds), dtype, use_bias=False)(vector)


def _dense(units: int, seed: int, dtype, use_bias: bool = True) -> keras.layers.Layer:
    initializer = keras.initializers.GlorotUniform(seed=seed)
    return layers.Dense(units, use_bias=use_bias, kernel_initializer=initializer, dtype=dtype)


def image_normalization(kind: str, dtype) -> Callable[[Any], Any]:
    """What a trunk does after a convolution: layer normalization, or nothing."""
    if kind != "layer":
        return lambda x: x
    # One group normalizes over the whole image, with a scale and a shift per channel.
    return layers.GroupNormalization(1, axis=-1, epsilon=1e-5, dtype=dtype)
