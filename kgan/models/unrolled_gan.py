"""Unrolled GAN: the generator foresees how the discriminator will respond."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras
import tensorflow as tf

from kgan.checks import check_integer
from kgan.models.dcgan import DCGAN
from kgan.models.optimizers import Functional, check_functional
from kgan.models.variant import ImageShape, Shared

if TYPE_CHECKING:
    from typing_extensions import Unpack


@keras.saving.register_keras_serializable(package="kgan")
class UnrolledGAN(DCGAN):
    """The generator trains against the discriminator `unrolling_steps` updates ahead.

    In each step the discriminator moves by one update, as in every GAN. The further ones, from
    there, are those of its own optimizer on the step's batch, as functions of the generator's
    weights, so that the gradient flows through them; then they are undone. They leave out
    penalties, and under a strategy each replica takes its own part of the batch. An evaluation
    unrolls, too, so its generator loss is the one that is trained. The other arguments are those of
    `DCGAN`.

    Example:
        >>> gan = kgan.UnrolledGAN((28, 28, 1), unrolling_steps=5, width=32)
        >>> gan.compile()
        >>> gan.fit(kgan.data.load("fashion_mnist", batch_size=32), epochs=12)

    Raises:
        UsageError: `unrolling_steps` below 0, or what `DCGAN` refuses; in `compile` an optimizer of
            the discriminator other than Adam, RMSprop and SGD, or one with an option that changes
            its updates, such as clipped gradients or weight decay.

    Metz et al., "Unrolled Generative Adversarial Networks", 2017, arXiv:1611.02163, equations 7
    to 10.
    """

    def __init__(
        self,
        image_shape: ImageShape = (64, 64, 3),
        unrolling_steps: int = 5,
        **shared: Unpack[Shared],
    ):
        super().__init__(image_shape, **shared)
        self.unrolling_steps = check_integer("unrolling_steps", unrolling_steps, 0)

    def check_compile(self, arguments):
        super().check_compile(arguments)
        check_functional("discriminator_optimizer", arguments["discriminator_optimizer"])

    def update_generator(self, tape, real, fake) -> None:
        """One update of the generator against the discriminator's further updates."""
        self.minimize("generator", tape, *self.unroll(real, fake, augment=True))

    def unroll(self, real, fake, augment: bool):
        """Both batches with the outputs of the discriminator `unrolling_steps` updates ahead."""
        variables = self.players["discriminator"].variables
        optimizer = Functional(self.discriminator_optimizer, variables)
        weights, state = [variable.value for variable in variables], optimizer.state
        for _ in range(self.unrolling_steps):
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                weights = [tf.identity(weight) for weight in weights]
                tape.watch(weights)
                outputs = (self.discriminate(each, True, weights, augment) for each in (real, fake))
                loss = self.losses("discriminator", *outputs)["discriminator_loss"]
            gradients = tape.gradient(loss, weights)
            weights, state = optimizer.apply(state, gradients, weights)
        fake = self.discriminate(fake, True, weights, augment)
        if self.two_player_loss.needs_real_logits:
            real = self.discriminate(real, True, weights, augment)
        return real, fake

    def test_losses(self, player, real, fake):
        """The generator's loss in an evaluation is the one that is trained."""
        if player == "generator":
            real, fake = self.unroll(real, fake, augment=False)
        return self.losses(player, real, fake)
