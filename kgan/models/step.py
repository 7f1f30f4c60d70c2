"""What happens around and within a training step, whichever a model writes."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterable

import keras
import tensorflow as tf

# Each replica traces its step in a thread of its own.
_STEP = threading.local()


def ends(train_step):
    """A training step after which the averages have moved, whether or not it called `end_step`."""

    @functools.wraps(train_step)
    def step(self, data):
        if getattr(_STEP, "running", False):  # called by a subclass's step
            return train_step(self, data)
        _STEP.running, _STEP.ended = True, False
        self.training_seeds.begin_step()
        try:
            results = train_step(self, data)
            if not _STEP.ended:
                self.end_step(self.split(data, self.discriminator_steps)[-1])
            return results
        finally:
            _STEP.running = False

    return step


class Tape(tf.GradientTape):
    """Records what happens to the given tensors alone."""

    def __init__(self, watched):
        super().__init__(watch_accessed_variables=False)
        self._watched = watched

    def __enter__(self):
        super().__enter__()
        self.watch(self._watched)
        return self


def finite_in_all_replicas(gradients):
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


def begin_ending() -> bool:
    """Whether the step that runs is not ended yet; from now on it counts as ended."""
    first = not getattr(_STEP, "ended", False)
    _STEP.ended = True
    return first


def share_statistics(networks: Iterable[keras.Model]) -> None:
    """Average the moving statistics over the replicas, which Keras lets drift apart."""
    statistics = [
        variable
        for network in networks
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
