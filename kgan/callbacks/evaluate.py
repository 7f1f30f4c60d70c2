"""Scores of the averaged generator while it trains; the best one is kept."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import keras

from kgan.callbacks import tensorboard
from kgan.callbacks.chief import check_ends_together, is_chief
from kgan.callbacks.reals import check_model
from kgan.checks import check_integer, check_path
from kgan.errors import UsageError, unknown_name
from kgan.files import atomic_write
from kgan.metrics.evaluator import Evaluator


class Evaluate(keras.callbacks.Callback):
    """Measures the averaged generator every few epochs, and keeps the best.

    The losses of a GAN do not say when to stop; a score of its images does. Every score goes into
    the epoch's logs under its name, so that the history, `kgan.callbacks.History` and Keras's
    `TensorBoard` show it: `fit` calls this callback before those. The latents are the same in
    every evaluation.

    The best generator so far is saved to `best`, with its score and epoch in a `.json` file of the
    same name. A resumed run continues from it, including the patience, and so does a second `fit`
    with the same callback.

    Args:
        data: the real images: what `kgan.data.load` returns, or takes as its source.
        metrics: names in `kgan.metrics.measures.MEASURES`.
        every_epochs: epochs between two evaluations; the last epoch has one, too.
        samples: generated images; a Fréchet distance is comparable only with one of equally many.
        seed: of the latents.
        monitor: the score that says which generator is best; by default the first one that has a
            better direction.
        best: a `.keras` file for the best generator's GAN; None to keep none.
        patience: end the training after this many evaluations without improvement; None never does.
        extractor: as in `kgan.metrics.Evaluator`.
        inputs: as in `SampleGrid`.
        tensorboard: a log folder for TensorBoard, which need not be installed; None for none.

    Example:
        >>> best = kgan.callbacks.Evaluate("fashion_mnist", ["fd"], best="best.keras", patience=5)
        >>> history = gan.fit(images, epochs=50, callbacks=[best])
        >>> distances = history.history["fd"]

    Raises:
        UsageError: an unknown metric or score, a count out of range; when training begins, a model
            or data without what a metric needs, or `patience` under a multi-worker strategy.
        OSError: a file cannot be written.
    """

    adds_logs = True  # `GAN.fit` calls it before the callbacks that read them

    def __init__(
        self,
        data: Any = None,
        metrics: str | Iterable[str] = ("fd",),
        *,
        every_epochs: int = 1,
        samples: int = 1000,
        seed: int = 0,
        monitor: str | None = None,
        best: str | Path | None = None,
        patience: int | None = None,
        extractor: Any = None,
        inputs: Mapping[str, Any] | None = None,
        tensorboard: str | Path | None = None,
    ):
        super().__init__()
        self.evaluator = Evaluator(
            data,
            metrics,
            samples=samples,
            seed=seed,
            repeats=1,
            extractor=extractor,
            inputs=inputs,
            by_class=False,
        )
        self.every_epochs = check_integer("every_epochs", every_epochs, 1)
        self.patience = None if patience is None else check_integer("patience", patience, 1)
        self.best = None if best is None else check_path("best", best, of=".keras file")
        if self.best is not None and self.best.suffix != ".keras":
            raise UsageError(f"best={str(best)!r} must end in .keras.", "best")
        self.tensorboard = None if tensorboard is None else check_path("tensorboard", tensorboard)
        directions = self.evaluator.directions
        known = [name for name, lower in directions.items() if lower is not None]
        self.monitor = (known or list(directions))[0] if monitor is None else monitor
        if not isinstance(self.monitor, str) or self.monitor not in directions:
            raise unknown_name("monitor", self.monitor, directions)
        lower_is_better = directions[self.monitor]
        if lower_is_better is None and (best is not None or patience is not None):
            raise UsageError(
                f"monitor={self.monitor!r} has no better direction, so none is best; monitor "
                "another score.",
                "monitor",
            )
        self._sign = -1.0 if lower_is_better else 1.0
        self.best_value = -self._sign * math.inf
        self.best_epoch = 0
        self._waited = 0  # evaluations since the best
        self._epoch = 0

    def on_train_begin(self, logs=None):
        check_model(self)
        strategy, fix = self.model.distribute_strategy, "Take the best model instead."
        check_ends_together(strategy, "patience", None, self.patience, fix)
        # Raises what the user can fix now. Later a score may be missing, but training continues.
        self.evaluator.prepare(self.model)
        self._first = True

    def on_epoch_begin(self, epoch, logs=None):
        if self._first:
            self._restore(epoch)
            self._first = False

    def on_epoch_end(self, epoch, logs=None):
        self._epoch = epoch + 1
        last = epoch + 1 == self.params["epochs"]
        if (epoch + 1) % self.every_epochs and not last:
            return
        values = self.measure()
        if logs is not None:
            logs.update(values)
        if self.tensorboard is not None and is_chief(self.model.distribute_strategy):
            points = [tensorboard.scalar(name, value) for name, value in values.items()]
            tensorboard.write(self.tensorboard, points, step=epoch + 1)
        value = values[self.monitor]
        if self._sign * value > self._sign * self.best_value:  # never if it is NaN
            self.best_value, self.best_epoch, self._waited = value, epoch + 1, 0
            self._keep()
        else:
            self._waited += 1
            if self.patience is not None and self._waited >= self.patience:
                self.model.stop_training = True

    def measure(self) -> dict[str, float]:
        """The scores by name; NaN for images without a score, such as identical ones."""
        try:
            return {score.name: score.value for score in self.evaluator(self.model).scores}
        except UsageError as error:
            warnings.warn(f"Epoch {self._epoch} has no score: {error}", stacklevel=2)
            return dict.fromkeys(self.evaluator.directions, math.nan)

    def _keep(self) -> None:
        """Save the best GAN so far, and its score and epoch beside it."""
        if self.best is None or not is_chief(self.model.distribute_strategy):
            return
        self.model.save(self.best)
        record = {"score": self.monitor, "value": self.best_value, "epoch": self.best_epoch}
        with atomic_write(self.best.with_suffix(".json")) as temporary:
            temporary.write_text(json.dumps(record) + "\n", encoding="utf-8")

    def _restore(self, epochs: int) -> None:
        """Continue from the record of a run up to an epoch; later evaluations are repeated."""
        if not epochs or self.best is None or not self.best.is_file():
            return
        record = self.best.with_suffix(".json")
        if not record.is_file():
            return
        try:
            kept = json.loads(record.read_text(encoding="utf-8"))
            value, epoch, score = float(kept["value"]), int(kept["epoch"]), kept["score"]
        except (ValueError, KeyError, TypeError) as error:
            warnings.warn(
                f"{record} is damaged ({error}); the best so far is ignored.", stacklevel=2
            )
            return
        if score == self.monitor and epoch <= epochs:
            self.best_value, self.best_epoch = value, epoch
            self._waited = -(-(epochs - epoch) // self.every_epochs)
