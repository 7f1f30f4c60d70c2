"""Models from images to images, and what they can be asked."""

from __future__ import annotations

import inspect
from typing import Any, ClassVar

import keras
import numpy as np

from kgan.batches import in_batches
from kgan.models.adversarial import AdversarialModel
from kgan.models.entry_point import EntryPoint
from kgan.networks.check import call_network, input_shapes
from kgan.registry import serialized
from kgan.signature import Image, Signature, of_network

SOURCE, TARGET = "source", "target"


class Translation(AdversarialModel):
    """Base class: a generator translates `source` images to `target` images.

    The generator's inputs are `source`, and a `latent` where it takes one; the discriminator's are
    `target`, and `source` where it judges pairs. Batches are `(sources, targets)`. The networks may
    leave height and width free. `smallest` is the least of both that the generator can take;
    targets are `scale` times as high and wide as their sources.

    An augmentation changes both images of a pair in the same way: colours by the same amounts, both
    moved and cut out at the same place.

    Example:
        >>> networks = kgan.networks.UNet(width=16, depth=4)
        >>> translator = kgan.Pix2Pix(channels=3, generator_network=networks)
        >>> drawings = translator.translate(photos)

    Raises:
        UsageError: a half-life or a seed out of range.
    """

    precision: str  # the networks' policy
    entry: ClassVar[str] = "translate"  # what the entry point is called
    # Judged tensors, such as masks, that an augmentation moves and whose values it keeps.
    unaltered: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        ema_halflife_images: float | None = 10_000.0,
        seed: int = 0,
        name: str | None = None,
        smallest: int = 1,
        scale: int = 1,
    ):
        super().__init__(ema_halflife_images, seed, name)
        inputs = of_network(input_shapes(generator, SOURCE), "normal", None)
        source = Image(tuple(inputs[SOURCE].shape), SOURCE, smallest)
        made = tuple(generator.output_shape[1:])
        target = Image(made, TARGET, smallest, scale)
        self.scale = scale
        self.input_signature = Signature(
            source, *(inputs[name] for name in inputs if name != SOURCE)
        )
        self.output_signature = Signature(target)
        self.batch_signature = Signature(source, target)
        self.add_player("generator", generator=generator)
        self.add_player("discriminator", discriminator=discriminator)
        self.add_average("generator")

    @property
    def _source(self) -> Image:
        source = self.input_signature.image
        assert source is not None
        return source

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments by name; a subclass keeps each as an attribute."""
        names = [name for name in inspect.signature(type(self)).parameters if name != "dtype"]
        config = {name: getattr(self, name) for name in names}
        return {"dtype": self.precision} | {
            name: serialized(value) for name, value in config.items()
        }

    def sample_inputs(self, real, seeds) -> dict[str, Any]:
        """The generator's inputs, which `encode_real` may make of the batch."""
        return super().sample_inputs(self.encode_real(real, training=True), seeds)

    def augmented_batch(self, batch) -> dict[str, Any]:
        """A batch in which all that the discriminator sees is augmented in the same way."""
        assert self.augment is not None
        judged = list(input_shapes(self.discriminator, TARGET))
        images = [name for name in judged if name not in self.unaltered]
        values = [name for name in judged if name in self.unaltered]
        changed, moved = self.augment.with_values(
            [batch[name] for name in images], [batch[name] for name in values]
        )
        return {**batch, **dict(zip([*images, *values], [*changed, *moved], strict=True))}

    def metric_arguments(self, real, fake) -> tuple[Any, Any]:
        """The true targets, and those that the generator makes."""
        return real[TARGET], fake[TARGET]

    def call(self, inputs, training=False):
        """The targets that the averaged generator makes, in inference mode.

        `inputs` are sources, a dict of inputs by name, or a tuple of them in the order of
        `input_signature`.

        Raises:
            UsageError: other inputs than the generator's, or sources smaller than it can take.
        """
        inputs = self.inputs_by_name(inputs)
        self._source.check_size(inputs[SOURCE].shape)
        return call_network(self.averaged_generator, inputs, False, SOURCE)

    def entry_points(self) -> dict[str, EntryPoint]:
        """What can be run and exported, by name: `translate`, or as the class calls it."""

        def translate(network, batch):
            return {TARGET: call_network(network, batch, False, SOURCE)}

        signatures = self.input_signature, self.output_signature
        return {self.entry: EntryPoint(self.entry, self.averaged_generator, translate, *signatures)}

    def translate(self, images: Any, seed: int | None = None, batch_size: int = 64) -> np.ndarray:
        """The images that the averaged generator translates these to: float32 in [-1, 1].

        They have the size of their sources, times the model's scale.

        Args:
            images: float32 `(n, height, width, channels)` in [-1, 1].
            seed: of the latents, where the generator takes one, 0 to 2**32 - 1; None draws others
                each time.
            batch_size: images at a time.

        Raises:
            UsageError: images of another shape or range, or too small for the networks.
        """
        images = self._source.check(images, argument="images")
        inputs = {
            name: images if name == SOURCE else field.default(len(images), seed)
            for name, field in self.input_signature.items()
        }
        return in_batches(self, inputs, batch_size)
