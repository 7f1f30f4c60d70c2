"""Stop a run whose losses are no longer numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

import keras
import numpy as np

_GENERATOR = "lower the generator's learning rate"
_DISCRIMINATOR = "lower the discriminator's learning rate or add a penalty such as r1"
_UNKNOWN = (
    "one call took several steps, so the cause is unknown; repeat with steps_per_execution=1,"
)
_OWN = "check how train_step() computes it, lower the learning rate,"
_FLOAT32 = "or train in float32 if it was mixed_float16"


class NonFiniteLossError(FloatingPointError):
    """A loss became NaN or infinite; the message names the first and what to try."""


class StopOnNaN(keras.callbacks.Callback):
    """Ends `fit` with an error at the first loss that is NaN or infinite.

    At an epoch's end it checks the weights, too, since a ReLU may turn NaN into zero. Earlier
    checkpoints stay; put this callback before `Checkpoint`.

    Example:
        >>> callbacks = [kgan.callbacks.StopOnNaN(), kgan.callbacks.Checkpoint("checkpoints")]
        >>> gan.fit(images, epochs=20, callbacks=callbacks)

    Raises:
        NonFiniteLossError: names epoch, step, the loss that broke first, why, and what to try.
    """

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        # The first broken one is nearest to the cause. A step of the user's own may log further
        # names; a metric may well be NaN.
        known = set(self.model.metrics_names)
        own = [name for name in logs if name not in known]
        names = [*(name for name in self.model.logged if name in logs), *own]
        broken = [name for name in names if not np.isfinite(logs[name]).all()]
        if not broken:
            return
        steps = self.model.steps_per_execution
        within = f", step {batch + 1}"
        if steps > 1:
            within = f", steps {batch - steps + 2} to {batch + 1}"
        self._stop(
            f"{broken[0]} became {float(np.squeeze(logs[broken[0]]))}",
            within,
            _UNKNOWN if steps > 1 else _OWN if broken[0] in own else _cause(broken, logs),
        )

    def on_epoch_end(self, epoch, logs=None):
        players = {"generator": _GENERATOR, "discriminator": _DISCRIMINATOR}
        for player, advice in players.items():
            weights = getattr(self.model, player).get_weights()
            if not all(np.isfinite(weight).all() for weight in weights):
                self._stop(f"the {player}'s weights became NaN or infinite", "", f"{advice},")

    def _stop(self, what: str, within: str, advice: str) -> NoReturn:
        raise NonFiniteLossError(
            f"{what} in epoch {self.epoch + 1}{within}: {advice} {_FLOAT32}. The checkpoints from "
            "before are good to generate from; start a new run with the change."
        )


def _cause(broken: list[str], logs: Mapping[str, Any]) -> str:
    """The cause that a single step's logs show, and what to try.

    The discriminator's loss and both logits are from before its update, the generator's loss from
    after.
    """
    if "discriminator_loss" not in logs:  # the generator plays alone
        return f"the generator's last update overflowed; {_GENERATOR},"
    if "real_logits" in broken:
        return f"the discriminator's output overflowed; {_DISCRIMINATOR},"
    if "fake_logits" in broken:
        return f"the generator's last update overflowed; {_GENERATOR},"
    if "discriminator_loss" in broken:
        return f"the discriminator's loss overflowed; {_DISCRIMINATOR},"
    if all(name.startswith("generator_") for name in broken):
        return f"the discriminator's update before it overflowed; {_DISCRIMINATOR},"
    return "the gradient penalty overflowed; give it a smaller weight,"
