"""The optimizers of the two players."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import keras
import tensorflow as tf

from kgan.errors import UsageError
from kgan.precision import compute_dtypes


def get(argument: str, identifier: Any) -> keras.optimizers.Optimizer:
    """The optimizer that a name stands for, or the object itself.

    Raises:
        UsageError: it is neither.
    """
    try:
        optimizer = keras.optimizers.get(identifier)
    except (ValueError, TypeError, KeyError):  # KeyError: a dict that is no configuration
        optimizer = None
    if not isinstance(optimizer, keras.optimizers.Optimizer):
        raise UsageError(
            f'{argument} must be a Keras optimizer or the name of one, such as "adam"; '
            f"received {identifier!r}.",
            argument,
        )
    return optimizer


def trainable(networks: Iterable[keras.Model]) -> list[keras.Variable]:
    """What a player of these networks trains."""
    return [variable for network in networks for variable in network.trainable_variables]


def built(optimizer, networks: Sequence[keras.Model]) -> keras.optimizers.Optimizer:
    """A copy that belongs to the current strategy, its variables built, scaled for float16."""
    optimizer = type(optimizer).from_config(optimizer.get_config())
    scales = isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
    half = any("float16" in compute_dtypes(network) for network in networks)
    if half and not scales:
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    optimizer.build(trainable(networks))
    return optimizer


# Options that change the updates, each of which is off by default.
_OPTIONS = (
    "amsgrad",
    "centered",
    "clipnorm",
    "clipvalue",
    "global_clipnorm",
    "gradient_accumulation_steps",
    "loss_scale_factor",
    "use_ema",
    "weight_decay",
)


def check_functional(argument: str, optimizer: keras.optimizers.Optimizer) -> None:
    """Refuse an optimizer whose updates `Functional` cannot compute.

    Raises:
        UsageError: it is not an Adam, RMSprop or SGD without further options.
    """
    optimizer = _unscaled(optimizer)
    options = {name: getattr(optimizer, name, None) for name in _OPTIONS}
    chosen = ", ".join(f"{name}={value!r}" for name, value in options.items() if value)
    if chosen or type(optimizer) not in _RULES:
        raise UsageError(
            f"{argument} must be one of Adam, RMSprop and SGD without {', '.join(_OPTIONS)}; "
            f"received {type(optimizer).__name__}({chosen}). Leave the option out or take another "
            "optimizer.",
            argument,
        )


class Functional:
    """The updates of an optimizer that `check_functional` accepts, as a differentiable function.

    Keras's `stateless_apply` is missing on TensorFlow. `state` and `apply` hold the values of
    `optimizer.variables`, in the same order.
    """

    def __init__(self, optimizer: keras.optimizers.Optimizer, variables: list[keras.Variable]):
        self._optimizer = _unscaled(optimizer)
        self._variables = variables
        self._rule: Any
        self._rule, slots = _RULES[type(self._optimizer)]
        names = [variable.name for variable in self._optimizer.variables]
        # Where the state holds what belongs to each variable.
        found = [
            [index for index, name in enumerate(names) if name.endswith(f"_{slot}")]
            for slot in slots
        ]
        self._slots = list(zip(*filter(None, found), strict=True)) or [()] * len(variables)

    @property
    def state(self) -> list[Any]:
        """The values of the optimizer's variables, the count of its updates first."""
        return [variable.value for variable in self._optimizer.variables]

    def apply(self, state, gradients, weights) -> tuple[list[Any], list[Any]]:
        """The weights and the state after one update from these."""
        optimizer, state, moved = self._optimizer, list(state), []
        # A schedule reads the count of updates from the scope.
        with keras.StatelessScope(state_mapping=[(optimizer.iterations, state[0])]):
            rate = tf.convert_to_tensor(optimizer.learning_rate)
        state[0] = state[0] + 1
        parts = zip(self._variables, gradients, weights, self._slots, strict=True)
        for variable, gradient, weight, indices in parts:
            now = [tf.cast(value, weight.dtype) for value in (rate, state[0], gradient)]
            change, own = self._rule(optimizer, *now, *(state[index] for index in indices))
            for index, value in zip(indices, own, strict=True):
                state[index] = value
            weight = weight + change
            moved.append(weight if variable.constraint is None else variable.constraint(weight))
        return moved, state


def _adam(optimizer, rate, step, gradient, momentum, velocity):
    momentum = momentum + (gradient - momentum) * (1 - optimizer.beta_1)
    velocity = velocity + (gradient**2 - velocity) * (1 - optimizer.beta_2)
    rate = rate * tf.sqrt(1 - optimizer.beta_2**step) / (1 - optimizer.beta_1**step)
    return -rate * momentum / (tf.sqrt(velocity) + optimizer.epsilon), [momentum, velocity]


def _rmsprop(optimizer, rate, step, gradient, velocity, momentum=None):
    velocity = optimizer.rho * velocity + (1 - optimizer.rho) * gradient**2
    change = -rate * gradient / tf.sqrt(velocity + optimizer.epsilon)
    if momentum is None:
        return change, [velocity]
    momentum = optimizer.momentum * momentum - change
    return -momentum, [velocity, momentum]


def _sgd(optimizer, rate, step, gradient, momentum=None):
    change = -rate * gradient
    if momentum is None:
        return change, []
    momentum = optimizer.momentum * momentum + change
    return optimizer.momentum * momentum + change if optimizer.nesterov else momentum, [momentum]


# The update of one weight, and the names of the variables that Keras keeps for each weight.
_RULES = {
    keras.optimizers.Adam: (_adam, ("momentum", "velocity")),
    keras.optimizers.RMSprop: (_rmsprop, ("velocity", "momentum")),
    keras.optimizers.SGD: (_sgd, ("momentum",)),
}


def _unscaled(optimizer):
    """The optimizer itself, without the scaling of the loss."""
    scales = isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
    return optimizer.inner_optimizer if scales else optimizer
