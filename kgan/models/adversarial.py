"""The adversarial model: its hooks, and the training step that is built of public parts."""

from __future__ import annotations

from typing import Any, ClassVar

import keras
import tensorflow as tf

from kgan.models.older_hooks import refuse_older_hooks
from kgan.models.player import Player
from kgan.models.step import (
    Tape,
    batch_size,
    claim_end,
    ends,
    finite_in_all_replicas,
    share_statistics,
)
from kgan.models.trainer import Trainer
from kgan.networks.check import call_network, select_inputs
from kgan.penalties import Examples, Penalty
from kgan.seeds import StepSeedGenerator

_RAMP = 0.05


class AdversarialModel(Trainer):
    """Base class: a generator and a discriminator that train against each other.

    `real` and `fake` are batches: dicts of tensors under the names of the networks' inputs and
    outputs. What a paper changes is a hook, from `sample_inputs` to `diagnostics`, or the training
    step itself, which a subclass writes from `examples`, `update_discriminator`,
    `update_generator` and `end_step`.

    Example:
        >>> class DriftGAN(kgan.GAN):
        ...     def losses(self, player, real, fake):
        ...         drift = 0.001 * tf.reduce_mean(fake["logit"] ** 2)
        ...         return super().losses(player, real, fake) | {f"{player}_drift": drift}
        >>> gan = DriftGAN(generator, discriminator)
        >>> gan.compile("wasserstein", penalties=["gradient_penalty"])
        >>> gan.fit(images, epochs=1)
    """

    # Whether the generator's losses read the real batch's logits whatever the loss object does.
    needs_real_logits: ClassVar[bool] = False

    generator: keras.Model
    averaged_generator: keras.Model
    discriminator: keras.Model

    def __init_subclass__(cls, **arguments: Any):
        """Let the average follow whatever step a subclass writes.

        Raises:
            UsageError: it overrides a hook of an older kgan.
        """
        super().__init_subclass__(**arguments)
        refuse_older_hooks(cls, AdversarialModel)
        if not hasattr(cls.train_step, "ends"):  # its own, or a mixin's
            cls.train_step = ends(cls.train_step)  # type: ignore[method-assign]

    # -- hooks ---------------------------------------------------------------------------------

    @property
    def output_name(self) -> str:
        """The tensor that the generator makes and the discriminator judges."""
        return next(iter(self.output_signature))

    def sample_inputs(self, real, seeds: StepSeedGenerator) -> dict[str, Any]:
        """The generator's inputs: what the real batch holds of them, and draws of the others."""
        n = tf.shape(real[self.output_name])[0]
        return {
            name: real[name] if name in real else field.draw(n, seeds)
            for name, field in self.input_signature.items()
        }

    def encode_real(self, real, training: bool) -> dict[str, Any]:
        """The real batch, with what the generator's player adds to it; nothing here."""
        return real

    def synthesize(self, inputs, training: bool) -> dict[str, Any]:
        """The fake batch: the inputs and the generator's output in float32.

        The averaged generator makes it where `training` is False.
        """
        generator = self.generator if training else self.averaged_generator
        made = call_network(generator, inputs, training, next(iter(self.input_signature)))
        return {**inputs, self.output_name: tf.cast(made, tf.float32)}

    def present(self, examples):
        """The judged tensor as the discriminator takes it."""
        return examples

    def augmented(self, presented):
        """A presented tensor after the augmentation."""
        assert self.augment is not None
        return self.augment(presented)

    def augmented_batch(self, batch) -> dict[str, Any]:
        """A batch whose judged tensor, presented, is augmented."""
        return {**batch, self.output_name: self.augmented(batch[self.output_name])}

    def name_outputs(self, outputs) -> dict[str, Any]:
        """The discriminator's outputs by name, in float32; `logit` is among them."""
        if not isinstance(outputs, dict):
            outputs = {"logit": outputs}
        return {name: tf.cast(value, tf.float32) for name, value in outputs.items()}

    def discriminate(
        self, batch, training: bool, weights=None, augment: bool | None = None, presented=None
    ) -> dict[str, Any]:
        """A batch with the discriminator's outputs in float32.

        With `weights`, tensors in place of the trainable ones, the pass is in float32 and leaves
        the moving statistics as they are. `augment` is `training` where it is None. `presented` is
        judged in place of the batch's own examples.
        """
        examples = self.present(batch[self.output_name]) if presented is None else presented
        seen = {**batch, self.output_name: examples}
        if (training if augment is None else augment) and self.augment is not None:
            seen = self.augmented_batch(seen)
        inputs = select_inputs(self.discriminator, seen, self.output_name)
        if weights is None:
            outputs = self.discriminator(inputs, training=training)
        else:
            state = [
                tf.identity(variable.value)
                for variable in self.discriminator.non_trainable_variables
            ]
            outputs, _ = self._stateless_discriminator(weights, state, inputs, training=training)
        return {**batch, **self.name_outputs(outputs)}

    def losses(self, player: str, real, fake) -> dict[str, Any]:
        """The scalars whose sum a player minimises, by the name that logs show.

        Both batches hold the discriminator's outputs; for the generator `real` does only if the
        loss needs them.
        """
        if player == "discriminator":
            loss = self.two_player_loss.discriminator(real["logit"], fake["logit"])
        else:
            loss = self.two_player_loss.generator(real.get("logit"), fake["logit"])
        return {f"{player}_loss": loss}

    def diagnostics(self, real, fake) -> dict[str, Any]:
        """Scalars, or `kgan.models.step_log.Weighted` ones, that are logged and not minimised."""
        sides = {"real_logits": real, "fake_logits": fake} if self.judges else {}
        return {name: tf.reduce_mean(batch["logit"]) for name, batch in sides.items()}

    def halflife(self, images_seen):
        """The average's half-life in images: in the beginning a share of those seen so far.

        So the random start fades (Karras et al., "Training Generative Adversarial Networks with
        Limited Data", 2020, arXiv:2006.06676, appendix B).
        """
        return tf.minimum(
            float(self.ema_halflife_images or 0), _RAMP * tf.cast(images_seen, tf.float32)
        )

    # -- the step ------------------------------------------------------------------------------

    @ends
    def train_step(self, data):
        """n updates of the discriminator, one of the generator, one of the average."""
        *early, real = self.split(data, self.discriminator_steps)
        # Every discriminator update sees fresh reals.
        for number, batch in enumerate(early):
            self.update_discriminator(*self.examples(batch), number)
        with self.tape("generator") as tape:
            real, fake = self.examples(real)
            # The discriminator learns from the same fakes; they end at its tape.
            with tape.stop_recording():
                self.update_discriminator(real, fake, len(early))
            self.update_generator(tape, real, fake)
        return self.end_step(real)

    def test_step(self, data):
        """The losses on held-out examples, in inference mode, nothing updated."""
        self.evaluation_seeds.begin_step()
        (real,) = self.split(data, 1)
        real, fake = self.examples(real, training=False)
        size = batch_size(real)
        with tf.control_dependencies([size]):
            self.evaluation_seeds.advance()
        if self.judges:
            real, fake = (self.discriminate(batch, training=False) for batch in (real, fake))
        for player in filter(self.plays, self.players):
            self.log(player, self.test_losses(player, real, fake), log=self._test_log, weight=size)
        self.measure(real, fake, self._test_log, size)
        self._compiled_metrics.stream(self.metric_tensors(real, fake), self._guard)
        return self.results(self._test_log)

    def test_losses(self, player: str, real, fake) -> dict[str, Any]:
        """The losses of an evaluation; those of the training here."""
        return self.losses(player, real, fake)

    def split(self, data, parts: int) -> list[dict[str, Any]]:
        """The data of a step as so many batches by name."""
        data = data if isinstance(data, tuple) else (data,)
        split = [tf.split(tensor, parts) for tensor in data]
        return [
            dict(zip(self.batch_signature, part, strict=True)) for part in zip(*split, strict=True)
        ]

    def examples(self, real, training: bool = True) -> tuple[dict[str, Any], dict[str, Any]]:
        """A real batch and as many fakes."""
        seeds = self.training_seeds if training else self.evaluation_seeds
        fake = self.synthesize(self.sample_inputs(real, seeds), training)
        return self.encode_real(real, training), fake

    def tape(self, player: str) -> tf.GradientTape:
        """A tape that watches what a player trains."""
        return Tape([variable.value for variable in self.players[player].variables])

    def update_discriminator(self, real, fake, number: int = 0) -> None:
        """One update of the discriminator, number `number` of this step, if it plays."""
        if not self.plays("discriminator"):
            return
        with self.tape("discriminator") as tape:
            # Two passes, since batch normalization of a mixed batch would tell them apart.
            judged_real = self.discriminate(real, training=True)
            judged_fake = self.discriminate(fake, training=True)
            self.minimize("discriminator", tape, judged_real, judged_fake, number)
        self.measure(judged_real, judged_fake, self._train_log)

    def update_generator(self, tape, real, fake) -> None:
        """One update of the generator, if it plays, from fakes that `tape` has recorded."""
        if not self.plays("generator"):
            return
        if self.judges:
            if self.needs_real_logits or self.two_player_loss.needs_real_logits:
                real = self.discriminate(real, training=True)
            fake = self.discriminate(fake, training=True)
        self.minimize("generator", tape, real, fake)
        if not self.judges:
            self.measure(real, fake, self._train_log)

    def minimize(self, player: str, tape, real, fake, number: int = 0) -> None:
        """Log a player's losses and regularizers, and take a step down their sum's gradient."""
        who = self.players[player]
        regularizers = {
            name: self._regularization(penalty, real, fake, number)
            for name, penalty in who.regularizers.items()
        }
        loss = self.log(player, self.losses(player, real, fake), regularizers)
        # Averaged over the replicas by their sum.
        loss = (loss + sum(regularizers.values())) / self.distribute_strategy.num_replicas_in_sync
        self._apply(who, tape, who.optimizer.scale_loss(loss))

    def end_step(self, real) -> dict[str, Any]:
        """Share statistics, count the step, move the averages; the means to log.

        `real` is the last part of the step's data. A second call in a step changes nothing.
        """
        if not claim_end(self):
            return self.results(self._train_log)
        if self.distribute_strategy.num_replicas_in_sync > 1:
            share_statistics(self.networks_by_name.values())
        size = batch_size(real)
        # A step that finds no data changes nothing.
        with tf.control_dependencies([size]):
            self.training_seeds.advance()
        if self._averages:
            replicas = self.distribute_strategy.num_replicas_in_sync
            batch = size * self.discriminator_steps * replicas
            halflife = self.halflife(tf.cast(batch, tf.int64) * self.training_seeds.step)
            for average in self._averages.values():
                average.update(batch, halflife)
        return self.results(self._train_log)

    def _regularization(self, penalty: Penalty, real, fake, number: int):
        batches = self.penalized(real), self.penalized(fake)
        if penalty.interval == 1:
            return penalty(*batches)
        update = self.training_seeds.step * self.players[penalty.player].updates + number
        return tf.cond(
            update % penalty.interval == 0,
            lambda: penalty.interval * penalty(*batches),
            lambda: 0.0,
        )

    def penalized(self, batch, weights=None, augment: bool = True) -> Examples:
        """What a penalty moves: presented examples, and their logits under their own conditions."""
        if weights is None:
            weights = [weight.value for weight in self.discriminator.trainable_variables]

        def logits(examples):
            found = self.discriminate(batch, True, weights, augment, presented=examples)
            return found["logit"]

        return Examples(self.present(batch[self.output_name]), logits)

    def _apply(self, player: Player, tape, loss) -> None:
        gradients = tape.gradient(
            loss,
            [variable.value for variable in player.variables],
            unconnected_gradients=tf.UnconnectedGradients.ZERO,
        )
        scaled = isinstance(player.optimizer, keras.optimizers.LossScaleOptimizer)
        if scaled and self.distribute_strategy.num_replicas_in_sync > 1:
            gradients = finite_in_all_replicas(gradients)
        player.optimizer.apply(gradients, player.variables)
