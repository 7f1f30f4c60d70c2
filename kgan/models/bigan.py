"""BiGAN: an encoder that learns to invert the generator."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kgan.batches import in_batches
from kgan.models.variant import Blueprint, Variant
from kgan.networks import Condition
from kgan.networks.check import answer


@keras.saving.register_keras_serializable(package="kgan")
class BiGAN(Variant):
    """The discriminator judges pairs: an image with its encoding, or a latent with its image.

    Encoder and generator play together: both want either pair taken for the other, which makes them
    each other's inverse. `encode(images)` gives latents, `reconstruct(images)` the images of these,
    `features(images)` what the encoder sees before its last layer. The averaged encoder answers.
    Whatever the loss, encoder and generator minimise the discriminator's with the sides exchanged:
    "minimax" is "non_saturating" here, and the objective of "zero_sum" does not count. The other
    arguments are those of `DCGAN`.

    Donahue, Krähenbühl & Darrell, "Adversarial Feature Learning", 2017, arXiv:1605.09782,
    section 3; Dumoulin et al., "Adversarially Learned Inference", 2017, arXiv:1606.00704.
    """

    generator_networks = ("generator", "encoder")
    needs_real_logits = True
    takes_penalties = False  # images between both sides would have no latent

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (64, 64, 3),
        latent_dim: int = 100,
        width: int = 128,
        networks: str = "dcgan",
        normalization: str | None = None,
        prior: str = "normal",
        ema_halflife_images: float | None = 10_000.0,
        seed: int = 0,
        dtype: str | None = None,
        name: str | None = None,
    ):
        blueprint = Blueprint(networks, image_shape, width, normalization, prior, seed, dtype)
        super().__init__(
            blueprint,
            blueprint.generator(latent_dim),
            blueprint.discriminator(
                condition=Condition("latent", latent_dim),
                through="joint",
            ),
            ema_halflife_images,
            name,
        )
        self.encoder = blueprint.encoder(latent_dim)
        self.averaged_encoder = self._averaged(self.encoder)

    def observe(self, real, training: bool) -> dict[str, Any]:
        encoder = self.encoder if training else self.averaged_encoder
        latents = answer(encoder, {"image": real["image"]}, training)
        return {**real, "latent": tf.cast(latents, tf.float32)}

    def draw(self, real, seeds) -> dict[str, Any]:
        return super().draw({"image": real["image"]}, seeds)

    def generator_loss(self, real, fake):
        """The discriminator's loss with the sides exchanged, without its label smoothing."""
        return self.two_player_loss.unsmoothed.discriminator(fake["logit"], real["logit"])

    def encode(self, images, batch_size: int = 64) -> np.ndarray:
        """Latents of images: float32 `(n, latent_dim)`.

        Raises:
            UsageError: images of another shape or range.
        """
        return self._answered(self.averaged_encoder, images, batch_size)

    def features(self, images, batch_size: int = 64) -> np.ndarray:
        """What the encoder's last layer sees of images: float32 `(n, d)`.

        Raises:
            UsageError: images of another shape or range.
        """
        encoder = self.averaged_encoder
        trunk = keras.Model(encoder.input, encoder.layers[-1].input)
        return self._answered(trunk, images, batch_size)

    def reconstruct(self, images, batch_size: int = 64) -> np.ndarray:
        """The averaged generator's images of the encodings: float32, of the images' shape.

        Raises:
            UsageError: images of another shape or range.
        """
        return in_batches(self, self.encode(images, batch_size), batch_size)
