"""A training run as an object: what its folder holds."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kgan.checks import check_path
from kgan.errors import UsageError
from kgan.plurals import counted
from kgan.runs import folder as run_folder

if TYPE_CHECKING:
    import numpy as np

    from kgan.models.stored_model import StoredModel


def load(folder: str | os.PathLike) -> Run:
    """The run in a folder, trained by `kgan train` or `kgan.runs.train`; nothing of it is run.

    Args:
        folder: the run folder.

    Raises:
        UsageError: the folder is not a run, or its `config.json` is damaged.

    Example:
        >>> run = kgan.runs.load("runs/dcgan_fashion_mnist")
        >>> run.history["generator_loss"][-1]
        >>> images = run.model().generate(16, seed=0)
    """
    path = check_path("folder", folder)
    run_folder.read(path, "folder")
    return Run(path)


class Run:
    """A training run: its configuration, its history and its models, read on demand.

    `kgan.runs.train`, `resume` and `load` return it. While another process trains the run, each
    answer is what the folder holds at that moment.

    Attributes:
        folder: the run folder.

    Example:
        >>> run = kgan.runs.load("runs/dcgan_fashion_mnist")
        >>> run.config["arguments"]["batch_size"]
        >>> run.model().save_to_preset("my_preset")
    """

    def __init__(self, folder: Path):
        self.folder = folder

    @property
    def config(self) -> dict[str, Any]:
        """Everything that defines the run, as `config.json` holds it.

        Raises:
            UsageError: the file is gone or damaged.
        """
        return run_folder.read(self.folder, "folder")

    @property
    def finished(self) -> bool:
        """Whether the run has trained all its epochs, and its model is there."""
        config = self.config
        trained, epochs = config.get("trained_epochs"), config["arguments"]["epochs"]
        return trained == epochs and (self.folder / "model.keras").is_file()

    @property
    def history(self) -> dict[str, np.ndarray]:
        """The columns of `history.csv` by name, a value per epoch, NaN where there is none.

        They are `epoch` (int, from 1), `seconds` and the losses and scores of the epoch (float).
        Before the first epoch has ended there are no columns.

        Raises:
            UsageError: the file is damaged.
        """
        import numpy as np

        from kgan.callbacks import history

        path = self.folder / "history.csv"
        rows = history.read(path) if path.exists() else []
        names = dict.fromkeys(name for row in rows for name in row)
        return {name: np.array([row.get(name, math.nan) for row in rows]) for name in names}

    def model(self, recipe: str | os.PathLike | None = None) -> StoredModel:
        """The trained model; of a run that has not ended, as its newest checkpoint holds it.

        Args:
            recipe: the run's recipe, a name or a path, which is imported first. It is needed only
                if the recipe defines classes of the model and was not run on this machine.

        Raises:
            UsageError: the training has not begun, or the model is damaged or needs a class of a
                recipe that may not be run unasked.
        """
        from kgan.runs import model

        if self.finished:
            return model.load(self.folder / "model.keras", recipe)
        if run_folder.newest_checkpoints(self.folder) is None:
            raise UsageError(
                f"folder={str(self.folder)!r} has no model yet, since the training has not begun; "
                f"kgan.runs.resume({str(self.folder)!r}) continues it.",
                "folder",
            )
        return model.load(self.folder, recipe)

    def best(self, recipe: str | os.PathLike | None = None) -> StoredModel:
        """The model of the epoch with the best score, which `best.json` names.

        Args:
            recipe: as of `model`.

        Raises:
            UsageError: the run keeps none, or it is damaged.
        """
        from kgan.runs import model

        path = self.folder / "best.keras"
        if not path.is_file():
            raise UsageError(
                f"folder={str(self.folder)!r} has no best model: it is kept where scores are "
                "measured, as by kgan.runs.train(…, evaluate=['fd']), from the first epoch on.",
                "folder",
            )
        return model.load(path, recipe)

    def __repr__(self) -> str:
        try:
            config, finished = self.config, self.finished
        except UsageError:
            return f"<Run {str(self.folder)!r}, damaged>"
        epochs, state = config["arguments"]["epochs"], "finished" if finished else "not finished"
        number = "" if epochs is None else f"{counted(epochs, 'epoch')}, "
        return f"<Run {str(self.folder)!r} of {config['recipe']['name']}, {number}{state}>"
