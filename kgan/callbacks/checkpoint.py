"""Checkpoints from which a killed run resumes as if nothing had happened."""

from __future__ import annotations

import hashlib
import io
import json
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from kgan import locks
from kgan.callbacks.chief import is_chief
from kgan.checks import check_integer, check_number
from kgan.errors import UsageError
from kgan.files import atomic_write, sweep

if TYPE_CHECKING:
    from kgan.models.players_model import PlayersModel
    from kgan.models.training_data import TrainingData


class Checkpoint(keras.callbacks.Callback):
    """Saves all that a killed run needs to go on and end with the same weights, bit for bit.

    These are both networks, the average, both optimizers with their loss scales, the random state,
    the running means of the logs, and the position in the data: epoch and step within it. A file
    `step-00001234-<checksum>.npz` is written at the start, every `every_seconds` of training and
    after each epoch; the newest `keep` stay. Put it after the callbacks whose work at an epoch's
    end must not be lost. A file's name holds the first 16 digits of its SHA-256.

    With `resume=True`, `fit` starts from the newest file with the right checksum, or from the
    beginning if the folder has none. A `tf.data.Dataset` of your own must repeat its order exactly
    (no shuffling without a seed); only what `kgan.data.load` returns is compared. Under a
    multi-worker strategy every worker restores and only the chief writes. While `fit` runs, the
    folder is locked against other processes (not on Windows, nor on network file systems without
    locks); a kill releases it.

    Example:
        >>> checkpoint = kgan.callbacks.Checkpoint("checkpoints", every_seconds=60, resume=True)
        >>> gan.fit(images, epochs=100, callbacks=[checkpoint])

    Raises:
        UsageError: a checkpoint of another configuration, every checkpoint is damaged, or another
            process is using the folder.
    """

    def __init__(
        self, folder: str | Path, every_seconds: float = 60.0, keep: int = 2, resume: bool = False
    ):
        super().__init__()
        self.folder = Path(folder)
        self.every_seconds = check_number("every_seconds", every_seconds, 0)
        self.keep = check_integer("keep", keep, 1)
        self.resume = resume

    # -- resuming: `fit` calls this before it chooses where the data begins -----------------------

    def where_to_start(self, model: PlayersModel, data: TrainingData) -> int:
        """Restore the newest good checkpoint into `model`; returns its global step.

        The chief holds the folder from then on until the end of `fit`.
        """
        if is_chief(model.distribute_strategy):
            locks.hold(self.folder, "folder")
        try:
            return self._restored(model, data)
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Let other processes write in the folder; `fit` always calls it at its end."""
        locks.release(self.folder)

    def _restored(self, model: PlayersModel, data: TrainingData) -> int:
        self._fingerprint = {**model.fingerprint(), "data": data.config}
        self._metrics: list[np.ndarray] = []
        self._steps_per_epoch = data.steps_per_epoch
        self._step = data.start
        if not self.resume:
            if files(self.folder):
                raise UsageError(
                    f"folder={str(self.folder)!r} holds checkpoints already; pass resume=True to "
                    "resume from them, or choose another folder.",
                    "folder",
                )
            return self._step
        found = newest(self.folder)
        if found is None:
            return self._step
        path, arrays = found
        meta = json.loads(str(arrays["meta"]))
        if "fingerprint" not in meta:
            raise UsageError(
                f"Checkpoint {path} was written by an older kgan, which this one cannot resume; "
                "finish the run with that version, or start a new one in another folder."
            )
        _check_same(path, meta["fingerprint"], self._fingerprint)
        for part, variables in model.state().items():
            values = [arrays[f"{part}/{number}"] for number in range(len(variables))]
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)
            if part == "log" and meta["step"] % data.steps_per_epoch:
                self._metrics = values  # `fit` resets them when it begins the epoch
        self._step = meta["step"]
        return self._step

    # -- saving ---------------------------------------------------------------------------------

    def on_train_begin(self, logs=None):
        self._begin = self._step
        self._saved_at = time.monotonic()
        if not files(self.folder):
            self._save()

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch
        if self._metrics:
            for variable, value in zip(self.model.state()["log"], self._metrics, strict=True):
                variable.assign(value)
            self._metrics = []

    def on_train_batch_end(self, batch, logs=None):
        step = self._epoch * self._steps_per_epoch + batch + 1
        if step <= self._begin:  # a step that the killed run took
            return
        self._step = step
        # After its last step an epoch is complete only once the other callbacks have seen its end.
        within = step % self._steps_per_epoch != 0
        if within and time.monotonic() - self._saved_at >= self.every_seconds:
            self._save()

    def on_epoch_end(self, epoch, logs=None):
        if self._step > self._begin:
            self._save()

    def _save(self) -> None:
        self._saved_at = time.monotonic()
        if not is_chief(self.model.distribute_strategy):
            return
        meta = {"step": self._step, "fingerprint": self._fingerprint}
        arrays: dict[str, Any] = {"meta": np.array(json.dumps(meta))}
        for part, variables in self.model.state().items():
            for number, variable in enumerate(variables):
                arrays[f"{part}/{number}"] = _local(variable)
        if not all(
            np.isfinite(array).all() for array in arrays.values() if array.dtype.kind == "f"
        ):
            # Never let a broken state push out a good one.
            warnings.warn("No checkpoint is written: weights are not finite.", stacklevel=2)
            return
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)
        checksum = hashlib.sha256(buffer.getbuffer()).hexdigest()[:16]
        written = self.folder / f"step-{self._step:08d}-{checksum}.npz"
        with atomic_write(written) as path:
            path.write_bytes(buffer.getbuffer())
        # A file of this or a later step is a damaged one that `where_to_start` skipped.
        older = [path for path in files(self.folder) if path.name < written.name[:13]]
        for path in files(self.folder):
            if path not in (written, *older[: self.keep - 1]):
                path.unlink(missing_ok=True)
        sweep(self.folder)


def _local(variable: keras.Variable) -> np.ndarray:
    """The value on this worker: the others need not take part in reading it."""
    value = variable.value
    if not isinstance(value, tf.distribute.DistributedValues):
        return value.numpy()
    parts = [part.numpy() for part in value.values]
    return np.sum(parts, axis=0) if value.aggregation == tf.VariableAggregation.SUM else parts[0]


def files(folder: str | Path) -> list[Path]:
    """The checkpoint files of a folder, the newest first."""
    return sorted(Path(folder).glob("step-*-*.npz"), reverse=True)


def newest(folder: str | Path) -> tuple[Path, dict[str, Any]] | None:
    """The newest checkpoint with the right checksum, with its arrays; None if there is none.

    Warns about each damaged file that it skips.

    Raises:
        UsageError: there are checkpoints, and all are damaged.
    """
    damaged: list[Path] = []
    for path in files(folder):
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest()[:16] == path.stem.rsplit("-", 1)[-1]:
            if damaged:
                warnings.warn(f"Resuming from {path}, the newest good one.", stacklevel=2)
            with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
                return path, dict(arrays)
        damaged.append(path)
        warnings.warn(f"Checkpoint {path} is damaged: its checksum is wrong.", stacklevel=2)
    if damaged:
        raise UsageError(
            f"Every checkpoint in {folder} is damaged ({len(damaged)} files); restore one from a "
            "backup, or start a new run in another folder."
        )
    return None


def _check_same(path: Path, saved: Any, current: Any, key: str = "") -> None:
    if isinstance(saved, list) and isinstance(current, list) and len(saved) == len(current):
        saved, current = (dict(enumerate(values)) for values in (saved, current))
    if isinstance(saved, dict) and isinstance(current, dict):
        for name in [*saved, *(name for name in current if name not in saved)]:
            _check_same(path, saved.get(name), current.get(name), f"{key}.{name}" if key else name)
    elif saved != current:
        raise UsageError(
            f"Checkpoint {path} belongs to another configuration: {key} was {saved!r}, now it is "
            f"{current!r}. Set it back, or start a new run in another folder."
        )
