"""The players of a game."""

from __future__ import annotations

from typing import Any

import keras

from kgan.models import optimizers
from kgan.penalties import Penalty


class Player:
    """Networks that learn together: `networks` by name, their optimizer, updates, regularizers.

    `optimizer` is None until the model was compiled. `updates` counts the player's updates in a
    training step. `regularizers` are added to the player's loss, each logged by its name.
    """

    def __init__(self, name: str, networks: dict[str, keras.Model]):
        self.name = name
        self.networks = networks
        # A Keras optimizer once `compile` was called.
        self.optimizer: Any = None
        self.updates = 1
        self.regularizers: dict[str, Penalty] = {}

    @property
    def variables(self) -> list[keras.Variable]:
        """What the player trains."""
        return optimizers.trainable(self.networks.values())

    def __repr__(self) -> str:
        return f"Player({self.name!r}, networks=[{', '.join(self.networks)}])"
