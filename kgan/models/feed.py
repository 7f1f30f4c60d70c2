"""From what the user passes to `fit` to an endless stream that starts at any step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from kgan.checks import check_integer
from kgan.data import ImageDataset, check_images, load
from kgan.errors import UsageError

if TYPE_CHECKING:
    from kgan.models.gan import GAN


class Feed:
    """The training data of one `fit`: `steps_per_epoch` steps an epoch, beginning at `start`.

    Keras's `fit` always begins an epoch at its first step. To go on within one, the stream begins
    at the right place and the train function passes over the steps that lie behind.
    """

    def __init__(self, gan: GAN, x: Any, batch_size: int | None, steps_per_epoch: int | None):
        self.gan = gan
        self.start = 0
        if batch_size is not None and not isinstance(x, np.ndarray):
            raise UsageError(
                "batch_size belongs to arrays; give it to kgan.data.load or dataset.batch instead "
                f"(received batch_size={batch_size!r} with {type(x).__name__})."
            )
        if isinstance(x, np.ndarray):
            check_images(x, gan.image_shape, "x")
            x = load(x, batch_size=64 if batch_size is None else batch_size, seed=gan.seed)
        if not isinstance(x, tf.data.Dataset):
            raise UsageError(
                "x must be kgan.data.load(...), a tf.data.Dataset or an array of images; "
                f"received {type(x).__name__}."
            )
        self.dataset = x
        self._check_elements()
        if steps_per_epoch is None:
            steps_per_epoch = int(x.cardinality())
            if steps_per_epoch < 1:
                raise UsageError(
                    "steps_per_epoch must be given: the data set does not know its own length "
                    f"(cardinality {steps_per_epoch})."
                )
        check_integer("steps_per_epoch", steps_per_epoch, 1)
        # Whole executions only; the stream goes on across epochs, so no image is lost.
        per_execution = gan.steps_per_execution
        self.steps_per_epoch = max(steps_per_epoch // per_execution, 1) * per_execution

    @property
    def config(self) -> dict[str, Any]:
        """What must be the same for a run to be resumed."""
        described = self.dataset.config if isinstance(self.dataset, ImageDataset) else {}
        return {**described, "steps_per_epoch": self.steps_per_epoch}

    def stream(self):
        """Endless batches from step `start` on; each worker and replica gets its part."""
        if isinstance(self.dataset, ImageDataset):
            strategy = self.gan.distribute_strategy
            if strategy.num_replicas_in_sync > 1:
                return self.dataset.distributed(strategy, self.start)
            return self.dataset.from_step(self.start)
        return self._steady(self.dataset.repeat().skip(self.start))

    def one_epoch(self):
        """The data once, for an evaluation."""
        return self._steady(self.dataset)

    def skipping(self, train_function):
        """The train function, but steps of the first epoch before `start` are not taken."""
        behind = self.start % self.steps_per_epoch

        def function(iterator):
            nonlocal behind
            if behind > 0:
                behind -= self.gan.steps_per_execution
                return self.gan.get_metrics_result()
            return train_function(iterator)

        return function

    def _check_elements(self) -> None:
        spec = self.dataset.element_spec
        if not isinstance(spec, tf.TensorSpec):
            raise UsageError(
                f"x must hold images alone for {type(self.gan).__name__}, which knows no classes; "
                f"received batches of {len(spec)} parts, a {type(spec).__name__}. Load without "
                "labels=True, or dataset.map(lambda image, label: image)."
            )
        if isinstance(self.dataset, ImageDataset):
            if tuple(self.dataset.image_shape) != self.gan.image_shape:
                size, _, channels = self.gan.image_shape
                raise UsageError(
                    f"x holds images of shape {tuple(self.dataset.image_shape)}, but the networks "
                    f"are made for {self.gan.image_shape}; load with resolution={size}, "
                    f"channels={channels}, or build the model with image_shape="
                    f"{tuple(self.dataset.image_shape)}."
                )
        else:
            for batch in self.dataset.take(1):
                check_images(batch.numpy(), self.gan.image_shape, "x")
        batch = spec.shape[0] if spec.shape.rank else None
        parts = self.gan.discriminator_steps * self.gan.distribute_strategy.num_replicas_in_sync
        if batch is None and parts > 1:
            raise UsageError(
                f"The batches must divide into {parts} parts (discriminator_steps="
                f"{self.gan.discriminator_steps} times the replicas), but their size is not fixed; "
                "use dataset.batch(size, drop_remainder=True)."
            )
        if batch is not None and batch % parts:
            raise UsageError(
                f"The batch of {batch} images must divide into {parts} parts "
                f"(discriminator_steps={self.gan.discriminator_steps} times the replicas); "
                f"use batch_size={max(batch // parts, 1) * parts}."
            )

    @staticmethod
    def _steady(dataset):
        """Without tf.data's autotuner, whose thread was seen to hold up the end of `fit`."""
        if dataset.options().autotune.enabled is None:
            options = tf.data.Options()
            options.autotune.enabled = False
            dataset = dataset.with_options(options)
        return dataset
