"""GANs from latents to images: two networks, and what they can be asked."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from kgan.batches import in_batches
from kgan.errors import UsageError
from kgan.models.adversarial import AdversarialModel
from kgan.models.entry_point import EntryPoint
from kgan.networks.check import call_network, checked, classes_of, input_shapes
from kgan.networks.last_activation import range_problems
from kgan.networks.output_range import measured_problems
from kgan.priors import check_prior
from kgan.signature import Code, Image, Label, Latent, Signature, Vector, of_network


@keras.saving.register_keras_serializable(package="kgan")
class GAN(AdversarialModel):
    """A generator and a discriminator that train against each other with `fit`.

    `generator` maps latents `(batch, latent_dim)` to images `(batch, height, width, channels)` in
    [-1, 1]; `discriminator` maps images to logits. Any two Keras models that fit will do, a
    subclassed one after it was called once. For its average and to be saved it must be one that
    Keras can build from its `get_config()`; to be saved, registered with Keras as well.

    `averaged_generator` is the generator whose weights are the moving average of the trained
    one's, with a half-life of `ema_halflife_images` real images; sampling, metrics and export use
    it. With None nothing is averaged and it is the generator itself. `seed` (a whole number in
    [0, 2**31)) pins every draw of the training. Latents come from the `prior`, a name in
    `kgan.latent.PRIORS`.

    Networks with several inputs take them as a dict: `latent` and a condition, `label` or
    `condition`, in the generator, `image` and the condition in the discriminator. `fit` then takes
    batches `(images, labels)` or `(images, conditions)`.

    `class_names` are those of the labels; `fit` takes them from the data set where they are None.

    A subclass overrides the hooks of `kgan.models.adversarial.AdversarialModel`, and passes the
    signatures of inputs and batches that the networks do not tell.

    Example:
        >>> gan = kgan.GAN(generator, discriminator)
        >>> gan.compile(loss="hinge", penalties=["r1"])
        >>> gan.fit(images, epochs=1)

    A warning says where the discriminator gives probabilities in place of logits, or where the
    generator's images are never below 0 or leave [-1, 1]. Networks whose layers do not tell run on
    a few random inputs (`kgan.networks.output_range.measured_problems`).

    Raises:
        UsageError: the networks do not fit each other.

    Goodfellow et al., "Generative Adversarial Networks", 2014, arXiv:1406.2661.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        ema_halflife_images: float | None = 10_000.0,
        seed: int = 0,
        name: str | None = None,
        prior: str = "normal",
        input_signature: Signature | None = None,
        batch_signature: Signature | None = None,
        class_names: Sequence[str] | None = None,
    ):
        generator, discriminator = checked(
            generator,
            discriminator,
            packed=type(self).present is not AdversarialModel.present,
            named=type(self).name_outputs is not AdversarialModel.name_outputs,
            further=[name for each in (input_signature, batch_signature) for name in each or ()],
        )
        for problems in (range_problems, measured_problems):
            for problem in problems(generator, discriminator):
                warnings.warn(problem, stacklevel=2)
        super().__init__(ema_halflife_images, seed, name)
        self.prior = check_prior(prior)
        classes = classes_of(generator) or classes_of(discriminator)
        inputs = of_network(input_shapes(generator, Latent.name), self.prior, classes)
        judged = of_network(input_shapes(discriminator, Image.name), self.prior, classes)
        image = Image(tuple(generator.output_shape[1:]))
        if input_signature is None:
            self._check_inputs(inputs, judged)
        conditions = {
            field.name: field
            for field in (*inputs.values(), *judged.values())
            if field.name not in (Latent.name, Code.name, Image.name)
        }
        self.input_signature = input_signature or inputs
        self.output_signature = Signature(image)
        self.batch_signature = batch_signature or Signature(image, *conditions.values())
        # The discriminator learns first, but the generator's networks come first everywhere else.
        self.add_player("generator", generator=generator)
        self.add_player("discriminator", discriminator=discriminator)
        self.add_average("generator")
        self.name_classes(class_names)

    def _check_inputs(self, inputs: Signature, judged: Signature) -> None:
        """Check that the batches will have what the networks take."""
        kind = type(self)
        for argument, name, hook, received in (
            ("generator", Code.name, "sample_inputs", inputs),
            ("discriminator", Latent.name, "encode_real", judged),
        ):
            if name in received and getattr(kind, hook) is getattr(AdversarialModel, hook):
                raise UsageError(
                    f"{argument} must not have an input {name!r}: {kind.__name__} has none to "
                    f"give; received inputs {', '.join(received)}. Write a subclass whose `{hook}` "
                    "gives it.",
                    argument,
                )
        shared = [name for name in inputs if name in judged and inputs[name] != judged[name]]
        if shared and shared[0] == Vector.name:
            shapes = [(None, *each[shared[0]].shape) for each in (inputs, judged)]
            raise UsageError(
                "generator and discriminator must take the same condition; received the shapes "
                f"{shapes[0]} and {shapes[1]}.",
                "generator",
            )
        if {Label.name, Vector.name} <= {*inputs, *judged}:
            raise UsageError(
                "generator and discriminator must take a label or a condition; received both. "
                "Concatenate a one-hot vector of the label to the condition.",
                "generator",
            )
        alone = {*judged} - {*inputs} - {Image.name, Latent.name}
        if alone and kind.sample_inputs is AdversarialModel.sample_inputs:
            name = min(alone)
            raise UsageError(
                f"discriminator must not have an input {name!r} that the generator lacks: the "
                f"fakes have no {name}. Give the generator one, or write a subclass whose "
                "`sample_inputs` gives it.",
                "discriminator",
            )

    # -- what it is ----------------------------------------------------------------------------

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """`(height, width, channels)` of an image."""
        return next(iter(self.output_signature.values())).shape

    @property
    def latent_dim(self) -> int:
        """The length of a latent."""
        latent = self.input_signature.latent
        assert latent is not None
        return latent.size

    @property
    def classes(self) -> int | None:
        """How many classes the labels have, where the model knows."""
        label = self.batch_signature.label or self.input_signature.label
        return None if label is None else label.classes

    def get_config(self) -> dict[str, Any]:
        return {
            "generator": keras.saving.serialize_keras_object(self.generator),
            "discriminator": keras.saving.serialize_keras_object(self.discriminator),
            "ema_halflife_images": self.ema_halflife_images,
            "seed": self.seed,
            "name": self.name,
            "prior": self.prior,
            "class_names": self.class_names,
        }

    # -- what it can be asked ------------------------------------------------------------------

    def call(self, inputs, training=False):
        """Images of the averaged generator, in inference mode.

        `inputs` are latents, a dict of inputs by name, or a tuple of them in the order of
        `input_signature`.

        Raises:
            UsageError: other inputs than the generator's.
        """
        inputs = self.inputs_by_name(inputs)
        return call_network(self.averaged_generator, inputs, False, Latent.name)

    def entry_points(self) -> dict[str, EntryPoint]:
        """What can be run and exported, by name: `generate`, and what a variant adds."""

        def generate(network, batch):
            return {self.output_name: call_network(network, batch, False, Latent.name)}

        signatures = self.input_signature, self.output_signature
        return {"generate": EntryPoint("generate", self.averaged_generator, generate, *signatures)}

    def generate(
        self,
        n: int | None = None,
        seed: int | None = None,
        truncation: float | None = None,
        batch_size: int = 64,
        **given: Any,
    ) -> np.ndarray:
        """Images of the averaged generator: float32, `(n, height, width, channels)`, in [-1, 1].

        The latents are `kgan.latent.sample(n, gan.latent_dim, seed, truncation, gan.prior)`; the
        same seed gives the same images whatever the `batch_size`, up to rounding. `n` may be left
        out where labels, codes or conditions say how many.

        Args:
            n: how many images.
            seed: 0 to 2**32 - 1; None draws others each time.
            truncation: latents beyond ±truncation are drawn again.
            batch_size: images at a time.
            given: the other fields of `input_signature`, in the plural: `labels`, class of each
                image, by default each class in turn; `codes` of an InfoGAN, by default drawn;
                `conditions`, vectors of each image.

        Raises:
            UsageError: a count, seed or truncation out of range, labels out of range, or a
                condition that the generator does not take, or needs.
        """
        inputs = self.generator_inputs(n, seed, truncation, **given)
        return in_batches(self, inputs, batch_size)

    def generator_inputs(
        self,
        n: int | None = None,
        seed: int | None = None,
        truncation: float | None = None,
        **given: Any,
    ) -> dict[str, np.ndarray]:
        """The generator's inputs by name that `generate` takes for these arguments."""
        name = type(self).__name__
        return self.input_signature.sample(n, seed, truncation, given, name)

    def discriminator_outputs(self, images, batch_size: int = 64) -> dict[str, np.ndarray]:
        """The discriminator's outputs by name for images, in inference mode.

        Raises:
            UsageError: images of another shape or range, or a discriminator that does not judge
                each image alone.
        """
        if self.pack > 1 or set(input_shapes(self.discriminator, Image.name)) != {Image.name}:
            raise UsageError(
                "discriminator_outputs() takes images alone, each by itself; "
                f"{type(self).__name__}'s discriminator judges more. Call gan.discriminator on "
                "what it takes."
            )
        return self._batches(
            images,
            lambda image: self.name_outputs(self.discriminator(image, training=False)),
            batch_size,
        )

    def _batches(self, images, function, batch_size: int) -> Any:
        """What a function of image tensors gives for images, which are checked, as arrays."""
        image = self.output_signature.image
        assert image is not None
        return in_batches(function, image.check(images), batch_size)
