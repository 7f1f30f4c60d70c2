"""The optimizers of the two players."""

from __future__ import annotations

from typing import Any

import keras

from kgan.errors import UsageError
from kgan.precision import compute_dtypes


def get(argument: str, identifier: Any) -> keras.optimizers.Optimizer:
    """The optimizer that a name or None (DCGAN's Adam) stands for, or the object itself."""
    if identifier is None:
        return keras.optimizers.Adam(2e-4, beta_1=0.5)
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


def built(optimizer, network: keras.Model, variables) -> keras.optimizers.Optimizer:
    """A copy that belongs to the current strategy, its variables built, scaled for float16."""
    optimizer = type(optimizer).from_config(optimizer.get_config())
    scales = isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
    if "float16" in compute_dtypes(network) and not scales:
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    optimizer.build(variables)
    return optimizer
