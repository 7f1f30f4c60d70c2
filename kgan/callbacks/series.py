"""The losses and logits of each step, whose oscillation `Health` looks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kgan.callbacks import indicators
from kgan.callbacks.failure_modes import SERIES, Snapshot, strongest_line

WINDOW = 512  # the last values of each series, whose spectrum is computed
LONGEST_PERIOD = WINDOW // 6  # that the spectrum resolves


class Series:
    """The last values of the logs `SERIES`, one per call of the training step.

    Keras logs means since the beginning of an epoch; these are the values of the single calls. A
    training step of the user's own may log other names: a series that it does not log stays empty.

    Attributes:
        values: the newest `WINDOW` values by name, float64 `(n,)` each.
    """

    def __init__(self):
        self.values = {name: np.zeros(0) for name in SERIES}
        self.start_epoch()

    def start_epoch(self) -> None:
        """Begin an epoch, in which Keras's means start again."""
        self._means: list[dict[str, float]] = []
        self._counts: list[int] = []

    def add(self, logs: Mapping[str, Any], count: int) -> None:
        """Note the means after `count` calls of the epoch."""
        # Several workers log arrays of shape (1,).
        means = {name: float(np.squeeze(logs[name])) for name in SERIES if name in logs}
        self._means.append(means)
        self._counts.append(count)

    def end_epoch(self) -> None:
        """Append the epoch's values and keep the newest `WINDOW`."""
        if not self._counts:
            return
        counts = np.array(self._counts)
        for name in SERIES:
            if not all(name in means for means in self._means):
                continue
            column = np.array([means[name] for means in self._means], np.float64)
            values = indicators.values_between(column, counts)
            self.values[name] = np.concatenate([self.values[name], values])[-WINDOW:]

    def snapshot(self, known_periods: Sequence[float], steps_per_call: int) -> Snapshot:
        """The median of each series in the last epoch, its spectral peak, and the oscillation.

        Args:
            known_periods: periods in calls that are no oscillation.
            steps_per_call: the peak's period is in steps.
        """
        snapshot: Snapshot = {}
        for name, values in self.values.items():
            if not len(values) or not np.isfinite(values).all():
                continue
            snapshot[name] = float(np.median(values[-len(self._counts) :]))
            # Two steps are the shortest period that can be detected.
            periods = [period for period in known_periods if period > 2]
            peak = indicators.spectral_peak(values, periods)
            if peak is not None:
                peak = peak._replace(period=peak.period * steps_per_call)
                snapshot |= {f"{name}_{key}": value for key, value in peak._asdict().items()}
        if any(f"{name}_share" in snapshot for name in SERIES):
            line = strongest_line(snapshot)
            snapshot["oscillation"] = line["share"] if line else 0.0
        return snapshot
