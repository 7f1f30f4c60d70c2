"""Unrolled GAN: the generator foresees how the discriminator will answer."""

from __future__ import annotations

import keras
import tensorflow as tf

from kgan.checks import check_integer
from kgan.models.dcgan import DCGAN
from kgan.models.optimizers import Functional, check_functional


@keras.saving.register_keras_serializable(package="kgan")
class UnrolledGAN(DCGAN):
    """The generator trains against the discriminator of `unrolling_steps` further updates.

    In each step the discriminator moves by one update, as in every GAN. The further ones, from
    there, are those of its own optimizer on the step's batch, as functions of the generator's
    weights, so that the gradient flows through them; then they are forgotten. Penalties are not
    foreseen, and under a strategy each replica foresees what its own part of the batch would bring.
    An evaluation foresees, too: its generator loss is the one that is trained. The other arguments
    are those of `DCGAN`.

    Raises:
        UsageError: `unrolling_steps` below 0, or what `DCGAN` refuses; in `compile` an optimizer of
            the discriminator other than Adam, RMSprop and SGD, or one with an option that changes
            its updates, such as clipped gradients or weight decay.

    Metz et al., "Unrolled Generative Adversarial Networks", 2017, arXiv:1611.02163, equations 7
    to 10.
    """

    calls_critic = True

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (64, 64, 3),
        latent_dim: int = 100,
        width: int = 128,
        unrolling_steps: int = 5,
        networks: str = "dcgan",
        normalization: str | None = None,
        prior: str = "normal",
        ema_halflife_images: float | None = 10_000.0,
        seed: int = 0,
        dtype: str | None = None,
        name: str | None = None,
    ):
        super().__init__(
            image_shape,
            latent_dim,
            width,
            networks,
            normalization,
            prior,
            ema_halflife_images,
            seed,
            dtype,
            name,
        )
        self.unrolling_steps = check_integer("unrolling_steps", unrolling_steps, 0)

    def check_compile(self, arguments):
        super().check_compile(arguments)
        check_functional("discriminator_optimizer", arguments["discriminator_optimizer"])

    def generator_loss(self, real, fake):
        """The loss against the discriminator of `unrolling_steps` updates ahead."""
        real = {**real, "image": self.present(real["image"])}
        fake = {**fake, "image": self.present(fake["image"])}
        variables = self.discriminator_variables
        optimizer = Functional(self.discriminator_optimizer, variables)
        weights, state = [variable.value for variable in variables], optimizer.state
        for _ in range(self.unrolling_steps):
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                weights = [tf.identity(weight) for weight in weights]
                tape.watch(weights)
                loss = self.discriminator_loss(
                    self.critic(weights, real), self.critic(weights, fake)
                )
            gradients = tape.gradient(loss, weights)
            weights, state = optimizer.apply(state, gradients, weights)
        foreseen = {**fake, **self.critic(weights, fake)}
        if self.two_player_loss.needs_real_logits:
            real = {**real, **self.critic(weights, real)}
        return super().generator_loss(real, foreseen)
