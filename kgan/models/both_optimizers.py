"""The optimizers of all players as one, for Keras's callbacks that set a learning rate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras


class BothOptimizers:
    """The learning rate of the first player's optimizer; the others' keep their ratio to it.

    `LearningRateScheduler` and `ReduceLROnPlateau` read and set `model.optimizer.learning_rate`.
    Some versions of Keras would set an attribute `optimizers` one by one, to the same rate.
    """

    def __init__(self, optimizers: Sequence[keras.optimizers.Optimizer]):
        self._optimizers = list(optimizers)

    # Keras asks, and would build what is not; `compile` has built them.
    built = True

    @property
    def learning_rate(self) -> Any:
        """The first optimizer's rate."""
        return self._optimizers[0].learning_rate

    @learning_rate.setter
    def learning_rate(self, rate: Any) -> None:
        rates = [float(optimizer.learning_rate) for optimizer in self._optimizers]
        for optimizer, old in zip(self._optimizers, rates, strict=True):
            optimizer.learning_rate = rate if not rates[0] else float(rate) * old / rates[0]
