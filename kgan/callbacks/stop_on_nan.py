"""Stop a run whose losses are no longer numbers."""

from __future__ import annotations

import math

import keras


class NonFiniteLossError(FloatingPointError):
    """A loss became NaN or infinite; the message names the first and what to try."""


_ADVICE = {
    "discriminator_loss": (
        "the discriminator's logits overflowed: try a lower learning rate for it, a gradient "
        'penalty (penalties=["r1"]), or precision float32 if it was mixed_float16'
    ),
    "generator_loss": (
        "the generator's step overflowed: try a lower learning rate for the generator, or "
        "precision float32 if it was mixed_float16"
    ),
}
_ADVICE_PENALTY = "the gradient penalty overflowed: try a smaller weight or a lower learning rate"


class StopOnNaN(keras.callbacks.Callback):
    """Ends `fit` with an error at the first loss that is NaN or infinite.

    Checkpoints from before it stay; put this callback before `Checkpoint`.

    Raises:
        NonFiniteLossError: names epoch, step, the loss that broke first and what to try.
    """

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        # A step computes its logs in this order, so the first broken one is the cause.
        for name in (metric.name for metric in self.model.metrics):
            value = float(logs[name])
            if not math.isfinite(value):
                raise NonFiniteLossError(
                    f"{name} became {value} in epoch {self.epoch + 1}, step {batch + 1}; "
                    f"{_ADVICE.get(name, _ADVICE_PENALTY)}. The checkpoints from before are good: "
                    "resume from them with the change."
                )
