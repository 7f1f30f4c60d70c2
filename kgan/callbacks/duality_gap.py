"""The duality gap: how far two players are from an equilibrium."""

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
    """Logs `duality_gap`: what both players together could gain by a best response to the other.

    DG(u, v) = max M(u, v') over v' - min M(u', v) over u', with the generator u, the discriminator
    v and the discriminator's payoff M. It is 0 in an equilibrium and above 0 elsewhere. M is minus
    the loss of the discriminator, without label smoothing and penalties: the value of the minimax
    game for "minimax" and "non_saturating", the difference of the critic's means for "wasserstein",
    and so on. The generator's loss is not used, since most games are not zero-sum in it. The gap
    has the unit of the loss: gaps of two losses are not comparable.

    Best responses are estimated by `steps` updates with Adam of a copy of each player, on half of
    the images and latents; the gap is measured on the other half. Few steps give a lower bound,
    which is useful within a run. The discriminator's copy obeys the model's penalties, without
    which a Wasserstein critic has no best response. Images are not augmented. With an encoder only
    the generator moves; if the discriminator is also a classifier, only the two-player loss counts.
    The training stays the same, bit for bit, with one exception: without `held_out` the callback
    reads reals from a shuffled `tf.data.Dataset` once more, which advances its order.

    Args:
        held_out: images that the training does not use, as for `gan.evaluate`; training images by
            default.
        every_epochs: epochs between two estimates; the last epoch has one, too.
        steps: updates of each copy.
        samples: number of reals, and of fakes, of both halves together.
        learning_rate: of both copies' Adam; constant, and independent of the model's optimizers.

    Attributes:
        gaps: `(epoch, gap)` of each estimate.

    Example:
        >>> gap = kgan.callbacks.DualityGap(held_out=images[32:], every_epochs=5)
        >>> gan.fit(images[:32], epochs=20, callbacks=[gap])
        >>> epochs, gaps = zip(*gap.gaps)

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
        samples: int = 512,
        learning_rate: float = 1e-3,
    ):
        super().__init__()
        self.held_out = held_out
        self.every_epochs = check_integer("every_epochs", every_epochs, 1)
        self.steps = check_integer("steps", steps, 1)
        self.samples = check_integer("samples", samples, 8)
        self.learning_rate = check_number("learning_rate", learning_rate, 0)
        self.gaps: list[tuple[int, float]] = []
        self._compiled: dict[str, Any] | None = None  # the arguments that the steps were traced for

    def on_train_begin(self, logs=None):
        check_model(self)
        self._chief = is_chief(self.model.distribute_strategy)
        if not self._chief:
            return
        if self.held_out is None:
            rows = training_rows(self.model, self.samples)
        else:
            rows = held_out_rows(self.model, self.held_out, self.samples, "held_out")
        inputs = probe.inputs_for(self.model, rows, seed=1)
        pack = self.model.pack
        half = len(rows[self.model.output_name]) // (2 * pack) * pack
        # The copies train on the first half and are evaluated on the second.
        self._halves = [
            list(
                zip(
                    probe.chunks({name: part[half_rows] for name, part in rows.items()}, pack),
                    probe.chunks({name: part[half_rows] for name, part in inputs.items()}, pack),
                    strict=True,
                )
            )
            for half_rows in (slice(0, half), slice(half, 2 * half))
        ]
        if self._compiled is self.model._compile_arguments:
            return
        self._compiled = self.model._compile_arguments
        # Their variables never change: each step maps a state to the next one.
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
        # After a NaN there is no gap; kgan.callbacks.StopOnNaN reports the cause.
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
        real = probe.judge(gan, weights["discriminator"], probe.encode_real(gan, rows))
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
        """The model's penalties, at every step; for lazy ones the same mean."""
        gan = self.model
        if not gan.penalties:
            return 0.0
        real = probe.encode_real(gan, rows)
        fake = probe.synthesize(gan, weights["generator"], inputs)

        batches = [
            gan.penalized(batch, weights["discriminator"], augment=False) for batch in (real, fake)
        ]
        return tf.add_n([penalty(*batches) for penalty in gan.penalties])


def _gradients(tape, target, weights):
    zero = tf.UnconnectedGradients.ZERO
    return tape.gradient(target, weights, unconnected_gradients=zero)
