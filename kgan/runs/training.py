"""Train a recipe, or continue a run, from Python."""

from __future__ import annotations

import os
from collections.abc import Sequence

from kgan.checks import check_flag, check_path
from kgan.runs import plan as plans
from kgan.runs.run import Run
from kgan.runs.session import session

DEFAULT_RECIPE = "dcgan_fashion_mnist"


def train(
    recipe: str | os.PathLike = DEFAULT_RECIPE,
    *,
    out: str | os.PathLike | None = None,
    data: str | os.PathLike | None = None,
    epochs: int | None = None,
    steps: int | None = None,
    batch_size: int | None = None,
    seed: int | None = None,
    precision: str | None = None,
    strategy: str | None = None,
    resolution: int | None = None,
    channels: int | None = None,
    evaluate: str | Sequence[str] | None = None,
    strict: bool | None = None,
    verbose: bool = True,
) -> Run:
    """Train a recipe in a run folder, as `kgan train` does: the same seed gives the same weights.

    None stands for the recipe's own value. The run can be killed at any moment and resumed to the
    same end; Ctrl-C waits for the end of the step. The random seeds of Python, NumPy and Keras are
    set, and on a GPU TensorFlow's deterministic operations are switched on.

    Args:
        recipe: the name of a recipe (`kgan.zoo.list_recipes()`), or the path of a Python file.
        out: the run folder, new or empty; by default runs/RECIPE, runs/RECIPE-2, …
        data: the name of a data set (`kgan.data.available()`), or a folder of images.
        epochs: passes over the data.
        steps: training steps per epoch; by default once through the data.
        batch_size: images per step, over all devices.
        seed: a whole number in [0, 2**31); 0 by default.
        precision: "float32" (by default), "mixed_float16" or "mixed_bfloat16".
        strategy: "none" (by default), "mirrored" for several devices, or "multiworker" for several
            machines, before TensorFlow has done anything else.
        resolution: height and width in pixels that images are resized to.
        channels: 1 grey, 3 colour, 2 and 4 with transparency.
        evaluate: scores after each epoch, names as in `kgan.metrics.Evaluator`; the best model is
            kept.
        strict: stop at an image file that cannot be read instead of skipping it.
        verbose: show a bar with the epoch, the losses and the time that remains.

    Returns:
        The run, finished.

    Raises:
        UsageError: an argument that cannot work, or a folder that is in use.
        OSError: a file cannot be written.
        KeyboardInterrupt: Ctrl-C; the run can be resumed.

    Example:
        >>> run = kgan.runs.train("dcgan_fashion_mnist", epochs=5, out="runs/first")
        >>> run.history["generator_loss"]
        >>> images = run.model().generate(16, seed=0)
    """
    check_flag("verbose", verbose)
    given = {
        "data": data,
        "epochs": epochs,
        "steps": steps,
        "batch_size": batch_size,
        "seed": seed,
        "precision": precision,
        "strategy": strategy,
        "resolution": resolution,
        "channels": channels,
        "evaluate": evaluate,
        "strict": strict,
    }
    return _trained(
        plans.new(recipe, None if out is None else check_path("out", out), given), verbose
    )


def resume(
    folder: str | os.PathLike | None = None,
    *,
    epochs: int | None = None,
    recipe: str | os.PathLike | None = None,
    verbose: bool = True,
) -> Run:
    """Continue a run that was stopped or killed, or train a finished one for more epochs.

    It ends with the weights, bit for bit, of a run that was never stopped.

    Args:
        folder: the run folder; by default the run in `runs` that was worked on last.
        epochs: number of the last epoch, counted from 1, if the run is to have more.
        recipe: the run's recipe, a name or a path. It is needed only if it is a file that was not
            run on this machine, or that was moved.
        verbose: as in `train`.

    Returns:
        The run, finished; at once where no epoch is left.

    Raises:
        UsageError: there is nothing to resume, another recipe or fewer epochs than the run's, or a
            folder that is in use.
        OSError: a file cannot be written.
        KeyboardInterrupt: Ctrl-C; the run can be resumed.

    Example:
        >>> run = kgan.runs.resume("runs/dcgan_fashion_mnist", epochs=20)
    """
    check_flag("verbose", verbose)
    path = None if folder is None else check_path("folder", folder)
    return _trained(plans.resumed(recipe, path, {"epochs": epochs}), verbose)


def _trained(plan: plans.Plan, verbose: bool) -> Run:
    if not plan.finished:
        try:
            with session(plan) as run:
                run.prepare()
                run.fit(_console() if verbose else None)
        except KeyboardInterrupt as error:
            raise KeyboardInterrupt(
                f"interrupted; continue with kgan.runs.resume({str(plan.folder)!r})."
            ) from error
    assert plan.folder is not None  # the session made it
    return Run(plan.folder)


def _console():
    from rich.console import Console

    return Console(highlight=False)
