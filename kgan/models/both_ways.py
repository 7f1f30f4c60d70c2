"""Models from images to images and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kgan.batches import in_batches
from kgan.errors import UsageError
from kgan.models.entry_point import EntryPoint
from kgan.models.translation import SOURCE, TARGET
from kgan.models.unpaired_translation import UnpairedTranslation, between
from kgan.networks import ImageDiscriminator, Translator
from kgan.seeds import spawn


class BothWays(UnpairedTranslation):
    """Base class: a second generator translates back, a second discriminator judges its sources.

    `back_generator` and `back_discriminator` are of the same families as the first ones, with
    weights of their own. Judged batches hold the logits of targets, `logit`, and of sources,
    `back_logit`.

    Example:
        >>> networks = kgan.networks.ResNetTranslator(width=8, blocks=1)
        >>> gan = kgan.CycleGAN((64, 64, 3), generator_network=networks)
        >>> photos_again = gan.translate_back(gan.translate(photos))
        >>> list(gan.entry_points())
        ['translate', 'translate_back']

    Raises:
        UsageError: an argument out of range, or an unknown name; in `compile` penalties.
    """

    back_generator: keras.Model
    averaged_back_generator: keras.Model
    back_discriminator: keras.Model

    def __init__(
        self,
        channels: int,
        generator_network: str | Translator,
        discriminator_network: str | ImageDiscriminator,
        ema_halflife_images: float | None,
        seed: int,
        dtype: str | None,
        name: str | None,
    ):
        networks = generator_network, discriminator_network
        super().__init__(channels, *networks, ema_halflife_images, seed, dtype, name)
        families = self.generator_network, self.discriminator_network
        other = next(spawn(self.seed, 2))  # or both ways would start from the same weights
        back = between(TARGET, SOURCE, self.channels, *families, other, self.precision)
        self.add_networks("generator", back_generator=back[0])
        self.add_networks("discriminator", back_discriminator=back[1])
        self.add_average("back_generator")

    def check_compile(self, arguments):
        super().check_compile(arguments)
        if arguments["penalties"]:
            raise UsageError(
                f"penalties must be (): they move what one discriminator judges, and "
                f"{type(self).__name__} has two; received {arguments['penalties']!r}.",
                "penalties",
            )

    def ways(self, training: bool) -> list[Callable[[Any], Any]]:
        """Functions from sources to targets and from targets to sources, float32."""

        def way(network: keras.Model) -> Callable[[Any], Any]:
            return lambda images: tf.cast(network(images, training=training), tf.float32)

        averaged = "" if training else "averaged_"
        return [way(getattr(self, f"{averaged}{name}")) for name in ("generator", "back_generator")]

    def discriminate(self, batch, training: bool, weights=None, augment=None, presented=None):
        judged = super().discriminate(batch, training, weights, augment, presented)
        sources = batch[SOURCE]
        if (training if augment is None else augment) and self.augment is not None:
            sources = self.augmented(sources)
        logit = self.back_discriminator(sources, training=training)
        return {**judged, "back_logit": tf.cast(logit, tf.float32)}

    def losses(self, player: str, real, fake) -> dict[str, Any]:
        """Of both ways, `generator_loss` and `back_generator_loss`, for example."""
        found = super().losses(player, real, fake)
        back = [{"logit": batch.get("back_logit")} for batch in (real, fake)]
        (found[f"back_{player}_loss"],) = super().losses(player, *back).values()
        return found

    def entry_points(self) -> dict[str, EntryPoint]:
        def translate_back(network, batch):
            return {SOURCE: network(batch[TARGET], training=False)}

        ends = self.output_signature, self.input_signature
        back = EntryPoint("translate_back", self.averaged_back_generator, translate_back, *ends)
        return super().entry_points() | {back.name: back}

    def translate_back(self, images: Any, batch_size: int = 64) -> np.ndarray:
        """The sources that the averaged back generator makes of targets: float32, of the same size.

        Args:
            images: float32 `(n, height, width, channels)` in [-1, 1].
            batch_size: images at a time.

        Raises:
            UsageError: images of another shape or range, or too small for the networks.
        """
        target: Any = self.output_signature[TARGET]
        images = target.check(images, argument="images")
        network = self.averaged_back_generator
        return in_batches(lambda batch: network(batch, training=False), images, batch_size)
