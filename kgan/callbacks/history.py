"""The numbers of each epoch as a table and as curves."""

from __future__ import annotations

import csv
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras

from kgan.callbacks.chief import is_chief
from kgan.errors import UsageError
from kgan.files import atomic_write

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DRAW_EVERY_SECONDS = 30.0


class History(keras.callbacks.Callback):
    """Writes `history.csv` (one row per epoch: epoch from 1, seconds, every log) and `curves.png`.

    Both files are whole at any moment. On a resumed run the rows of the epochs that are trained
    again are dropped and rewritten. The curves are drawn at the end and from time to time before;
    under `tf.distribute` only the chief writes.

    Args:
        folder: where the two files go; created if missing.

    Example:
        >>> gan.fit(images, epochs=20, callbacks=[kgan.callbacks.History("runs/garments")])
        >>> rows = kgan.callbacks.history.read("runs/garments/history.csv")
        >>> losses = [row["generator_loss"] for row in rows]

    Raises:
        OSError: the files cannot be written.
    """

    def __init__(self, folder: str | Path):
        super().__init__()
        self.folder = Path(folder)
        self._rows: list[dict[str, Any]] | None = None

    def on_train_begin(self, logs=None):
        self._rows = None
        self._earlier = self._written()  # now, so that a damaged file stops a run before it begins
        self._drawn = time.monotonic()

    def on_epoch_begin(self, epoch, logs=None):
        self._began = time.monotonic()
        if self._rows is None:
            self._rows = [row for row in self._earlier if row["epoch"] <= epoch]

    def on_epoch_end(self, epoch, logs=None):
        now = time.monotonic()
        assert self._rows is not None  # since the epoch began
        self._rows.append({"epoch": epoch + 1, "seconds": now - self._began, **(logs or {})})
        if not is_chief(self.model.distribute_strategy):
            return
        _write(self.folder / "history.csv", self._rows)
        if now - self._drawn > _DRAW_EVERY_SECONDS:
            draw(self.folder / "curves.png", self._rows)
            self._drawn = now

    def on_train_end(self, logs=None):
        # None if a resumed run had no epoch left.
        rows = self._earlier if self._rows is None else self._rows
        if rows and is_chief(self.model.distribute_strategy):
            draw(self.folder / "curves.png", rows)

    def _written(self) -> list[dict[str, Any]]:
        path = self.folder / "history.csv"
        return read(path) if path.exists() else []


def read(path: str | Path) -> list[dict[str, Any]]:
    """The rows of a `history.csv`: `epoch` as int, all else as float; empty cells are left out.

    Raises:
        UsageError: the file is damaged.
    """
    try:
        with open(path, newline="") as file:
            return [
                {
                    "epoch": int(row.pop("epoch")),
                    **{key: float(value) for key, value in row.items() if value},
                }
                for row in csv.DictReader(file)
            ]
    except (ValueError, KeyError, TypeError, csv.Error) as error:
        raise UsageError(
            f"{path} is damaged ({error!r}); restore it, or move it away to continue without it."
        ) from error


def draw(path: str | Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the `curves` of rows, as `read` gives them, as a PNG file."""
    with atomic_write(path) as temporary:
        curves(rows).savefig(temporary, format="png")


def curves(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """The curves over the epochs, with one panel each for losses, logits and the rest."""
    # A Figure of its own, not pyplot: no window, no global state, whatever the user has set up.
    from matplotlib.figure import Figure

    panels: dict[str, list[str]] = {}
    for name in dict.fromkeys(key for row in rows for key in row):
        if name not in ("epoch", "seconds"):
            panels.setdefault(_panel(name), []).append(name)
    figure = Figure(figsize=(6 * max(1, len(panels)), 4), dpi=100, layout="constrained")
    for axes, (title, names) in zip(
        figure.subplots(1, max(1, len(panels)), squeeze=False)[0],
        sorted(panels.items()),
        strict=False,
    ):
        for name in names:
            points = [(row["epoch"], row[name]) for row in rows if name in row]
            axes.plot(*zip(*points, strict=True), marker=".", label=name.replace("_", " "))
        axes.set(title=title, xlabel="epoch")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(alpha=0.3)
        axes.legend()
    return figure


def _panel(name: str) -> str:
    if "logit" in name:
        return "logits"
    return "losses" if "loss" in name or "penalty" in name else "scores"


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    columns = list(dict.fromkeys(key for row in rows for key in row))
    with atomic_write(path) as temporary, open(temporary, "w", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow(
                {key: value if key == "epoch" else f"{value:.6g}" for key, value in row.items()}
            )
