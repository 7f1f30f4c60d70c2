"""A run while it trains: its folder is held, its data and its model are made, `fit` trains it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from kgan import locks
from kgan.checks import check_backend
from kgan.runs import (
    cluster,
    description,
    folder as run_folder,
    interrupts,
    own_recipes,
    recipes,
    stages,
)
from kgan.runs.plan import Plan
from kgan.runs.watchers import watchers

if TYPE_CHECKING:
    from rich.console import Console

    from kgan.data import ImageDataset
    from kgan.models.adversarial import AdversarialModel


@contextlib.contextmanager
def session(plan: Plan) -> Iterator[Session]:
    """Hold the folder of a run while the block trains it; a new one that fails leaves nothing.

    Raises:
        UsageError: another process holds the folder, or something else is in it.
        OSError: the folder cannot be written.
    """
    folder, writes_new = plan.folder, plan.chief and not plan.resumes
    fresh = folder is None or not folder.exists()
    if writes_new:
        folder = plan.folder = run_folder.new(folder, plan.config["recipe"]["name"])
    assert folder is not None  # only a new run of the chief's may have none
    try:
        if plan.chief:
            locks.hold(folder, "folder" if plan.resumes else "out")
        if writes_new:
            run_folder.new(folder, "")  # once more, for another process may have been faster
        with contextlib.ExitStack() as undo:
            if writes_new:
                undo.push(_forget_if_failed(folder, fresh))
            if plan.named is not None:
                own_recipes.remember(plan.named)
            # Before anything slow: a run that is killed from now on can be resumed.
            if writes_new:
                run_folder.write(folder, plan.config)
            yield Session(folder, plan, undo)
    finally:
        locks.release(folder)


def _forget_if_failed(folder: Path, fresh: bool):
    def leave(kind, error, traceback):
        # A run that was interrupted can be resumed.
        if isinstance(error, Exception):
            run_folder.forget(folder, fresh)

    return leave


class Session:
    """The steps of a training run, in their order: `prepare`, `fit`.

    Attributes:
        folder: the run folder.
        config: the `config.json`, as far as it is known.
        chief: whether this process writes.
    """

    def __init__(self, folder: Path, plan: Plan, undo: contextlib.ExitStack):
        self.folder = folder
        self.config = dict(plan.config)
        self.chief = plan.chief
        self._resumes = plan.resumes
        self._undo = undo

    def prepare(self) -> None:
        """Load TensorFlow, read the data and build the model.

        Raises:
            UsageError: the recipe, the data or the model do not fit the arguments.
        """
        check_backend()
        import keras
        import tensorflow as tf

        from kgan import data, zoo
        from kgan.models.trainer import Trainer

        strategy = cluster.strategy(self.config["arguments"]["strategy"])
        recipe = zoo.recipe(self.config["recipe"]["argument"])
        arguments = recipes.completed(self.config["arguments"], recipe)
        self._undo.callback(keras.config.set_dtype_policy, keras.config.dtype_policy())
        keras.config.set_dtype_policy(arguments["precision"])
        keras.utils.set_random_seed(arguments["seed"])
        if tf.config.list_physical_devices("GPU"):
            # Else a GPU adds in another order each time, and no run equals the next.
            tf.config.experimental.enable_op_determinism()
        seed = {"seed": arguments["seed"]}
        if arguments["resolution"]:
            # Refuses a size that the networks cannot make before every image is brought to it.
            size = arguments["resolution"]
            recipes.made(recipe, "model", Trainer, (size, size, arguments["channels"] or 1), **seed)
        of_data = recipes.of_data(arguments, recipe)
        self.dataset: ImageDataset = recipes.made(recipe, "data", data.ImageDataset, **of_data)
        with strategy.scope():
            self.gan: AdversarialModel = recipes.made(
                recipe, "model", Trainer, self.dataset.image_shape, **seed
            )
        self.gan.set_class_names(self.dataset.label_names)
        self._replicas = strategy.num_replicas_in_sync
        self.config |= {"arguments": arguments, **description.config(self.dataset, self.gan)}
        self._stages = stages.of_recipe(recipe, arguments["epochs"])

    def description(self) -> list[str]:
        """Lines about the data, the model and the training, once they are prepared."""
        return description.lines(
            self.config["arguments"],
            self.dataset,
            self.gan,
            self._replicas,
            self.folder,
            self._stages,
        )

    def fit(self, console: Console | None = None) -> None:
        """Train to the last epoch and save the model.

        Args:
            console: where the progress is shown; None shows none.

        Raises:
            UsageError: the data, the scores or the checkpoint do not fit the model.
            OSError: a file cannot be written.
            KeyboardInterrupt: Ctrl-C, after the step that it came in.
        """
        with interrupts.waiting() as stop_if_asked:
            for stage in stages.ahead(self._stages, self.folder):
                self._fit_stage(stage, console, stop_if_asked)
        if self.chief:
            self.gan.save(self.folder / "model.keras")
            self.config["trained_epochs"] = self.config["arguments"]["epochs"]
            run_folder.write(self.folder, self.config)

    def _fit_stage(
        self, stage: stages.Stage, console: Console | None, stop_if_asked: Callable[..., None]
    ) -> None:
        """Train the epochs of a stage that are left."""
        import keras

        from kgan import callbacks

        arguments, folder = self.config["arguments"], self.folder
        if stage.compile is not None:
            stage.compile(self.gan)
            self.config |= {"stage": stage.number, "stages": stage.of}
            self.config["model"] = description.model(self.gan)
        shown = []
        if console is not None:
            shown = [callbacks.RichProgress(self.dataset.batch_size, console)]
        # The checkpoint comes after what an epoch leaves behind: a kill between them repeats it.
        listeners = [
            callbacks.History(folder),
            keras.callbacks.LambdaCallback(on_train_begin=self._begin),
            callbacks.StopOnNaN(),
            *watchers(self.dataset, self.gan, folder, arguments["evaluate"]),
            callbacks.Checkpoint(
                run_folder.checkpoints(folder, stage.number, stage.of), resume=self._resumes
            ),
            *shown,
            keras.callbacks.LambdaCallback(on_train_batch_end=stop_if_asked),
        ]
        try:
            self.gan.fit(
                self.dataset,
                epochs=stage.last,
                initial_epoch=stage.behind,
                steps_per_epoch=arguments["steps"],
                callbacks=listeners,
                verbose=0,
            )
        finally:
            for progress in shown:
                progress.close()

    def _begin(self, logs=None) -> None:
        """Called once the checkpoint fits: a run that cannot be resumed stays as it was."""
        if self.chief:
            run_folder.sweep(self.folder)
            run_folder.write(self.folder, self.config)
