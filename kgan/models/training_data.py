"""From what the user passes to `fit` to an endless stream that starts at any step."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from kgan.checks import check_integer
from kgan.data import ImageDataset
from kgan.errors import UsageError
from kgan.models.batch_checks import check_classes, check_size
from kgan.models.given_data import GivenData

if TYPE_CHECKING:
    from kgan.models.compiled_model import CompiledModel


class TrainingData:
    """The training data of one `fit`: `steps_per_epoch` steps an epoch, beginning at `start`.

    Keras's `fit` always begins an epoch at its first step. To go on within one, the stream begins
    at the right place and the train function passes over the steps that lie behind.
    """

    def __init__(self, gan: CompiledModel, given: GivenData, steps_per_epoch: int | None = None):
        self.gan = gan
        self.start = 0
        self._given = given
        self.dataset = x = given.batches(gan)
        # An iterator can be read once: whoever looks at examples beside the training sees these.
        self._first = x.first_batch if isinstance(given.x, Iterator) else None
        check_size(gan, x, gan.discriminator_steps)
        label = gan.batch_signature.label
        known = isinstance(x, ImageDataset) and label is not None and label.classes
        # Where labels are hidden, those of the highest class may be, too.
        if known and not x.label_names and x.labels.min() >= 0:
            check_classes(
                gan,
                int(x.labels.max()) + 1,
                "x",
                ", or pass a tf.data.Dataset if the last classes are to have no images",
            )
        if steps_per_epoch is None:
            steps_per_epoch = int(x.cardinality())
            if steps_per_epoch < 1:
                raise UsageError(
                    "steps_per_epoch must be given: the data set does not know its own length "
                    f"(cardinality {steps_per_epoch}).",
                    "steps_per_epoch",
                )
        steps_per_epoch = check_integer("steps_per_epoch", steps_per_epoch, 1)
        # Whole executions only; the stream goes on across epochs, so no image is lost.
        per_execution = gan.steps_per_execution
        self.steps_per_epoch = max(steps_per_epoch // per_execution, 1) * per_execution

    @property
    def config(self) -> dict[str, Any]:
        """What must be the same for a run to be resumed."""
        described = self.dataset.config if isinstance(self.dataset, ImageDataset) else {}
        return {**described, "steps_per_epoch": self.steps_per_epoch}

    @property
    def shuffled(self) -> bool:
        """Whether kgan draws the order; a `tf.data.Dataset` of the user's has its own."""
        arrays = bool(self._given.parts) and self._given.shuffle
        return isinstance(self.dataset, ImageDataset) or arrays

    def separate_pass(self) -> tf.data.Dataset:
        """The batches of an epoch in a stream of its own, which the training's does not feel.

        A `tf.data.Dataset` that shuffles by itself is the exception: its order advances.
        """
        if isinstance(self.dataset, ImageDataset):
            return self.dataset.from_step(0).take(self.dataset.steps_per_epoch)
        if self._first is not None:
            return self._first
        if not self.shuffled:
            return self.dataset
        return self._given.batches(self.gan)

    def stream(self):
        """Endless batches from step `start` on; each worker and replica gets its part."""
        if isinstance(self.dataset, ImageDataset):
            strategy = self.gan.distribute_strategy
            if strategy.num_replicas_in_sync > 1:
                return self.dataset.distributed(strategy, self.start)
            return self.dataset.from_step(self.start)
        if self._first is not None:  # an iterator goes on from where it stands
            return _steady(self.dataset)
        return _steady(self.dataset.repeat().skip(self.start))

    def skipping(self, train_function):
        """The train function, but steps of the first epoch before `start` are not taken."""
        behind = self.start % self.steps_per_epoch

        def function(iterator):
            nonlocal behind
            if behind > 0:
                behind -= self.gan.steps_per_execution
                return self.gan.results(self.gan._train_log)
            return train_function(iterator)

        return function


def one_pass(gan: CompiledModel, given: GivenData) -> tf.data.Dataset:
    """The batches once, for an evaluation.

    Raises:
        UsageError: the networks cannot take them.
    """
    x = dataclasses.replace(given, shuffle=False, keep_rest=True).batches(gan)
    if gan.pack > 1:
        check_size(gan, x, 1)
    return _steady(x)


def _steady(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """Without tf.data's autotuner, whose thread was seen to hold up the end of `fit`."""
    if dataset.options().autotune.enabled is None:
        options = tf.data.Options()
        options.autotune.enabled = False
        dataset = dataset.with_options(options)
    return dataset
