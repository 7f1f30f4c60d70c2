"""What a model logs: the means of its losses and diagnostics, and metrics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from kgan.errors import UsageError
from kgan.models.compiled_metrics import CompiledMetrics
from kgan.models.guard import Guard
from kgan.models.step_log import StepLog, Weighted
from kgan.models.stored_model import StoredModel


class LoggedModel(StoredModel):
    """Base class: players whose losses, diagnostics and metrics are logged by name."""

    def __init__(self, ema_halflife_images: float | None, seed: int, name: str | None = None):
        super().__init__(ema_halflife_images, seed, name)
        # A StepLog each once `compile` was called.
        self._train_log: Any = None
        self._test_log: Any = None
        # Which player has a loss of this name.
        self._loss_owners: dict[str, str] = {}
        self._compiled_metrics = CompiledMetrics([])
        self._guard = Guard()

    def _begin_logs(self, metrics: CompiledMetrics) -> None:
        """Forget what was logged for another `compile`."""
        self._train_log, self._test_log = StepLog("train_log"), StepLog("test_log")
        self._loss_owners, self._compiled_metrics = {}, metrics

    @property
    def metrics(self):
        """The means that `fit` and `evaluate` log, and the metrics of `compile`."""
        logs = [log for log in (self._train_log, self._test_log) if log is not None]
        return [*logs, *self._compiled_metrics.all]

    def get_metrics_result(self) -> dict[str, Any]:
        """Nothing, so that Keras shows what the last step returned.

        It would show this in its place where both have the same names, but cannot know whether it
        is a training step's or an evaluation's.
        """
        return {}

    @property
    def metrics_names(self) -> list[str]:
        """The names of what a step logs and `evaluate(return_dict=False)` returns, in its order."""
        names = [name for log in (self._train_log, self._test_log) if log for name in log.names]
        return list(dict.fromkeys([*names, *(each.name for each in self._compiled_metrics.all)]))

    @property
    def logged(self) -> list[str]:
        """The names that a training step logs, in the order in which it computes them."""
        return [] if self._train_log is None else list(self._train_log.names)

    def log(
        self, player: str, losses, regularizers=None, log: StepLog | None = None, weight: Any = 1.0
    ):
        """Log a player's losses and their sum, which is returned.

        `weight` is that of the batch in the means of an evaluation.

        Raises:
            UsageError: the losses have no names, or one that another player's have.
        """
        if not isinstance(losses, Mapping) or not losses:
            received = "an empty dict" if isinstance(losses, Mapping) else type(losses).__name__
            raise UsageError(
                f"losses() must return a dict of scalars by name; received {received}. Return at "
                f'least one for the {player}, such as {{f"{{player}}_loss": loss}}.'
            )
        for name in losses:
            owner = self._loss_owners.setdefault(name, player)
            if owner != player:
                raise UsageError(
                    f"losses() must give each loss its own name; both {owner} and {player} have "
                    f'{name!r}. Use f"{{player}}_{name}".'
                )
        plain = {
            name: loss.value if isinstance(loss, Weighted) else loss
            for name, loss in losses.items()
        }
        total = sum(plain.values())
        named = {**(regularizers or {}), f"{player}_loss": total}
        named |= {name: loss for name, loss in losses.items() if name not in named}
        (log or self._train_log).update_state(named, weight)
        return total

    def diagnostics(self, real, fake) -> dict[str, Any]:
        """Scalars, or `Weighted` ones, that are logged and not minimised."""
        raise NotImplementedError

    def measure(self, real, fake, log: StepLog, weight: Any = 1.0) -> None:
        """Log the diagnostics of two batches with outputs, and let Keras's metrics see them."""
        log.update_state(self.diagnostics(real, fake), weight)
        if self._compiled_metrics.in_graph:
            self._compiled_metrics.update(*self.metric_arguments(real, fake))

    def results(self, log) -> dict[str, Any]:
        """The means of a log by name, as `fit` shows them."""
        results = log.result() | self._compiled_metrics.results()
        strategy = self.distribute_strategy
        several = strategy.num_replicas_in_sync > 1
        if several and isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
            # Keras averages over workers along axis 0, which a scalar lacks.
            results = {name: tf.reshape(value, (1,)) for name, value in results.items()}
        return results

    def metric_arguments(self, real, fake) -> tuple[Any, Any]:
        """`y_true` and `y_pred` of Keras's metrics, from both batches with their outputs.

        1 for real examples and 0 for fakes, and the sigmoid of the logits.
        """
        logits = [tf.reshape(batch["logit"], (-1,)) for batch in (real, fake)]
        true = [tf.ones_like(logits[0]), tf.zeros_like(logits[1])]
        return tf.concat(true, 0), tf.sigmoid(tf.concat(logits, 0))

    def metric_tensors(self, real, fake) -> dict[str, Any]:
        """What the metrics of `kgan.metrics.streaming` may ask for, by their arguments."""
        output = next(iter(self.output_signature))
        tensors = {"real": real[output], "fake": fake[output]}
        label = self.batch_signature.label
        if label is not None:
            tensors[f"real_{label.argument}"] = real[label.name]
            if label.name in fake:
                tensors |= dict.fromkeys(
                    (f"fake_{label.argument}", label.argument), fake[label.name]
                )
        return tensors

    def state(self) -> dict[str, list[keras.Variable]]:
        found = super().state()
        found["log"] = [] if self._train_log is None else self._train_log.variables
        for metric in self._compiled_metrics.in_graph:
            found[f"metrics/{metric.name}"] = metric.variables
        return found
