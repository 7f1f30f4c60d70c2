"""The stages of a run: parts of the training that compile the model anew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from kgan.runs import folder as run_folder


class Stage(NamedTuple):
    """Epochs of a run, and what compiles the model before the first; None leaves it as it is."""

    number: int  # from 1
    of: int
    compile: Callable[[Any], None] | None
    behind: int  # epochs before the stage
    last: int  # number of its last epoch, counted over the run

    @property
    def name(self) -> str:
        """That of the function."""
        return getattr(self.compile, "__name__", str(self.number))


def of_recipe(recipe: ModuleType, epochs: int) -> list[Stage]:
    """The stages of a run of so many epochs; a recipe without `stages` has one.

    The last stage has all epochs that the others leave. Those that begin later are left out.
    """
    parts = getattr(recipe, "stages", None) or [(None, epochs)]
    found, behind = [], 0
    for number, (compile, own) in enumerate(parts, 1):
        last = epochs if number == len(parts) else min(behind + own, epochs)
        if last > behind:
            found.append(Stage(number, len(parts), compile, behind, last))
        behind += own
    return found


def ahead(stages: list[Stage], folder: Path) -> list[Stage]:
    """The stages from the one on that a run has come to."""
    reached = [
        index
        for index, stage in enumerate(stages)
        if run_folder.has_checkpoints(run_folder.checkpoints(folder, stage.number, stage.of))
    ]
    return stages[max(reached, default=0) :]


def described(stages: list[Stage]) -> str:
    """The epochs of a run in words, by stage where there are several."""
    epochs = stages[-1].last
    if stages[-1].of == 1:
        return f"{epochs} epochs"
    parts = ", ".join(f"{stage.name} {stage.last - stage.behind}" for stage in stages)
    return f"{epochs} epochs ({parts})"
