"""Random draws that a seed and a step number pin, in every replica and after every resume."""

from __future__ import annotations

from collections.abc import Iterator

import keras
import numpy as np


def spawn(seed: int, *key: int) -> Iterator[int]:
    """Endless seeds below 2**31 that NumPy's SeedSequence spawns from `seed` and a `key`.

    Other keys give other seeds: one for each network of a model.
    """
    sequence = np.random.SeedSequence(seed, spawn_key=key)
    while True:
        yield int(sequence.spawn(1)[0].generate_state(1)[0] >> 1)


class StepSeedGenerator(keras.random.SeedGenerator):
    """Seeds as a function of (seed, step, number of the draw within the step, replica).

    XLA turns the same seed into other numbers, so a run keeps its `jit_compile`.

    Keras's own generator counts every draw in its state, which all replicas share, so that they
    would draw the same latents; and it cannot count inside a branch that is not always taken.
    This one changes its state once a step, by `advance`. The state is a variable `[seed, step]`
    that `owner` keeps among its weights, so that it is saved with them.
    """

    def __init__(self, owner: keras.Layer, seed: int, name: str):
        self.name = name
        self.backend = keras.backend
        self._initial_seed = seed
        self._draw = 0
        self.state = owner.add_weight(
            shape=(2,),
            initializer=lambda shape, dtype: keras.ops.convert_to_tensor([seed, 0], dtype),
            dtype="int64",
            trainable=False,
            aggregation="only_first_replica",
            name=name,
        )

    @property
    def step(self):
        """The number of steps so far, an int64 scalar tensor."""
        return self.state.value[1]

    def begin_step(self) -> None:
        """Number the draws from zero again; called where the step's graph is traced."""
        self._draw = 0

    def advance(self) -> None:
        """Count one step."""
        self.state.assign_add([0, 1])

    def next(self, ordered: bool = True):
        """A seed of shape `(2,)` that no other draw, step or replica gets."""
        import tensorflow as tf

        self._draw += 1
        seed = tf.random.experimental.stateless_fold_in(self.state.value, self._draw)
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        return tf.random.experimental.stateless_fold_in(seed, tf.cast(replica, tf.int64))
