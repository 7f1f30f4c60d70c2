"""What the generator makes of the same latents, epoch after epoch."""

from __future__ import annotations

import warnings
from pathlib import Path

import keras
import numpy as np

from kgan.callbacks import tensorboard
from kgan.callbacks.chief import is_chief
from kgan.checks import check_integer
from kgan.data.decode import opened
from kgan.errors import UsageError
from kgan.images import class_columns, grid, save_gif, save_grid

_MOST_FRAMES = 200  # of the animation, so that a long run does not end in a huge file


class SampleGrid(keras.callbacks.Callback):
    """Writes `epoch-0001.png`, … : grids of samples from latents that stay the same.

    A model with classes shows them in turn, up to 16 in a column each. One that is conditional on
    vectors needs `conditions`.

    On a resumed run the grids of the epochs that are trained again are removed and rewritten.
    Under `tf.distribute` the chief alone writes.

    Args:
        folder: where the grids go; created if missing.
        n: images in a grid.
        seed: of the latents, as in `gan.generate`.
        every_epochs: a grid after each so many epochs, and after the last.
        gif: a file for the animation of all grids, written when training ends; None for none.
        tensorboard: a log folder for TensorBoard, which need not be installed; None for none.
        conditions: vectors `(m, condition_dim)` that the `n` images have in turn, for a model that
            takes such.

    Raises:
        UsageError: `n`, `seed` or `every_epochs` is out of range, or, when training begins,
            `conditions` are not what the model needs.
        OSError: a file cannot be written.
    """

    def __init__(
        self,
        folder: str | Path,
        n: int = 64,
        seed: int = 0,
        every_epochs: int = 1,
        gif: str | Path | None = None,
        tensorboard: str | Path | None = None,
        conditions=None,
    ):
        super().__init__()
        self.folder = Path(folder)
        self.n = check_integer("n", n, 1)
        self.seed = check_integer("seed", seed, 0, 2**32 - 1)
        self.every_epochs = check_integer("every_epochs", every_epochs, 1)
        self.gif = gif
        self.tensorboard = tensorboard
        self.conditions = conditions

    def on_train_begin(self, logs=None):
        self._first = True
        self._chief = is_chief(self.model.distribute_strategy)
        self._given, self._columns = self._conditioned()

    def on_epoch_begin(self, epoch, logs=None):
        if self._first and self._chief:
            for path in self._grids():
                if int(path.stem.removeprefix("epoch-")) > epoch:
                    path.unlink()
        self._first = False

    def on_epoch_end(self, epoch, logs=None):
        last = epoch + 1 == self.params["epochs"]
        if not self._chief or ((epoch + 1) % self.every_epochs and not last):
            return
        images = self.model.generate(self.n, seed=self.seed, **self._given)
        # A generator that has broken has nothing to show; kgan.callbacks.StopOnNaN says why.
        if not np.isfinite(images).all():
            return
        save_grid(self.folder / f"epoch-{epoch + 1:04d}.png", images, self._columns)
        if self.tensorboard is not None:
            shown = tensorboard.picture("samples", grid(images, self._columns))
            tensorboard.write(self.tensorboard, [shown], step=epoch + 1)

    def on_train_end(self, logs=None):
        if self.gif is None or not self._chief:
            return
        grids = self._grids()
        shown = np.linspace(0, len(grids) - 1, min(len(grids), _MOST_FRAMES)).round()
        # A grid that something has spoilt since must not cost the end of a training.
        if frames := [grids[int(index)] for index in shown if _readable(grids[int(index)])]:
            save_gif(self.gif, frames)

    def _conditioned(self) -> tuple[dict[str, np.ndarray], int | None]:
        """What `gan.generate` needs beside latents, and the grid's columns."""
        inputs = self.model.generator_inputs
        columns = class_columns(self.model.classes, self.n) if "label" in inputs else None
        if "condition" not in inputs and self.conditions is None:
            return {}, columns
        if self.conditions is None:
            raise UsageError(
                f"conditions must be given: {type(self.model).__name__} makes images of vectors. "
                "Use SampleGrid(…, conditions=vectors), an array (m, "
                f"{self.model.condition_dim}), those of some real images, say."
            )
        # The rows in turn; what is no array of rows is refused by `sample_inputs`.
        rows = np.asarray(self.conditions)
        if rows.ndim and len(rows):
            rows = rows[np.arange(self.n) % len(rows)]
        self.model.sample_inputs(self.n, self.seed, conditions=rows)
        return {"conditions": rows}, columns

    def _grids(self) -> list[Path]:
        """The grids in the folder by epoch; from epoch 10,000 on the numbers have more digits."""
        found = [
            path
            for path in self.folder.glob("epoch-*.png")
            if path.stem.removeprefix("epoch-").isdecimal()
        ]
        return sorted(found, key=lambda path: int(path.stem.removeprefix("epoch-")))


def _readable(path: Path) -> bool:
    try:
        with opened(path) as picture:
            picture.load()
    except (OSError, SyntaxError):  # Pillow's errors for a damaged PNG
        warnings.warn(f"{path} cannot be read; the animation goes without it.", stacklevel=2)
        return False
    return True
