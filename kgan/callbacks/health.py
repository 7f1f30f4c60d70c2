"""What both players do, in words, while they train."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kgan.callbacks import probe, signs
from kgan.callbacks.chief import check_ends_together, is_chief
from kgan.callbacks.illnesses import SERIES, Finding, Look, Watch, strongest_swing
from kgan.callbacks.reals import check_model, held_out_rows, training_rows
from kgan.callbacks.stop_on_nan import NonFiniteLossError, StopOnNaN
from kgan.checks import check_flag, check_integer, check_path
from kgan.errors import UsageError
from kgan.files import replacing
from kgan.metrics.check import check_features
from kgan.metrics.diversity import mean_pairwise_distance
from kgan.metrics.manifold import precision_recall

WINDOW = 512  # values of each series that the spectrum is taken of
_LONGEST = WINDOW // 6  # period that shows in the spectrum
_CELLS = 20
FEWEST = 4  # images that recall can be told of
_LOGGED = (
    *("diversity", "recall", "modes", "separation", "recognised", "memorised"),
    *("gradient", "slope", "oscillation"),
)


class Health(keras.callbacks.Callback):
    """Says in words, with the epoch, what goes wrong between both players and what to try.

    It sees collapse, oscillation, a discriminator that has won or that knows its images by heart,
    vanishing gradients of the generator, divergence and NaN; `kgan.callbacks.illnesses` says by
    which signs. What it finds is printed as one line an illness and episode, and kept in `findings`
    (`kgan.callbacks.illnesses.Finding`); `report()` is all of it as text. A `fit` from epoch 0
    begins a new list, one with `initial_epoch` goes on. The signs go into the logs as `health_…`,
    and so into the history, `kgan.callbacks.History` and TensorBoard.

    A sign must hold in two looks running, in three for collapse, and while the fakes still get more
    diverse neither collapse nor a discriminator that has won is told, nor in the first three looks.
    Swings are looked for in the last 512 steps (calls, with `steps_per_execution`), in which those
    of 3 to 85 show; of a `tf.data.Dataset`, whose order may repeat itself, all but those that
    divide an epoch. Under `tf.distribute` the chief alone looks and speaks. The training stays as
    it is, draw by draw, unless its data is a shuffled `tf.data.Dataset`: to take the reals from it
    once more moves its order on.

    Args:
        held_out: images that the training does not see, as for `gan.evaluate`; without them nothing
            is said of a discriminator that knows its images by heart.
        every_epochs: epochs between two looks at images and gradients.
        num_samples: reals and fakes that a look compares.
        features: a function from images `(n, height, width, channels)` to features `(n, d)` in
            which fakes are compared with reals, `extractor.features` say; by default block means,
            at most 8 a side.
        folder: where `health.json` goes, from which a resumed run goes on; None for none.
        stop: end the training at the first finding.

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
        num_samples: int = 256,
        features: Callable[[np.ndarray], Any] | None = None,
        folder: str | Path | None = None,
        stop: bool = False,
    ):
        super().__init__()
        self.held_out = held_out
        self.every_epochs = check_integer("every_epochs", every_epochs, 1)
        self.num_samples = check_integer("num_samples", num_samples, 16)
        if features is not None and not callable(features):
            raise UsageError(
                f"features must be a function from images to features; received {features!r}. "
                "Of an extractor pass kgan.metrics.extractors.get(…).features."
            )
        self.features = features
        self.folder = None if folder is None else check_path("folder", folder)
        self.stop = check_flag("stop", stop)
        self.watch = Watch()
        self._broken = StopOnNaN()
        self._probe: probe.Probe | None = None

    @property
    def findings(self) -> list[Finding]:
        """What was found, in the order of the epochs."""
        return sorted(self.watch.findings, key=lambda finding: finding.epoch)

    def report(self) -> str:
        """All findings as text, a line each."""
        if self.findings:
            return "\n".join(map(str, self.findings))
        looks = self.watch.looks
        seen = f"{len(looks)} looks up to epoch {looks[-1]['epoch']}" if looks else "no look yet"
        return f"nothing found ({seen})"

    # -- what `fit` calls ----------------------------------------------------------------------

    def on_train_begin(self, logs=None):
        check_model(self)
        strategy = self.model.distribute_strategy
        check_ends_together(strategy, "stop", False, self.stop, "Read `findings` instead.")
        self._chief = is_chief(strategy)
        self._first = True
        self._begin = self.model._feed.start
        self._broken.set_model(self.model)
        if not self._chief:
            return
        self.reals = training_rows(self.model, self.num_samples)
        if len(self.reals["image"]) < FEWEST:
            raise UsageError(
                f"x must hold at least {FEWEST} images for Health; received "
                f"{len(self.reals['image'])}. Pass more images, or leave Health out."
            )
        self._apart = None
        if self.held_out is not None:
            self._apart = held_out_rows(self.model, self.held_out, self.num_samples, "held_out")
        if self._probe is None or self._probe.compiled is not self.model._compile_arguments:
            self._probe = probe.Probe(self.model)
        self._inputs = probe.inputs_for(self.model, self.reals, seed=0)
        self._real_features = self._featured(self.reals["image"])
        loss = self.model.two_player_loss
        # What a discriminator pays that gives all images the same logit, the best one.
        levels = np.linspace(-1, 1, 9, dtype=np.float32).reshape(-1, 1, 1)
        self._chance = min(float(loss.discriminator(level, level)) for level in levels)
        # No critic of slope 1 puts images further apart than their own distance, at most this.
        widest = 2 * math.sqrt(math.prod(self.model.image_shape))
        self._bound = 10 * max(self._chance, widest)
        count = min(_CELLS, len(self._real_features))
        self._cells = signs.cells(self._real_features, count)

    def on_epoch_begin(self, epoch, logs=None):
        self._broken.on_epoch_begin(epoch)
        self._means: list[list[float]] = []
        self._counts: list[int] = []
        if self._first:
            self.series = {name: np.zeros(0) for name in SERIES}
            broken = [one for one in self.findings if one.illness == "nan" and one.epoch <= epoch]
            self.watch = self._before(epoch)
            for one in broken:
                self.watch.broken(one.epoch, one.words)
        self._first = False
        self._begin = max(self._begin - epoch * self.params["steps"], 0)

    def on_train_batch_end(self, batch, logs=None):
        # The steps before `begin` are those that a resumed run passes over.
        if not self._chief or batch + 1 <= self._begin:
            return
        # Several workers log arrays of one number.
        self._means.append([float(np.squeeze(logs[name])) for name in SERIES])
        self._counts.append(batch + 1)
        if not all(map(math.isfinite, self._means[-1])):
            self._say_broken(self._broken.on_train_batch_end, batch, logs)

    def on_epoch_end(self, epoch, logs=None):
        if not self._chief:
            return
        self._begin = 0
        if self._counts:
            self._extend()
        last = epoch + 1 == self.params["epochs"]
        if (epoch + 1) % self.every_epochs and not last:
            return
        self._say_broken(self._broken.on_epoch_end, epoch)
        look = {"epoch": epoch + 1, **self.measure()}
        if logs is not None:
            logs.update({f"health_{name}": look[name] for name in _LOGGED if name in look})
        self._say(self.watch.see(look))
        if self.folder is not None:
            self._write()

    # -- what is measured ----------------------------------------------------------------------

    def measure(self) -> Look:
        """The signs as they are now, by name; those that cannot be had are left out."""
        if self._probe is None:
            raise UsageError("measure() looks at a training: pass this callback to fit before.")
        look = self._of_series()
        images = self._probe.images(self._inputs)
        if np.isfinite(images).all():
            look |= self._of_fakes(images)
            look |= self._of_players()
        return {name: value for name, value in look.items() if math.isfinite(value)}

    def _of_series(self) -> Look:
        gan = self.model
        look: Look = {"chance": self._chance, "bound": self._bound}
        # Lazy penalties make a rhythm of their own; a value is a call's, which may be many steps.
        updates = gan.discriminator_steps * gan.steps_per_execution
        rhythms = [penalty.interval / updates for penalty in gan.penalties]
        feed = gan._feed
        assert feed is not None  # `fit` has made it
        epoch = feed.steps_per_epoch / gan.steps_per_execution
        # Of a longer epoch a penalty's width of a line would cover the spectrum.
        if not feed.shuffled and epoch <= _LONGEST:
            rhythms.append(epoch)
        for name in SERIES:
            series = self.series[name]
            if not len(series) or not np.isfinite(series).all():
                continue
            look[name] = float(np.median(series[-len(self._counts) :]))
            peak = signs.spectral_peak(series, [period for period in rhythms if period > 2])
            if peak is not None:
                peak = peak._replace(period=peak.period * gan.steps_per_execution)
                look |= {f"{name}_{key}": value for key, value in peak._asdict().items()}
        if any(f"{name}_share" in look for name in SERIES):
            swing = strongest_swing(look)
            look["oscillation"] = swing["share"] if swing else 0.0
        return look

    def _of_fakes(self, images: np.ndarray) -> Look:
        fakes, reals = self._featured(images), self._real_features
        spread = mean_pairwise_distance(reals)
        return {
            "diversity": mean_pairwise_distance(fakes) / spread if spread else math.nan,
            "recall": precision_recall(reals, fakes, constant=True)[1],
            "modes": signs.evenness(fakes, self._cells) / signs.evenness(reals, self._cells),
        }

    def _of_players(self) -> Look:
        gan = self.model
        assert self._probe is not None
        real, fake, apart = self._probe.logits(self.reals, self._inputs, self._apart)
        if not all(np.isfinite(side).all() for side in (real, fake, apart)):
            return {}
        look = {"separation": signs.separation(real, fake)}
        if len(apart):
            look["memorised"] = signs.overfitting(real, apart, fake)
            look["recognised"] = signs.separation(real, apart)
            look["held_out"] = float(len(apart))
        rows, inputs = (next(probe.chunks(side, gan.pack)) for side in (self.reals, self._inputs))
        look["gradient"], look["slope"] = self._probe.gradients(rows, inputs)
        return look

    def _extend(self) -> None:
        """Add the epoch's values to the series, the newest of which are kept."""
        means = np.array(self._means, np.float64)
        counts = np.array(self._counts)
        for column, name in enumerate(SERIES):
            values = signs.values_between(means[:, column], counts)
            self.series[name] = np.concatenate([self.series[name], values])[-WINDOW:]

    def _featured(self, images: np.ndarray) -> np.ndarray:
        if self.features is None:
            return signs.pooled(images)
        made = check_features("features", self.features(images))
        if len(made) != len(images):
            raise UsageError(
                f"features must give one row an image; received {len(made)} rows for "
                f"{len(images)} images. Average over the places, say."
            )
        return made

    # -- what is said and kept -----------------------------------------------------------------

    def _say_broken(self, look: Callable, *arguments: Any) -> None:
        try:
            look(*arguments)
        except NonFiniteLossError as error:
            self._say(self.watch.broken(self._broken.epoch + 1, str(error)))

    def _say(self, findings: list[Finding]) -> None:
        for finding in findings:
            print(f"\n{finding}", flush=True)
        if findings and self.stop:
            self.model.stop_training = True

    def _before(self, epoch: int) -> Watch:
        """What was seen up to an epoch by an earlier run in the folder, or in a `fit` before."""
        path = None if self.folder is None else self.folder / "health.json"
        looks = self.watch.looks if path is None else []
        try:
            if path is not None and path.exists():
                looks = json.loads(path.read_text())
            return Watch([look for look in looks if look["epoch"] <= epoch])
        except (ValueError, KeyError, TypeError) as error:
            warnings.warn(f"{path} is damaged ({error}); what it saw is forgotten.", stacklevel=2)
            return Watch()

    def _write(self) -> None:
        assert self.folder is not None
        with replacing(self.folder / "health.json") as temporary:
            temporary.write_text(json.dumps(self.watch.looks) + "\n")
