"""How an adversarial model is trained by `fit` and evaluated."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

from kgan.checks import check_integer
from kgan.errors import UsageError
from kgan.models.batch_checks import check_size
from kgan.models.callback_checks import check_callbacks
from kgan.models.compiled_model import CompiledModel
from kgan.models.given_data import GivenData, given, split_off
from kgan.models.step import ends
from kgan.models.training_data import TrainingData, one_pass
from kgan.terms import Term

_FIRST_EVALUATION_STEP = 2**40


class Trainer(CompiledModel):
    """Base class: a compiled model that `fit` trains, on one device or several, from any step."""

    def __init__(self, ema_halflife_images: float | None, seed: int, name: str | None = None):
        super().__init__(ema_halflife_images, seed, name)
        self._data: TrainingData | None = None

    def fit(
        self,
        x=None,
        y=None,
        *,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: str | int = "auto",
        callbacks: Sequence[keras.callbacks.Callback] | None = None,
        validation_split: float = 0.0,
        validation_data=None,
        shuffle: bool = True,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int = 1,
    ) -> keras.callbacks.History:
        """Train on real examples.

        Args:
            x: what `kgan.data.load` returns, a `tf.data.Dataset` of batches, arrays, a generator of
                batches, or a `keras.utils.PyDataset`. A batch has the fields of `batch_signature`,
                in order: for a GAN float32 images `(batch, height, width, channels)` in [-1, 1],
                and what conditions them (labels int32 `(batch,)`, vectors float32 `(batch, n)`).
                Several arrays come as a tuple, or as `x` and `y`.
            y: labels, vectors or targets, where `x` is an array.
            batch_size: examples for each step where `x` are arrays (64 by default).
            epochs: number of the last epoch, counted from 1.
            verbose: "auto", 0, 1 or 2 as in Keras.
            callbacks: Keras callbacks and those of `kgan.callbacks`. A `Checkpoint` with
                `resume=True` continues its run where the newest good checkpoint stands.
            validation_split: share of the arrays, from their end, to evaluate on and not to train.
            validation_data: like `x`; its losses and metrics are logged with the prefix `val_`.
            shuffle: whether arrays and `PyDataset` come in another order in each epoch. Another
                `fit` repeats these orders; `initial_epoch` continues them.
            initial_epoch: epochs that already lie behind. Their batches are passed over, but not
                those of an iterator, which goes on from where it stands.
            steps_per_epoch: training steps for each epoch; by default once through `x`.
            validation_steps: batches of each validation; by default all.
            validation_batch_size: examples for each of them where they are arrays; by default
                `batch_size`.
            validation_freq: epochs between validations.

        Returns:
            Keras's `History`.

        Raises:
            UsageError: examples or counts that cannot work, before the first step.
        """
        if not self.compiled:
            raise UsageError("Call gan.compile() before gan.fit(): it chooses loss and optimizers.")
        epochs = check_integer("epochs", epochs, 1)
        initial_epoch = check_integer("initial_epoch", initial_epoch, 0)
        validation_freq = check_integer("validation_freq", validation_freq, 1)
        callbacks = check_callbacks(callbacks)
        x_given = given(x, y, batch_size, shuffle)
        held_out = None
        if validation_split:
            if validation_data is not None:
                raise UsageError(
                    "validation_split must be left out where validation_data is given.",
                    "validation_split",
                )
            x_given, held_out = split_off(x_given, validation_split)
            held_out = dataclasses.replace(held_out, batch_size=validation_batch_size)
        elif validation_data is not None:
            held_out = given(validation_data, None, validation_batch_size, True, "validation_data")
        data = TrainingData(self, x_given, steps_per_epoch)
        self.set_class_names(getattr(x, "label_names", None))
        validation = None
        if held_out is not None:
            validation = one_pass(self, _for_validation(held_out, batch_size))
            if validation_steps is None and validation.cardinality() < 0:
                raise UsageError(
                    "validation_steps must be given: validation_data does not know its own length.",
                    "validation_steps",
                )
        elif self._compiled_metrics.streaming:
            raise UsageError(
                f"validation_data must be given: {self._compiled_metrics.streaming[0].name}, one "
                "of compile's metrics, is measured on held-out examples.",
                "validation_data",
            )
        data.start = initial_epoch * data.steps_per_epoch
        for callback in callbacks:
            if hasattr(callback, "where_to_start"):
                data.start = max(data.start, callback.where_to_start(self, data))
        self._data = data
        try:
            with self._guard:
                return super().fit(
                    data.stream(),
                    epochs=epochs,
                    verbose=verbose,
                    callbacks=callbacks,
                    shuffle=False,
                    validation_data=validation,
                    validation_freq=validation_freq,
                    validation_steps=validation_steps,
                    initial_epoch=data.start // data.steps_per_epoch,
                    steps_per_epoch=data.steps_per_epoch,
                )
        finally:  # the model would hold the examples for as long as it lives
            self._data, self.train_function = None, self._traced
            self._eval_epoch_iterator = None  # an error leaves Keras's, for the next fit to use
            for callback in callbacks:
                if hasattr(callback, "release"):
                    callback.release()

    def make_train_function(self, force=False):
        """Keras's train function, traced once, behind the data's count of steps to pass over."""
        self._prepare_terms()
        if self._traced is None or force:
            step: Any = self.train_step  # type: ignore[has-type]
            if not hasattr(step, "ends"):  # somebody set it on the object
                self.train_step = _ended(self, step)
            super().make_train_function(force=True)
            self._traced = self.train_function
        self.train_function = self._traced
        if self._data is not None:
            self.train_function = self._data.skipping(self._traced)
        return self.train_function

    def make_test_function(self, force=False):
        """Keras's test function, once the terms are ready."""
        self._prepare_terms()
        return super().make_test_function(force=force)

    @property
    def terms(self) -> Sequence[Term]:
        """What is added to the losses; each is prepared before a step is traced."""
        return ()

    def _prepare_terms(self) -> None:
        with self.distribute_strategy.scope():
            for term in self.terms:
                term.prepare()

    def evaluate(
        self,
        x=None,
        y=None,
        *,
        batch_size: int | None = None,
        verbose: str | int = "auto",
        steps: int | None = None,
        callbacks=None,
        return_dict: bool = True,
        **keras_internal,
    ):
        """The losses, logits and metrics of `compile` on held-out examples, a dict by name.

        See `fit` for `x` and `y`. The latents are the same in every evaluation. Scores of image
        quality, such as the Fréchet distance, come from `kgan.metrics.Evaluator`, which the command
        `kgan evaluate` runs, or from `compile(metrics=[…])`.

        Raises:
            UsageError: examples that the networks cannot take.
        """
        if not self.compiled:
            raise UsageError("Call gan.compile() before gan.evaluate(): it chooses the losses.")
        if not keras_internal:  # a validation within fit brings the data checked
            if steps is not None:
                steps = check_integer("steps", steps, 1)
            if isinstance(x, str):
                raise UsageError(
                    f"x must be examples, of which gan.evaluate computes the losses; received "
                    f"{x!r}. kgan.metrics.Evaluator({x!r}, ['fd'])(gan) computes scores.",
                    "x",
                )
            x, y = one_pass(self, given(x, y, batch_size)), None
            if steps is None and x.cardinality() < 0:
                raise UsageError(
                    "steps must be given: the data set does not know its own length, or never "
                    "ends.",
                    "steps",
                )
        self._begin_evaluation()
        with self._guard:
            logs = super().evaluate(
                x,
                y,
                verbose=verbose,
                steps=steps,
                callbacks=callbacks,
                return_dict=True,
                **keras_internal,
            )
        return self._shown(logs | self._compiled_metrics.streamed(), return_dict)

    def _begin_evaluation(self) -> None:
        """Let the latents of an evaluation begin anew, at steps that no training reaches."""
        self.evaluation_seeds.state.assign([self.seed, _FIRST_EVALUATION_STEP])

    def _shown(self, logs: dict[str, Any], return_dict: bool) -> Any:
        """Logs by name, or as a list in the order of `metrics_names`."""
        names = dict.fromkeys([*(name for name in self.metrics_names if name in logs), *logs])
        return {name: logs[name] for name in names} if return_dict else [logs[n] for n in names]

    # -- single batches ------------------------------------------------------------------------

    def train_on_batch(self, x, y=None, *, return_dict: bool = True):
        """One training step on a batch of arrays; the losses of this batch, a dict by name.

        Callbacks do not run: checkpoints and health need `fit`.

        Raises:
            UsageError: a batch that the networks cannot take, or several replicas.
        """
        if not self.compiled:
            raise UsageError("Call gan.compile() before gan.train_on_batch().")
        batch = self._batch(x, y, self.discriminator_steps)
        self.make_train_function()
        return self._on_batch(self.train_function, batch, return_dict)

    def test_on_batch(self, x, y=None, *, return_dict: bool = True):
        """The losses of a batch of arrays in inference mode, a dict by name; nothing is updated.

        Raises:
            UsageError: a batch that the networks cannot take, or several replicas.
        """
        if not self.compiled:
            raise UsageError("Call gan.compile() before gan.test_on_batch().")
        batch = self._batch(x, y, 1)
        self._begin_evaluation()
        self.make_test_function()
        return self._on_batch(self.test_function, batch, return_dict)

    def _batch(self, x, y, updates: int) -> Any:
        """A batch of arrays, checked."""
        if self.distribute_strategy.num_replicas_in_sync > 1:
            raise UsageError("Single batches are for one replica; use gan.fit under a strategy.")
        found = given(x, y)
        if not found.parts:
            raise UsageError(f"x must be an array, or a tuple; received {type(x).__name__}.", "x")
        whole = dataclasses.replace(found, batch_size=max(found.count, 1), shuffle=False)
        data = whole.batches(self)
        check_size(self, data, updates)
        return next(iter(data))

    def _on_batch(self, function, batch: Any, return_dict: bool) -> Any:
        self.reset_metrics()
        with self._guard:
            logs = function(iter([batch]))
        logs = {name: float(np.reshape(value, ())) for name, value in logs.items()}
        return self._shown(logs, return_dict)


def _ended(model: Trainer, step: Callable) -> Callable:
    """A training step that was set on a model, ended as one that a class defines."""
    return types.MethodType(ends(lambda model, data: step(data)), model)


def _for_validation(data: GivenData, batch_size: int | None) -> GivenData:
    """Held-out arrays in the batches of the training, or in one batch where they are fewer."""
    if not data.parts or data.batch_size is not None or batch_size is None:
        return data
    return dataclasses.replace(data, batch_size=max(min(batch_size, data.count), 1))
