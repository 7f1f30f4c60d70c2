"""Samples of the generator from the same latents, epoch after epoch."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kgan.batches import in_batches
from kgan.callbacks import tensorboard
from kgan.callbacks.chief import is_chief
from kgan.checks import check_integer
from kgan.data.decode import opened
from kgan.errors import UsageError
from kgan.images import class_columns, grid, save_gif, save_grid, side_by_side
from kgan.signature import Image, in_turn

_MOST_COLUMNS = 16  # of translations
_MOST_FRAMES = 200  # of the animation, so that a long run does not end in a huge file


class SampleGrid(keras.callbacks.Callback):
    """Writes grids of samples, always of the same latents: `epoch-0001.png` and so on.

    A model with classes shows them in turn, up to 16 classes in a column each. A model that is
    conditional on vectors needs them as `inputs`. A translation model needs source images as
    `inputs`; it shows rows of sources, of translations, and of targets if `inputs` hold them.

    On a resumed run the grids of the epochs that are trained again are removed and rewritten.
    Under `tf.distribute` only the chief writes.

    Args:
        folder: where the grids go; created if missing.
        n: images in a grid.
        seed: of the latents, as in `gan.generate`.
        every_epochs: epochs between two grids; the last epoch has one, too.
        gif: a file for the animation of all grids, written when training ends; None for none.
        tensorboard: a log folder for TensorBoard, which need not be installed; None for none.
        inputs: what the generator takes and has no default for, in turn over the `n` images, such
            as `{"conditions": vectors}`, `(m, condition_dim)`, or `{"sources": images, "targets":
            images}`, of which none is repeated.

    Example:
        >>> grids = kgan.callbacks.SampleGrid("samples", n=16, seed=7, gif="samples.gif")
        >>> gan.fit(images, epochs=20, callbacks=[grids])

    Raises:
        UsageError: `n`, `seed` or `every_epochs` is out of range, or, when training begins,
            `inputs` are not what the model needs.
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
        inputs: Mapping[str, Any] | None = None,
    ):
        super().__init__()
        self.folder = Path(folder)
        self.n = check_integer("n", n, 1)
        self.seed = check_integer("seed", seed, 0, 2**32 - 1)
        self.every_epochs = check_integer("every_epochs", every_epochs, 1)
        self.gif = gif
        self.tensorboard = tensorboard
        self.inputs = dict(inputs or {})

    def on_train_begin(self, logs=None):
        self._first = True
        self._chief = is_chief(self.model.distribute_strategy)
        self._prepare()

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
        images = self._make()
        # A broken generator has nothing to show; kgan.callbacks.StopOnNaN says why.
        if not np.isfinite(images).all():
            return
        images = side_by_side([*self._before, images, *self._after], self._columns)
        save_grid(self.folder / f"epoch-{epoch + 1:04d}.png", images, self._columns)
        if self.tensorboard is not None:
            shown = tensorboard.picture("samples", grid(images, self._columns))
            tensorboard.write(self.tensorboard, [shown], step=epoch + 1)

    def on_train_end(self, logs=None):
        if self.gif is None or not self._chief:
            return
        grids = self._grids()
        shown = np.linspace(0, len(grids) - 1, min(len(grids), _MOST_FRAMES)).round()
        # A grid that was damaged since must not fail the end of a training.
        if frames := [grids[int(index)] for index in shown if _readable(grids[int(index)])]:
            save_gif(self.gif, frames)

    def _prepare(self) -> None:
        """Find what makes the images, those shown before and after these, and the columns."""
        signature, name = self.model.input_signature, type(self.model).__name__
        for field in signature.required:
            if field.argument not in self.inputs:
                shape = ", ".join(map(str, ("m", *field.shape)))
                raise UsageError(
                    f"{field.argument} must be given: {name} makes images from them. Use "
                    f"SampleGrid(…, inputs={{{field.argument!r}: …}}), an array ({shape}), those "
                    "of some real images, for example.",
                    field.argument,
                )
        shown = signature.images
        if shown:
            self._prepare_translation(shown)
            return
        label = signature.label
        given = {argument: in_turn(rows, self.n) for argument, rows in self.inputs.items()}
        self.model.generator_inputs(self.n, self.seed, **given)
        self._make = lambda: self.model.generate(self.n, seed=self.seed, **given)
        self._before: list[np.ndarray] = []
        self._after: list[np.ndarray] = []
        self._columns = class_columns(label.classes, self.n) if label else None

    def _prepare_translation(self, shown: Sequence[Image]) -> None:
        """The same for a model that translates the images `shown`."""
        given = dict(self.inputs)
        n = min(self.n, *(len(given[field.argument]) for field in shown))
        given = {argument: rows[:n] for argument, rows in given.items()}
        truths = [
            field for field in self.model.output_signature.values() if field.argument in given
        ]
        self._after = [field.picture(field.check(given.pop(field.argument), n)) for field in truths]
        inputs = self.model.input_signature.sample(
            n, self.seed, None, given, type(self.model).__name__
        )
        made = self.model.output_signature[self.model.output_name]
        self._make = lambda: made.picture(in_batches(self.model, inputs, 64))
        self._before = [field.picture(inputs[field.name]) for field in shown]
        self._columns = min(n, _MOST_COLUMNS)

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
        warnings.warn(f"{path} cannot be read; the animation leaves it out.", stacklevel=2)
        return False
    return True
