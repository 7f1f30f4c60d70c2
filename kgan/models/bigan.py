"""BiGAN: an encoder that learns to invert the generator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from kgan.batches import in_batches
from kgan.checks import check_integer
from kgan.errors import UsageError
from kgan.models.entry_point import EntryPoint
from kgan.models.variant import ImageShape, Shared, Variant
from kgan.networks.check import call_network
from kgan.signature import Latent, Signature, Vector

if TYPE_CHECKING:
    from typing_extensions import Unpack


@keras.saving.register_keras_serializable(package="kgan")
class BiGAN(Variant):
    """The discriminator judges pairs: an image with its encoding, or a latent with its image.

    Encoder and generator learn together to have either pair taken for the other, which makes them
    each other's inverse. `encode(images)` gives latents, `reconstruct(images)` the images of these,
    `features(images)` what the encoder sees before its last layer, all by the averaged encoder.

    Whatever the loss, encoder and generator minimise the discriminator's with real and fake
    exchanged: "minimax" is "non_saturating" here, and the objective of "zero_sum" does not count.
    The arguments are those of `DCGAN`.

    Example:
        >>> gan = kgan.BiGAN((28, 28, 1), latent_dim=32, width=32)
        >>> gan.compile()
        >>> gan.fit(kgan.data.load("fashion_mnist", batch_size=32), epochs=12)

    Donahue, Krähenbühl & Darrell, "Adversarial Feature Learning", 2017, arXiv:1605.09782,
    section 3; Dumoulin et al., "Adversarially Learned Inference", 2017, arXiv:1606.00704.
    """

    needs_real_logits = True

    def __init__(self, image_shape: ImageShape = (64, 64, 3), **shared: Unpack[Shared]):
        latent_dim = check_integer("latent_dim", shared.get("latent_dim", 100), 1)
        super().__init__(
            image_shape,
            shared,
            judged=[Latent(latent_dim)],
            discriminator={"conditioning": "joint"},
        )
        images, latents = Signature(*self.output_signature.values()), Vector(latent_dim, "latent")
        encoder = self.networks.encoder(images, latents, self.seed, self.precision)
        self.add_networks("generator", encoder=encoder)
        self.add_average("encoder")

    def check_compile(self, arguments):
        super().check_compile(arguments)
        if arguments["penalties"]:
            raise UsageError(
                "penalties must be (): they move images alone, and the discriminator of BiGAN "
                f'judges pairs; received {arguments["penalties"]!r}. Use normalization="spectral".',
                "penalties",
            )

    def encode_real(self, real, training: bool) -> dict[str, Any]:
        encoder = self.encoder if training else self.averaged_encoder
        latents = call_network(encoder, real, training, self.output_name)
        return {**real, Latent.name: tf.cast(latents, tf.float32)}

    def losses(self, player, real, fake):
        if player == "discriminator":
            return super().losses(player, real, fake)
        # The discriminator's loss with real and fake exchanged, without its label smoothing.
        loss = self.two_player_loss.unsmoothed.discriminator(fake["logit"], real["logit"])
        return {"generator_loss": loss}

    def entry_points(self):
        def encode(network, batch):
            return {
                Latent.name: tf.cast(network(batch[self.output_name], training=False), "float32")
            }

        latents = Signature(Latent(self.latent_dim, prior=self.prior))
        entry = EntryPoint("encode", self.averaged_encoder, encode, self.output_signature, latents)
        return super().entry_points() | {"encode": entry}

    def encode(self, images, batch_size: int = 64) -> np.ndarray:
        """Latents of images: float32 `(n, latent_dim)`.

        Raises:
            UsageError: images of another shape or range.
        """
        return self._batches(
            images, lambda image: self.averaged_encoder(image, training=False), batch_size
        )

    def features(self, images, batch_size: int = 64) -> np.ndarray:
        """What the encoder's last layer sees of images: float32 `(n, d)`.

        Raises:
            UsageError: images of another shape or range.
        """
        encoder = self.averaged_encoder
        trunk = keras.Model(encoder.input, encoder.layers[-1].input)
        return self._batches(images, lambda image: trunk(image, training=False), batch_size)

    def reconstruct(self, images, batch_size: int = 64) -> np.ndarray:
        """The averaged generator's images of the encodings: float32, of the images' shape.

        Raises:
            UsageError: images of another shape or range.
        """
        return in_batches(self, self.encode(images, batch_size), batch_size)
