"""The optimizers of all players as one, for Keras's callbacks that set a learning rate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from kgan.errors import UsageError


class BothOptimizers:
    """The learning rate of the first player's optimizer; the others' keep their ratio to it.

    `LearningRateScheduler` and `ReduceLROnPlateau` read and set `model.optimizer.learning_rate`.
    Some versions of Keras would set an attribute `optimizers` one by one, to the same rate.
    """

    # Keras asks, and would build what is not; `compile` has built them.
    built = True
    use_ema = False

    def __init__(self, optimizers: Sequence[keras.optimizers.Optimizer]):
        self._optimizers = list(optimizers)
        self._ratios = [1.0 for _ in optimizers]

    @property
    def iterations(self) -> Any:
        """The first optimizer's updates."""
        return self._optimizers[0].iterations

    @property
    def learning_rate(self) -> Any:
        """The first optimizer's rate."""
        return self._optimizers[0].learning_rate

    @learning_rate.setter
    def learning_rate(self, rate: Any) -> None:
        for optimizer in self._optimizers:
            plain = getattr(optimizer, "inner_optimizer", optimizer)
            if isinstance(plain._learning_rate, keras.optimizers.schedules.LearningRateSchedule):
                raise UsageError(
                    "learning_rate cannot be set: an optimizer has a schedule of its own. Leave "
                    "out the callback, or give both optimizers a number.",
                    "learning_rate",
                )
        rates = [float(optimizer.learning_rate) for optimizer in self._optimizers]
        if rates[0]:  # of a rate of 0 the last ratios stay
            self._ratios = [each / rates[0] for each in rates]
        for optimizer, ratio in zip(self._optimizers, self._ratios, strict=True):
            optimizer.learning_rate = float(rate) * ratio
