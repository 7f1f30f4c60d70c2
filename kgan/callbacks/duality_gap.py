"""How far two players are from an equilibrium, by what each could still gain alone."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kgan.callbacks import probe
from kgan.callbacks.chief import is_chief
from kgan.callbacks.reals import check_model, held_out_rows, training_rows
from kgan.checks import check_integer, check_number
from kgan.models.optimizers import Functional


class DualityGap(keras.callbacks.Callback):
    """Logs `duality_gap`: what both players together could gain by a better answer to the other.

    DG(u, v) = max M(u, v') over v' - min M(u', v) over u', where u is the generator, v the
    discriminator and M what the discriminator wins. It is 0 in an equilibrium, where no player
    gains alone, and above 0 elsewhere. M is minus the loss of the discriminator, without its label
    smoothing and penalties: the value of the minimax game for "minimax" and "non_saturating", the
    difference of the critic's means for "wasserstein", and so on. It is the discriminator's side of
    every loss, for the generator's is not zero-sum with it in most. The unit is that of the loss,
    so that gaps of two losses do not compare.

    The best answers are estimated by `steps` updates of a copy of each player from where it
    stands, by Adam, on half of the images and latents; the gap is measured on the other half. So
    few steps give a lower bound, which is good to follow within a run. The discriminator's copy
    obeys the model's penalties, without which a Wasserstein critic has no best answer. Images are
    not augmented; of a generator's player with an encoder, too, the generator alone moves, and of a
    discriminator that is also a classifier the two-player part alone counts. The training stays as
    it is, draw by draw, unless its data is a shuffled `tf.data.Dataset` and there is no `held_out`:
    to take the reals from it once more moves its order on.

    Args:
        held_out: images that the training does not see, as for `gan.evaluate`; training images
            without them.
        every_epochs: epochs between two estimates; there is one after the last epoch, too.
        steps: updates of each copy.
        num_samples: reals and fakes of both halves together.
        learning_rate: of both copies' Adam, the same all along whatever the players' own.

    Attributes:
        gaps: `(epoch, gap)` of each estimate.

    Raises:
        UsageError: a number out of range; when training begins, `held_out` of another kind than
            the model takes.

    Grnarova et al., "A Domain Agnostic Measure for Monitoring and Evaluating GANs", 2019,
    arXiv:1811.05512, equation 2 and section 4.
    """

    adds_logs = True  # `GAN.fit` calls it before the callbacks that read them

    def __init__(
        self,
        held_out: Any = None,
        every_epochs: int = 5,
        steps: int = 20,
        num_samples: int = 512,
        learning_rate: float = 1e-3,
    ):
        super().__init__()
        self.held_out = held_out
        self.every_epochs = check_integer("every_epochs", every_epochs, 1)
        self.steps = check_integer("steps", steps, 1)
        self.num_samples = check_integer("num_samples", num_samples, 8)
        self.learning_rate = check_number("learning_rate", learning_rate, 0)
        self.gaps: list[tuple[int, float]] = []
        self._compiled: dict[str, Any] | None = None  # what the steps were traced for

    def on_train_begin(self, logs=None):
        check_model(self)
        self._chief = is_chief(self.model.distribute_strategy)
        if not self._chief:
            return
        if self.held_out is None:
            rows = training_rows(self.model, self.num_samples)
        else:
            rows = held_out_rows(self.model, self.held_out, self.num_samples, "held_out")
        inputs = probe.inputs_for(self.model, rows, seed=1)
        pack = self.model.pack
        half = len(rows["image"]) // (2 * pack) * pack
        # The copies learn on the first half; what they have learnt is tried on the second.
        self._halves = [
            list(
                zip(
                    probe.chunks({name: part[places] for name, part in rows.items()}, pack),
                    probe.chunks({name: part[places] for name, part in inputs.items()}, pack),
                    strict=True,
                )
            )
            for places in (slice(0, half), slice(half, 2 * half))
        ]
        if self._compiled is self.model._compile_arguments:
            return
        self._compiled = self.model._compile_arguments
        # Fresh ones whose variables stay as they are: a step takes a state and gives the next.
        self._optimizers = {
            name: self._adam(getattr(self.model, name)) for name in ("discriminator", "generator")
        }
        self._steps = {
            "discriminator": tf.function(self._discriminator_step, autograph=False),
            "generator": tf.function(self._generator_step, autograph=False),
        }
        self._value_now = tf.function(self._value, autograph=False)

    def on_epoch_end(self, epoch, logs=None):
        last = epoch + 1 == self.params["epochs"]
        if not self._chief or ((epoch + 1) % self.every_epochs and not last):
            return
        gap = self.measure()
        # A run that has broken has no gap; kgan.callbacks.StopOnNaN says why.
        if not math.isfinite(gap):
            return
        self.gaps.append((epoch + 1, gap))
        if logs is not None:
            logs["duality_gap"] = gap

    def measure(self) -> float:
        """The gap as the players stand now."""
        players = {name: probe.values(getattr(self.model, name)) for name in self._steps}
        finding, testing = self._halves
        values = {}
        for name, step in self._steps.items():
            better = dict(players)
            state = self._optimizers[name].state
            for number in range(self.steps):
                better[name], state = step(better, state, *finding[number % len(finding)])
            values[name] = np.mean([self._value_now(better, *part) for part in testing])
        return float(values["discriminator"] - values["generator"])

    def _adam(self, network: keras.Model) -> Functional:
        optimizer = keras.optimizers.Adam(self.learning_rate, beta_1=0.5)
        optimizer.build(network.trainable_variables)
        return Functional(optimizer, network.trainable_variables)

    def _value(self, weights, rows, inputs):
        """M for these weights of both players: minus the discriminator's loss."""
        gan = self.model
        real = probe.judge(gan, weights["discriminator"], probe.observe(gan, rows))
        fake = probe.synthesize(gan, weights["generator"], inputs)
        fake = probe.judge(gan, weights["discriminator"], fake)
        return -gan.two_player_loss.unsmoothed.discriminator(real["logit"], fake["logit"])

    def _discriminator_step(self, weights, state, rows, inputs):
        own = weights["discriminator"]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(own)
            loss = self._penalty(weights, rows, inputs) - self._value(weights, rows, inputs)
        return self._optimizers["discriminator"].apply(state, _gradients(tape, loss, own), own)

    def _generator_step(self, weights, state, rows, inputs):
        own = weights["generator"]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(own)
            value = self._value(weights, rows, inputs)
        return self._optimizers["generator"].apply(state, _gradients(tape, value, own), own)

    def _penalty(self, weights, rows, inputs):
        """What the model's penalties add, in every step: the mean of what lazy ones add."""
        gan = self.model
        if not gan.penalties:
            return 0.0
        real = probe.observe(gan, rows)
        fake = probe.synthesize(gan, weights["generator"], inputs)

        def critic(images):
            side = {**real, "image": images}
            return probe.judge(gan, weights["discriminator"], side, presented=True)["logit"]

        images = gan.present(real["image"]), gan.present(fake["image"])
        return tf.add_n([penalty(critic, *images) for penalty in gan.penalties])


def _gradients(tape, target, weights):
    zero = tf.UnconnectedGradients.ZERO
    return tape.gradient(target, weights, unconnected_gradients=zero)
