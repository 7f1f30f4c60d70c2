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
        self.dataset = x = _checked(gan, x, batch_size, "x")
        self._check_batch()
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
        return _steady(self.dataset.repeat().skip(self.start))

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

    def _check_batch(self) -> None:
        """Every discriminator update of every replica gets as many images."""
        spec = self.dataset.element_spec
        batch = spec.shape[0] if spec.shape.rank else None
        steps = self.gan.discriminator_steps
        parts = steps * self.gan.distribute_strategy.num_replicas_in_sync
        if batch is None and parts > 1:
            raise UsageError(
                f"The batches must divide into {parts} parts (discriminator_steps={steps} times "
                "the replicas), but their size is not fixed; use dataset.batch(size, "
                "drop_remainder=True)."
            )
        if batch is not None and batch % parts:
            raise UsageError(
                f"The batch of {batch} images must divide into {parts} parts "
                f"(discriminator_steps={steps} times the replicas); "
                f"use batch_size={max(batch // parts, 1) * parts}."
            )


def once(gan: GAN, x: Any, batch_size: int | None, argument: str) -> tf.data.Dataset:
    """The batches of `x` once, for an evaluation."""
    return _steady(_checked(gan, x, batch_size, argument))


def _checked(gan: GAN, x: Any, batch_size: int | None, argument: str) -> tf.data.Dataset:
    """What the user passed as `argument`, as batches of images that the networks can take."""
    if batch_size is not None and not isinstance(x, np.ndarray):
        raise UsageError(
            "batch_size belongs to arrays; give it to kgan.data.load or dataset.batch instead "
            f"(received batch_size={batch_size!r} with {type(x).__name__})."
        )
    if isinstance(x, np.ndarray):
        check_images(x, gan.image_shape, argument)
        x = load(x, batch_size=64 if batch_size is None else batch_size, seed=gan.seed)
    if not isinstance(x, tf.data.Dataset):
        raise UsageError(
            f"{argument} must be kgan.data.load(...), a tf.data.Dataset or an array of images; "
            f"received {type(x).__name__}."
        )
    spec = x.element_spec
    if not isinstance(spec, tf.TensorSpec):
        raise UsageError(
            f"{argument} must hold images alone for {type(gan).__name__}, which knows no classes; "
            f"received batches of {len(spec)} parts, a {type(spec).__name__}. Load without "
            "labels=True, or dataset.map(lambda image, label: image)."
        )
    if not isinstance(x, ImageDataset):
        for batch in x.take(1):
            check_images(batch.numpy(), gan.image_shape, argument)
    elif tuple(x.image_shape) != gan.image_shape:
        size, _, channels = gan.image_shape
        raise UsageError(
            f"{argument} holds images of shape {tuple(x.image_shape)}, but the networks are made "
            f"for {gan.image_shape}; load with resolution={size}, channels={channels}, or build "
            f"the model with image_shape={tuple(x.image_shape)}."
        )
    return x


def _steady(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """Without tf.data's autotuner, whose thread was seen to hold up the end of `fit`."""
    if dataset.options().autotune.enabled is None:
        options = tf.data.Options()
        options.autotune.enabled = False
        dataset = dataset.with_options(options)
    return dataset
