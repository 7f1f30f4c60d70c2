"""What happens around and within a training step, whichever a model writes."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterable, Mapping
from typing import Any

import keras
import tensorflow as tf

from kgan.errors import UsageError

# The models whose training step runs, by id, and whether it has ended. Each replica traces its step
# in a thread of its own.
_RUNNING = threading.local()


def _running() -> dict[int, bool]:
    return _RUNNING.__dict__.setdefault("models", {})


def ends(train_step):
    """A training step after which the averages have moved, whether or not it called `end_step`."""

    @functools.wraps(train_step)
    def step(self, data):
        running = _running()
        if id(self) in running:  # called by a subclass's step
            return train_step(self, data)
        running[id(self)] = False
        self.training_seeds.begin_step()
        try:
            results = train_step(self, data)
            if not running[id(self)]:
                self.end_step(self.split(data, self.discriminator_steps)[-1])
            if not isinstance(results, Mapping) or not results:
                received = type(results).__name__ if results != {} else "an empty dict"
                raise UsageError(
                    "train_step() must return a dict of scalars by name, which are logged; "
                    f'received {received}. Return the losses, for example {{"g_loss": loss}}.'
                )
            return results
        finally:
            del running[id(self)]

    step.ends = True  # type: ignore[attr-defined]
    return step


def claim_end(model: keras.Model) -> bool:
    """Whether the step of a model is to be ended now; a second call within one step is not."""
    running = _running()
    if id(model) not in running:  # a loop of the user's, outside of `train_step`
        model.training_seeds.begin_step()
        return True
    first = not running[id(model)]
    running[id(model)] = True
    return first


def batch_size(batch: Mapping[str, Any]) -> Any:
    """The number of examples of a batch, an int32 scalar tensor."""
    return tf.shape(next(iter(batch.values())))[0]


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
