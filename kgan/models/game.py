"""The two-player game and the only training step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import keras
import tensorflow as tf

from kgan import latent
from kgan.augment import Augment
from kgan.ema import ExponentialMovingAverage
from kgan.losses import Loss
from kgan.models import optimizers
from kgan.networks.check import answer, wanted
from kgan.penalties import Penalty
from kgan.seeds import StepSeedGenerator

_RAMP = 0.05


class Game(keras.Model):
    """Who plays, what each player wants, and the step in which both learn.

    Each side of the game, `real` and `fake`, is a dict of tensors under the names that the
    networks' inputs and outputs have: `image`, `latent`, `label`, `logit`, … What a paper changes
    is in the class attributes and in the hooks from `draw` to `generator_loss`; the step is final.
    `kgan.GAN` makes the attributes below and is what Keras and users see.
    """

    # The attributes that hold a player's networks.
    generator_networks: ClassVar[tuple[str, ...]] = ("generator",)
    discriminator_networks: ClassVar[tuple[str, ...]] = ("discriminator",)
    # Parts of a batch that the losses need though no network takes them.
    needed: ClassVar[tuple[str, ...]] = ()
    # Whether the generator's loss reads the real side's logits whatever the loss object says.
    needs_real_logits: ClassVar[bool] = False
    # Whether the discriminator judges images alone, so that a penalty can move them.
    takes_penalties: ClassVar[bool] = True
    # Whether a label may be -1: unlabelled.
    takes_unlabelled: ClassVar[bool] = False
    # Whether a hook calls `critic`, which needs a discriminator in float32.
    calls_critic: ClassVar[bool] = False
    # Names of the means that the hooks track beside the losses and logits.
    logged: ClassVar[tuple[str, ...]] = ()
    # Images that the discriminator judges together.
    pack: int = 1
    # How many classes the labels have, where the model knows.
    classes: int | None = None

    generator: keras.Model
    discriminator: keras.Model
    latent_dim: int
    prior: str
    generator_inputs: tuple[str, ...]
    batch_parts: tuple[str, ...]
    ema_halflife_images: Any
    training_seeds: StepSeedGenerator
    evaluation_seeds: StepSeedGenerator
    two_player_loss: Loss
    penalties: list[Penalty]
    augment: Augment | None
    discriminator_steps: int
    # Keras optimizers once `compile` was called.
    generator_optimizer: Any
    discriminator_optimizer: Any
    _averages: list[ExponentialMovingAverage]
    _trackers: list[keras.metrics.Mean]
    _penalty_names: list[str]
    _critic_call: Callable

    # -- what a variant overrides ------------------------------------------------------------

    @property
    def trained_networks(self) -> dict[str, keras.Model]:
        """The networks that are trained, by name."""
        names = (*self.generator_networks, *self.discriminator_networks)
        return {name: getattr(self, name) for name in names}

    @property
    def generator_variables(self) -> list[keras.Variable]:
        """What the generator's player trains."""
        return optimizers.trainable(getattr(self, name) for name in self.generator_networks)

    @property
    def discriminator_variables(self) -> list[keras.Variable]:
        """What the discriminator's player trains."""
        return optimizers.trainable(getattr(self, name) for name in self.discriminator_networks)

    def draw(self, real, seeds: StepSeedGenerator) -> dict[str, Any]:
        """What the generator makes fakes of: latents, and the conditions of the real side."""
        given = {name: real[name] for name in self.generator_inputs if name in real}
        shape = (tf.shape(real["image"])[0], self.latent_dim)
        return {**given, "latent": latent.draw(self.prior, shape, seeds)}

    def observe(self, real, training: bool) -> dict[str, Any]:
        """The real side, with what the generator's player makes of its images, if anything."""
        return real

    def synthesize(self, drawn, training: bool) -> dict[str, Any]:
        """The fake side: what was drawn, and `image` in float32."""
        image = answer(self.generator, drawn, training)
        return {**drawn, "image": tf.cast(image, tf.float32)}

    def discriminate(self, side, training: bool) -> dict[str, Any]:
        """A side with the discriminator's outputs in float32, images augmented while training."""
        image = self.present(side["image"])
        if training and self.augment is not None:
            image = self.augmented(image)
        outputs = answer(self.discriminator, {**side, "image": image}, training)
        return {**side, **self.judgement(outputs)}

    def present(self, images):
        """Images as the discriminator gets them."""
        return images

    def augmented(self, presented):
        """Presented images after the augmentation."""
        assert self.augment is not None
        return self.augment(presented)

    def judgement(self, outputs) -> dict[str, Any]:
        """The discriminator's outputs by name, in float32; `logit` is among them."""
        if not isinstance(outputs, dict):
            outputs = {"logit": outputs}
        return {name: tf.cast(value, tf.float32) for name, value in outputs.items()}

    def discriminator_loss(self, real, fake):
        """The scalar that the discriminator minimises, penalties not included."""
        return self.two_player_loss.discriminator(real["logit"], fake["logit"])

    def generator_loss(self, real, fake):
        """The scalar that the generator minimises; `real` has a `logit` only if it is needed."""
        return self.two_player_loss.generator(real.get("logit"), fake["logit"])

    def halflife(self, images_seen):
        """The average's half-life in images: in the beginning a share of those seen so far.

        So the random start fades (Karras et al., "Training Generative Adversarial Networks with
        Limited Data", 2020, arXiv:2006.06676, appendix B).
        """
        return tf.minimum(float(self.ema_halflife_images), _RAMP * tf.cast(images_seen, tf.float32))

    # -- the step ----------------------------------------------------------------------------

    def train_step(self, data):
        """One update of the averaged generator, one of the generator, n of the discriminator."""
        self.training_seeds.begin_step()
        # Every discriminator update sees fresh reals.
        *early, real = self._parts(data, self.discriminator_steps)
        for number, part in enumerate(early):
            fake = self.synthesize(self.draw(part, self.training_seeds), training=True)
            self._update_discriminator(self.observe(part, training=True), fake, number)

        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([variable.value for variable in self.generator_variables])
            fake = self.synthesize(self.draw(real, self.training_seeds), training=True)
            real = self.observe(real, training=True)
            # The discriminator learns from the same sides; they end at its tape.
            with tape.stop_recording():
                self._update_discriminator(real, fake, len(early))
            if self.needs_real_logits or self.two_player_loss.needs_real_logits:
                real = self.discriminate(real, training=True)
            loss = self.generator_loss(real, self.discriminate(fake, training=True))
            scaled = self._scaled(loss, self.generator_optimizer)
        self._apply(tape, scaled, self.generator_optimizer, self.generator_variables)
        self.track(generator_loss=loss)

        self._share_statistics()
        self.training_seeds.advance()
        if self._averages:
            replicas = self.distribute_strategy.num_replicas_in_sync
            batch = tf.shape(real["image"])[0] * self.discriminator_steps * replicas
            halflife = self.halflife(tf.cast(batch, tf.int64) * self.training_seeds.step)
            for average in self._averages:
                average.update(batch, halflife)
        return self._results([tracker.name for tracker in self._trackers])

    def test_step(self, data):
        """The losses on held-out images, in inference mode, nothing updated."""
        self.evaluation_seeds.begin_step()
        (real,) = self._parts(data, 1)
        drawn = self.draw(real, self.evaluation_seeds)
        fake = self.discriminate({**drawn, "image": self(drawn)}, training=False)
        real = self.discriminate(self.observe(real, training=False), training=False)
        self.evaluation_seeds.advance()
        augment, self.augment = self.augment, None  # where a hook calls `critic`
        try:
            self.track(
                discriminator_loss=self.discriminator_loss(real, fake),
                generator_loss=self.generator_loss(real, fake),
                real_logits=tf.reduce_mean(real["logit"]),
                fake_logits=tf.reduce_mean(fake["logit"]),
            )
        finally:
            self.augment = augment
        return self._results(self._logged()[len(self._penalty_names) :])

    def _parts(self, data, count: int) -> list[dict[str, Any]]:
        """The batch as so many real sides."""
        data = data if isinstance(data, tuple) else (data,)
        parts = [tf.split(part, count) for part in data]
        return [dict(zip(self.batch_parts, side, strict=True)) for side in zip(*parts, strict=True)]

    def _update_discriminator(self, real, fake, number: int) -> None:
        """Update number `number` of this step."""
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([variable.value for variable in self.discriminator_variables])
            # Two passes, since batch normalisation of a mixed batch would tell them apart.
            judged_real = self.discriminate(real, training=True)
            judged_fake = self.discriminate(fake, training=True)
            loss = total = self.discriminator_loss(judged_real, judged_fake)
            for name, penalty in zip(self._penalty_names, self.penalties, strict=True):
                value = self._penalty(penalty, real, fake, number)
                self.track(**{name: value})
                total += value
            scaled = self._scaled(total, self.discriminator_optimizer)
        self._apply(tape, scaled, self.discriminator_optimizer, self.discriminator_variables)
        self.track(
            discriminator_loss=loss,
            real_logits=tf.reduce_mean(judged_real["logit"]),
            fake_logits=tf.reduce_mean(judged_fake["logit"]),
        )

    def critic(self, weights, side):
        """The judgement in float32 of a side whose images are presented, for given weights.

        Stateless: `weights` are the discriminator's or what stands for them, its moving
        statistics stay as they are, and nothing but the images is augmented.
        """
        image = side["image"] if self.augment is None else self.augmented(side["image"])
        state = [value.value for value in self.discriminator.non_trainable_variables]
        outputs, _ = self._critic_call(
            weights, state, wanted(self.discriminator, {**side, "image": image}), training=True
        )
        return self.judgement(outputs)

    def _penalty(self, penalty: Penalty, real, fake, number: int):
        weights = [weight.value for weight in self.discriminator.trainable_variables]
        real_images, fake_images = self.present(real["image"]), self.present(fake["image"])

        # The condition is the real side's, which the fakes share.
        def critic(images):
            return self.critic(weights, {**real, "image": images})["logit"]

        if penalty.interval == 1:
            return penalty(critic, real_images, fake_images)
        update = self.training_seeds.step * self.discriminator_steps + number
        return tf.cond(
            update % penalty.interval == 0,
            lambda: penalty.interval * penalty(critic, real_images, fake_images),
            lambda: 0.0,
        )

    def _scaled(self, loss, optimizer):
        """The loss whose gradients the optimizer expects: scaled, and averaged by the sum."""
        return optimizer.scale_loss(loss / self.distribute_strategy.num_replicas_in_sync)

    def _apply(self, tape, loss, optimizer, variables) -> None:
        gradients = tape.gradient(
            loss,
            [variable.value for variable in variables],
            unconnected_gradients=tf.UnconnectedGradients.ZERO,
        )
        scaled = isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
        if scaled and self.distribute_strategy.num_replicas_in_sync > 1:
            gradients = _finite_in_all_replicas(gradients)
        optimizer.apply(gradients, variables)

    def _share_statistics(self) -> None:
        """Average the moving statistics over the replicas, which Keras lets drift apart."""
        if self.distribute_strategy.num_replicas_in_sync == 1:
            return
        statistics = [
            variable
            for network in self.trained_networks.values()
            for variable in network.variables
            if not variable.trainable and variable.dtype.startswith(("float", "bfloat"))
        ]
        if not statistics:
            return
        shared = tf.distribute.get_replica_context().all_reduce(
            tf.distribute.ReduceOp.MEAN, [tf.identity(variable.value) for variable in statistics]
        )
        for variable, value in zip(statistics, shared, strict=True):
            variable.assign(value)

    def _logged(self) -> list[str]:
        """Names of the logged means, in the order in which a step computes them."""
        return [
            *self._penalty_names,
            "discriminator_loss",
            "generator_loss",
            "real_logits",
            "fake_logits",
            *self.logged,
        ]

    def track(self, weight=None, **values) -> None:
        """Add values to the means of these names, as far as they are logged, with a weight."""
        for tracker in self._trackers:
            if tracker.name in values:
                tracker.update_state(values[tracker.name], sample_weight=weight)

    def _results(self, names: list[str]) -> dict[str, Any]:
        results = {tracker.name: tracker.result() for tracker in self._trackers}
        strategy = self.distribute_strategy
        several = strategy.num_replicas_in_sync > 1
        if several and isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
            # Keras averages over workers along axis 0, which a scalar lacks.
            results = {name: tf.reshape(value, (1,)) for name, value in results.items()}
        return {name: results[name] for name in names}


def _finite_in_all_replicas(gradients):
    """The gradients, or NaN in every replica if they overflow in one.

    Keras skips a step that overflows by what the first replica sees alone; the others' overflow
    would reach the weights, and workers that disagree would wait for each other for ever.
    """
    broken = 1.0 - tf.cast(
        tf.reduce_all([tf.reduce_all(tf.math.is_finite(gradient)) for gradient in gradients]),
        tf.float32,
    )
    anywhere = tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, broken)
    factor = tf.where(anywhere > 0, float("nan"), 1.0)
    return [gradient * tf.cast(factor, gradient.dtype) for gradient in gradients]
