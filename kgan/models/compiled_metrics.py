"""The metrics of `compile(metrics=[…])`: Keras's in every step, kgan's in evaluations."""

from __future__ import annotations

import inspect
import numbers
import weakref
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kgan.errors import UsageError
from kgan.models.guard import Guard

# What every model logs.
_LOGGED = ("discriminator_loss", "generator_loss", "real_logits", "fake_logits")


class CompiledMetrics:
    """Metrics of two kinds, told apart by the arguments of their `update_state`.

    `in_graph` are Keras's, of `y_true` and `y_pred`. `streaming` are those of kgan that take `real`
    and `fake`; NumPy computes them, so that they run in evaluations alone.
    """

    def __init__(self, metrics: Any):
        if not isinstance(metrics, (list, tuple)):
            metrics = [metrics]
        self.in_graph: list[keras.metrics.Metric] = []
        self.streaming: list[keras.metrics.Metric] = []
        for metric in metrics:
            metric = _metric(metric)
            taken = inspect.signature(metric.update_state).parameters
            (self.streaming if "fake" in taken else self.in_graph).append(metric)
        names = [metric.name for metric in self.all]
        for name in names:
            if names.count(name) > 1 or name in _LOGGED:
                raise UsageError(
                    f"metrics must have names of their own; {name!r} is "
                    f"{'there already' if name in _LOGGED else 'that of two'}. Pass name=….",
                    "metrics",
                )

    @property
    def all(self) -> list[keras.metrics.Metric]:
        """Both kinds."""
        return [*self.in_graph, *self.streaming]

    def update(self, y_true, y_pred) -> None:
        """Let Keras's metrics see a batch."""
        for metric in self.in_graph:
            metric.update_state(y_true, y_pred)

    def stream(self, tensors: Mapping[str, Any], guard: Guard) -> None:
        """Let kgan's metrics see a batch; `tensors` are named as their arguments.

        Raises:
            UsageError: a metric asks for what the model's batches do not have.
        """
        for metric in self.streaming:
            asked = inspect.signature(metric.update_state).parameters
            names = [name for name in asked if name != "sample_weight"]
            missing = [name for name in names if name not in tensors]
            if missing:
                raise UsageError(
                    f"metrics must not hold {metric.name!r}: it asks for {', '.join(missing)}, "
                    "which this model's batches do not have.",
                    "metrics",
                )
            # TensorFlow never lets go of what numpy_function calls.
            weak = weakref.proxy(metric)

            def update(*arrays, weak=weak, names=names):
                guard.run(lambda: weak.update_state(**dict(zip(names, arrays, strict=True))))
                return np.int32(0)

            tf.numpy_function(update, [tensors[name] for name in names], tf.int32)

    def results(self) -> dict[str, Any]:
        """What Keras's metrics give, as tensors by name."""
        return {metric.name: metric.result() for metric in self.in_graph}

    def streamed(self) -> dict[str, float]:
        """What kgan's metrics give; several numbers of one metric under `metric_name`."""
        found: dict[str, float] = {}
        for metric in self.streaming:
            result = metric.result()
            parts = result if isinstance(result, Mapping) else {"": result}
            for name, value in parts.items():
                if isinstance(value, numbers.Real):
                    found[f"{metric.name}_{name}" if name != "" else metric.name] = float(value)
        return found


def _metric(identifier: Any) -> keras.metrics.Metric:
    """The metric that a name of Keras's stands for, or the object itself."""
    if isinstance(identifier, str) and identifier in ("accuracy", "acc"):
        identifier = keras.metrics.BinaryAccuracy(name="accuracy")
    try:
        metric = keras.metrics.get(identifier)
    except (ValueError, TypeError, KeyError):
        metric = None
    if not isinstance(metric, keras.metrics.Metric):
        raise UsageError(
            f"metrics must be a list of Keras metrics or of kgan.metrics.streaming; received "
            f"{identifier!r}. Scores by name, such as 'fd', are kgan.callbacks.Evaluate's.",
            "metrics",
        )
    return metric


def check_metrics(metrics: CompiledMetrics, replicas: int, jit_compile: bool) -> None:
    """Check that kgan's metrics can run: eagerly, on one device.

    Raises:
        UsageError: several replicas, or XLA.
    """
    if metrics.streaming and (replicas > 1 or jit_compile):
        where = f"{replicas} replicas" if replicas > 1 else "jit_compile=True"
        raise UsageError(
            f"metrics must not hold {metrics.streaming[0].name!r} with {where}: NumPy computes "
            "it. Use kgan.callbacks.Evaluate.",
            "metrics",
        )
