"""The progress of a training run on the terminal."""

from __future__ import annotations

import time
from collections import deque

import keras
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from kgan.callbacks.chief import is_chief

_REFRESH_SECONDS = 0.25
_WINDOW_SECONDS = 20.0  # over which the speed is averaged


class RichProgress(keras.callbacks.Callback):
    """Shows a progress bar over the whole run: epoch, step, speed, losses and remaining time.

    If the output is not a terminal, it prints one line per epoch. The bar is drawn a few times per
    second at most. After a resume it begins where the run stood. Under `tf.distribute` only the
    chief shows it. Use it with `fit(..., verbose=0)`.

    Args:
        batch_size: images per step, for a speed in images/s; without it the unit is steps/s.
        console: where to draw; standard output by default.

    Example:
        >>> bar = kgan.callbacks.RichProgress(batch_size=32)
        >>> gan.fit(images, batch_size=32, epochs=20, verbose=0, callbacks=[bar])
    """

    def __init__(self, batch_size: int | None = None, console: Console | None = None):
        super().__init__()
        self.batch_size = batch_size
        self.console = console or Console(highlight=False)
        self._progress: Progress | None = None

    def on_train_begin(self, logs=None):
        self.close()
        self._shown = is_chief(self.model.distribute_strategy)
        self._steps = self.params["steps"]
        self._total = self._steps * self.params["epochs"]
        # After a resume within an epoch, `fit` skips the steps that were taken before.
        self._begin = self._done = self.model._data.start
        # The speed counts from the end of the first step, which comes late: TensorFlow traces it.
        self._marks: deque[tuple[float, int]] = deque()
        self._drawn = 0.0
        if self._shown and self.console.is_terminal:
            self._progress = Progress(
                TextColumn("{task.description}"),
                BarColumn(bar_width=None),
                TaskProgressColumn(),
                TextColumn("{task.fields[numbers]}"),
                console=self.console,
                auto_refresh=False,
                expand=True,
            )
            self._task = self._progress.add_task("", total=self._total, numbers="")
            self._progress.start()
            self._draw({})

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch
        self._epoch_mark = (time.monotonic(), max(self._begin, epoch * self._steps))

    def on_train_batch_end(self, batch, logs=None):
        step = self._epoch * self._steps + batch + 1
        if step <= self._begin:
            return
        self._done = step
        now = time.monotonic()
        if now - self._drawn >= _REFRESH_SECONDS:
            self._marks.append((now, step))
            while now - self._marks[0][0] > _WINDOW_SECONDS and len(self._marks) > 2:
                self._marks.popleft()
            self._draw(logs or {})
            self._drawn = now

    def on_epoch_end(self, epoch, logs=None):
        if self._shown and self._progress is None:
            began, step = self._epoch_mark
            seconds = time.monotonic() - began
            speed = self._speed((self._done - step) / max(seconds, 1e-9))
            self.console.print(
                f"epoch {epoch + 1}/{self.params['epochs']}  {_losses(logs or {})}  {speed}  "
                f"{seconds:.0f} s"
            )

    def on_train_end(self, logs=None):
        self._draw(logs or {})
        self.close()

    def close(self) -> None:
        """Leave the bar as it is and release the terminal; for runs that end with an error."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def _draw(self, logs) -> None:
        if self._progress is None:
            return
        epoch = min(self._done // self._steps + 1, self.params["epochs"])
        numbers = []
        if len(self._marks) > 1:
            (began, first), (ended, last) = self._marks[0], self._marks[-1]
            rate = (last - first) / max(ended - began, 1e-9)
            numbers = [self._speed(rate), _losses(logs), _clock((self._total - self._done) / rate)]
        self._progress.update(
            self._task,
            completed=self._done,
            description=f"epoch {epoch}/{self.params['epochs']}",
            numbers="  ".join(filter(None, numbers)),
            refresh=True,
        )

    def _speed(self, steps_per_second: float) -> str:
        if self.batch_size is None:
            return f"{steps_per_second:.3g} steps/s"
        return f"{steps_per_second * self.batch_size:.0f} images/s"


def _losses(logs) -> str:
    """The losses by the player's name."""
    return "  ".join(
        f"{name.removesuffix('_loss')} {float(value):.2f}"
        for name, value in logs.items()
        if name.endswith("_loss")
    )


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d} left"
