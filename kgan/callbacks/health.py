"""Detects failure modes of a GAN while it trains."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kgan.callbacks import indicators, probe
from kgan.callbacks.chief import check_ends_together, is_chief
from kgan.callbacks.failure_modes import Finding, Snapshot, Watch, range_words
from kgan.callbacks.reals import check_model, held_out_rows, training_rows
from kgan.callbacks.series import LONGEST_PERIOD, Series
from kgan.callbacks.stop_on_nan import NonFiniteLossError, StopOnNaN
from kgan.checks import check_flag, check_integer, check_path
from kgan.errors import UsageError
from kgan.files import atomic_write
from kgan.metrics.check import check_features
from kgan.metrics.diversity import mean_pairwise_distance
from kgan.metrics.manifold import precision_recall
from kgan.networks.last_activation import range_problems

_CLUSTERS = 20
FEWEST = 4  # images for which recall is defined
_LOGGED = (
    *("diversity", "recall", "modes", "separation", "train_separation", "overfitting"),
    *("gradient", "slope", "oscillation"),
)


class Health(keras.callbacks.Callback):
    """Reports what goes wrong between both players, with the epoch and what to try.

    It detects mode collapse, oscillation, a discriminator that has won, an overfitting
    discriminator, vanishing gradients of the generator, divergence, NaN, and networks that end in
    an activation of the wrong range; `kgan.callbacks.failure_modes` holds the rules. It prints one
    line per failure mode and episode and keeps them in `findings`
    (`kgan.callbacks.failure_modes.Finding`); `report()` returns all of them as text. A `fit` from
    epoch 0 starts a new list; one with `initial_epoch` continues it. The indicators are logged as
    `health_…`, and so reach the history, `kgan.callbacks.History` and TensorBoard.

    An indicator must hold in two consecutive snapshots, in three for collapse. Collapse and a
    discriminator that has won are not reported in the first three snapshots, nor while the fakes'
    diversity still grows. Oscillations with periods of 3 to 85 steps are detected in the last 512
    steps (calls, with `steps_per_execution`). A `tf.data.Dataset` may repeat its order, so periods
    that divide its epoch are ignored. Under `tf.distribute` only the chief measures and reports.
    Failure modes that need a loss or logit which `train_step` does not log are left out.

    The training stays the same, bit for bit, with one exception: the callback reads reals from a
    shuffled `tf.data.Dataset` once more, which advances its order.

    Args:
        held_out: images that the training does not use, as for `gan.evaluate`; without them an
            overfitting discriminator is not detected.
        every_epochs: epochs between two snapshots.
        samples: number of reals and of fakes that a snapshot compares.
        features: a function from images `(n, height, width, channels)` to the features `(n, d)` in
            which fakes are compared with reals, for example `extractor.features`. The default is
            the mean of each block, at most 8 blocks per side.
        folder: the folder of `health.json`, from which a resumed run continues; None writes none.
        stop: end the training at the first finding.

    Example:
        >>> health = kgan.callbacks.Health(held_out=images[32:])
        >>> gan.fit(images[:32], epochs=20, callbacks=[health])
        >>> print(health.report())

    Raises:
        UsageError: a count out of range; when training begins, `held_out` of another kind than the
            model takes, features of another shape, or `stop` under a multi-worker strategy.
        OSError: the file cannot be written.
    """

    adds_logs = True  # `GAN.fit` calls it before the callbacks that read them

    def __init__(
        self,
        held_out: Any = None,
        every_epochs: int = 1,
        samples: int = 256,
        features: Callable[[np.ndarray], Any] | None = None,
        folder: str | Path | None = None,
        stop: bool = False,
    ):
        super().__init__()
        self.held_out = held_out
        self.every_epochs = check_integer("every_epochs", every_epochs, 1)
        self.samples = check_integer("samples", samples, 16)
        if features is not None and not callable(features):
            raise UsageError(
                f"features must be a function from images to features; received {features!r}. "
                "For an extractor, pass kgan.metrics.extractors.get(…).features.",
                "features",
            )
        self.features = features
        self.folder = None if folder is None else check_path("folder", folder)
        self.stop = check_flag("stop", stop)
        self.watch = Watch()
        self._broken = StopOnNaN()
        self._probe: probe.Probe | None = None

    @property
    def findings(self) -> list[Finding]:
        """The findings in the order of their epochs."""
        return sorted(self.watch.findings, key=lambda finding: finding.epoch)

    def report(self) -> str:
        """All findings as text, one per line."""
        if self.findings:
            return "\n".join(map(str, self.findings))
        snapshots = self.watch.snapshots
        last = (
            f"snapshots: {len(snapshots)}, up to epoch {snapshots[-1]['epoch']}"
            if snapshots
            else ""
        )
        return f"nothing found ({last or 'no snapshot yet'})"

    # -- what `fit` calls ----------------------------------------------------------------------

    def on_train_begin(self, logs=None):
        check_model(self)
        strategy = self.model.distribute_strategy
        check_ends_together(strategy, "stop", False, self.stop, "Read `findings` instead.")
        self._chief = is_chief(strategy)
        self._first = True
        data = self.model._data
        self._begin = data.start
        # The period with which a data set that is not shuffled repeats its order, in calls.
        epoch = data.steps_per_epoch / self.model.steps_per_execution
        self._order_period = None if data.shuffled else epoch
        self._broken.set_model(self.model)
        if not self._chief:
            return
        self.reals = training_rows(self.model, self.samples)
        known = len(self.reals[self.model.output_name])
        if known < FEWEST:
            raise UsageError(
                f"x must hold at least {FEWEST} images for Health; received {known}. Pass more "
                "images, or leave Health out.",
                "x",
            )
        self._held_out_rows = None
        if self.held_out is not None:
            self._held_out_rows = held_out_rows(self.model, self.held_out, self.samples, "held_out")
        if self._probe is None or self._probe.compiled is not self.model._compile_arguments:
            self._probe = probe.Probe(self.model)
        self._inputs = probe.inputs_for(self.model, self.reals, seed=0)
        self._real_features = self._featured(self.reals[self.model.output_name])
        loss = self.model.two_player_loss
        # The loss of a discriminator that gives all images the same, best logit.
        levels = np.linspace(-1, 1, 9, dtype=np.float32).reshape(-1, 1, 1)
        self._chance = min(float(loss.discriminator(level, level)) for level in levels)
        # A 1-Lipschitz critic separates two images by no more than their distance, at most this.
        widest = 2 * math.sqrt(math.prod(self.model.image_shape))
        self._bound = 10 * max(self._chance, widest)
        count = min(_CLUSTERS, len(self._real_features))
        self._centres = indicators.cluster_centres(self._real_features, count)

    def on_epoch_begin(self, epoch, logs=None):
        self._broken.on_epoch_begin(epoch)
        if self._first:
            self.series = Series()
            broken = [
                one for one in self.findings if one.failure_mode == "nan" and one.epoch <= epoch
            ]
            self.watch = self._before(epoch)
            for one in broken:
                self.watch.broken(one.epoch, one.words)
            if self._chief:
                problems = range_problems(self.model.generator, self.model.discriminator)
                self._report(self.watch.note(epoch + 1, "range", problems))
        self.series.start_epoch()
        self._first = False
        self._begin = max(self._begin - epoch * self.params["steps"], 0)

    def on_train_batch_end(self, batch, logs=None):
        # A resumed run skips the steps before `begin`.
        if not self._chief or batch + 1 <= self._begin:
            return
        self.series.add(logs, batch + 1)
        self._report_nan(self._broken.on_train_batch_end, batch, logs)

    def on_epoch_end(self, epoch, logs=None):
        if not self._chief:
            return
        self._begin = 0
        self.series.end_epoch()
        last = epoch + 1 == self.params["epochs"]
        if (epoch + 1) % self.every_epochs and not last:
            return
        self._report_nan(self._broken.on_epoch_end, epoch)
        snapshot = {"epoch": epoch + 1, **self.measure()}
        words = range_words(*self._fake_range, float(self.reals[self.model.output_name].min()))
        self._report(self.watch.note(epoch + 1, "range", words))
        if logs is not None:
            logs.update({f"health_{name}": snapshot[name] for name in _LOGGED if name in snapshot})
        self._report(self.watch.see(snapshot))
        if self.folder is not None:
            self._write()

    # -- measurement -------------------------------------------------------------------------

    def measure(self) -> Snapshot:
        """The current indicators by name, without those that are not finite or do not apply."""
        if self._probe is None:
            raise UsageError("measure() needs a training: pass this callback to gan.fit first.")
        snapshot = self._of_series()
        images = self._probe.images(self._inputs)
        self._fake_range = float(images.min()), float(images.max())
        if np.isfinite(images).all():
            snapshot |= self._of_fakes(images)
            snapshot |= self._of_players()
        return {name: value for name, value in snapshot.items() if math.isfinite(value)}

    def _of_series(self) -> Snapshot:
        gan = self.model
        # Lazy penalties have a period of their own. A value covers a call, which may be many steps.
        updates = gan.discriminator_steps * gan.steps_per_execution
        periods = [penalty.interval / updates for penalty in gan.penalties]
        # The overtones of a longer epoch would cover the whole spectrum.
        if self._order_period is not None and self._order_period <= LONGEST_PERIOD:
            periods.append(self._order_period)
        found = self.series.snapshot(periods, gan.steps_per_execution)
        return {"chance": self._chance, "bound": self._bound, **found}

    def _of_fakes(self, images: np.ndarray) -> Snapshot:
        fakes, reals = self._featured(images), self._real_features
        spread = mean_pairwise_distance(reals)
        modes = [indicators.effective_modes(images, self._centres) for images in (fakes, reals)]
        return {
            "diversity": mean_pairwise_distance(fakes) / spread if spread else math.nan,
            "recall": precision_recall(reals, fakes, constant=True)[1],
            "modes": modes[0] / modes[1],
        }

    def _of_players(self) -> Snapshot:
        gan = self.model
        assert self._probe is not None
        real, fake, held_out = self._probe.logits(self.reals, self._inputs, self._held_out_rows)
        if not all(np.isfinite(logits).all() for logits in (real, fake, held_out)):
            return {}
        snapshot = {"separation": indicators.separation(real, fake)}
        if len(held_out):
            snapshot["overfitting"] = indicators.overfitting(real, held_out, fake)
            snapshot["train_separation"] = indicators.separation(real, held_out)
            snapshot["held_out"] = float(len(held_out))
        rows, inputs = (next(probe.chunks(each, gan.pack)) for each in (self.reals, self._inputs))
        snapshot["gradient"], snapshot["slope"] = self._probe.gradients(rows, inputs)
        return snapshot

    def _featured(self, images: np.ndarray) -> np.ndarray:
        if self.features is None:
            return indicators.pooled(images)
        made = check_features("features", self.features(images))
        if len(made) != len(images):
            raise UsageError(
                f"features must return one row per image; received {len(made)} rows for "
                f"{len(images)} images. Average over height and width, for example.",
                "features",
            )
        return made

    # -- reports and files --------------------------------------------------------------------

    def _report_nan(self, check: Callable, *arguments: Any) -> None:
        try:
            check(*arguments)
        except NonFiniteLossError as error:
            self._report(self.watch.broken(self._broken.epoch + 1, str(error)))

    def _report(self, findings: list[Finding]) -> None:
        for finding in findings:
            print(f"\n{finding}", flush=True)
        if findings and self.stop:
            self.model.stop_training = True

    def _before(self, epoch: int) -> Watch:
        """The snapshots up to an epoch, of an earlier run in the folder or an earlier `fit`."""
        path = None if self.folder is None else self.folder / "health.json"
        snapshots = self.watch.snapshots if path is None else []
        try:
            if path is not None and path.exists():
                snapshots = json.loads(path.read_text())
            return Watch([snapshot for snapshot in snapshots if snapshot["epoch"] <= epoch])
        except (ValueError, KeyError, TypeError) as error:
            warnings.warn(f"{path} is damaged ({error}); its snapshots are ignored.", stacklevel=2)
            return Watch()

    def _write(self) -> None:
        assert self.folder is not None
        with atomic_write(self.folder / "health.json") as temporary:
            temporary.write_text(json.dumps(self.watch.snapshots) + "\n")
