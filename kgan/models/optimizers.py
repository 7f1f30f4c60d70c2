"""The optimizers of the two players."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import keras
from keras.src.optimizers.base_optimizer import BaseOptimizer

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
            f"received {identifier!r}."
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


# Methods that TensorFlow's optimizers override for the variables of a strategy.
_STATELESS = (
    "assign",
    "assign_add",
    "assign_sub",
    "_apply_weight_decay",
    "_backend_update_step",
    "_var_key",
)


def _unscaled(optimizer):
    """The optimizer itself, without the scaling of the loss."""
    scales = isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
    return optimizer.inner_optimizer if scales else optimizer


class Functional:
    """An optimizer's update of the variables it was built for, as a differentiable function.

    Keras's `stateless_apply` is not there on TensorFlow, whose optimizers write to the variables of
    a strategy; with the methods of the base class they write to a stateless scope.
    """

    def __init__(self, optimizer: keras.optimizers.Optimizer, variables: list[keras.Variable]):
        optimizer = _unscaled(optimizer)
        methods = {name: getattr(BaseOptimizer, name) for name in _STATELESS}
        kind = type("Functional", (type(optimizer),), methods)
        self._optimizer: Any = object.__new__(kind)
        self._optimizer.__dict__.update(vars(optimizer))  # the same variables
        indices = {id(variable): index for index, variable in enumerate(variables)}
        self._optimizer.__dict__["_trainable_variables_indices"] = indices
        self._variables = variables

    @staticmethod
    def can_apply(optimizer: keras.optimizers.Optimizer) -> bool:
        """Whether an optimizer of its kind can be made a function."""
        optimizer = _unscaled(optimizer)
        # Nadam moves a variable of its own where the base class's method takes its place.
        own = isinstance(optimizer, keras.optimizers.Nadam)
        return not own and optimizer.gradient_accumulation_steps is None

    @property
    def state(self) -> list[Any]:
        """The values of the optimizer's variables."""
        return [variable.value for variable in self._optimizer.variables]

    def apply(self, state, gradients, weights) -> tuple[list[Any], list[Any]]:
        """The weights and the state after one update from these."""
        variables, own = self._variables, self._optimizer.variables
        pairs = [*zip(variables, weights, strict=True), *zip(own, state, strict=True)]
        with keras.StatelessScope(state_mapping=pairs) as scope:
            self._optimizer.apply(gradients, variables)

            def now(held):
                return [scope.get_current_value(variable) for variable in held]

            return now(variables), now(own)
