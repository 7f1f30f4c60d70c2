"""Regularizers of a player: penalties on the discriminator's gradient with respect to its input.

`penalty(real, fake)` returns a float32 scalar. Both are `Examples`: float32 images of one shape,
and the logits of images in their place, each under its example's own condition.
`interval` k > 1 applies the penalty in every k-th discriminator update, k times as strong
("lazy regularisation": Karras et al., "Analyzing and Improving the Image Quality of StyleGAN",
2020, arXiv:1912.04958, section 3.1). The model applies the interval; a call returns the plain
penalty.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple, TypeAlias

import keras
from keras import ops

from kgan.checks import check_integer, check_number
from kgan.registry import Configured, Registry


class Examples(NamedTuple):
    """Images `(batch, …)`, and `logits(images)` of any images under the examples' conditions."""

    images: Any
    logits: Callable[[Any], Any]


Weight: TypeAlias = "float | keras.optimizers.schedules.LearningRateSchedule"


def _gradient_squares(examples, images):
    """Squared norm of the gradient of each image's logit, shape `(batch,)`, float32."""
    import tensorflow as tf

    images = tf.cast(images, tf.float32)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(images)
        # Of several logits of an image, one per patch, the mean judges it.
        # The gradient of the sum holds each image's gradient if a logit depends on its own image
        # only. Batch normalisation in the critic violates that (WGAN-GP advises against it in
        # section 4): the norm is then that of the whole batch's sum.
        logits = tf.cast(examples.logits(images), tf.float32)
        total = tf.reduce_sum(tf.reduce_mean(tf.reshape(logits, (tf.shape(images)[0], -1)), 1))
    gradients = tape.gradient(total, images, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    return tf.reduce_sum(tf.square(gradients), axis=range(1, len(gradients.shape)))


def _norm(squares):
    # The root has an infinite slope at zero: a constant critic would get NaN.
    return ops.sqrt(ops.maximum(squares, 1e-12))


class Penalty(Configured):
    """Base class: a regularizer of the discriminator, `weight` times a float32 scalar.

    The weight may be a Keras schedule, a function of the training step. `interval` is in updates of
    the discriminator.

    Example:
        >>> class Drift(kgan.penalties.Penalty):
        ...     def __call__(self, real, fake):
        ...         return self.strength * keras.ops.mean(real.logits(real.images) ** 2)
        >>> gan.compile("wasserstein", penalties=["gradient_penalty", Drift(weight=0.001)])

    Raises:
        UsageError: a weight below 0, or an interval below 1.
    """

    # The player whose variables it regularizes.
    player: ClassVar[str] = "discriminator"
    # The model binds its own generator, so that its seed and checkpoints pin the noise.
    seed_generator: keras.random.SeedGenerator | None = None

    def __init__(self, weight: Weight, interval: int = 1):
        scheduled = isinstance(weight, keras.optimizers.schedules.LearningRateSchedule)
        self.weight = weight if scheduled else check_number("weight", weight, 0)
        self.interval = check_integer("interval", interval, 1)

    @property
    def strength(self):
        """The weight at the current training step, at step 0 outside a model."""
        if not callable(self.weight):
            return self.weight
        step = getattr(self.seed_generator, "step", 0)
        return ops.cast(self.weight(step), "float32")

    def __call__(self, real: Examples, fake: Examples):
        """The weighted penalty, a float32 scalar."""
        raise NotImplementedError


penalties: Registry[Penalty] = Registry("penalties", Penalty)


@penalties.register("r1")
class R1(Penalty):
    """weight / 2 · E‖∇D(x)‖² on real images.

    Example:
        >>> gan.compile(penalties=[kgan.penalties.R1(weight=10.0, interval=16)])
        >>> gan.fit(images, epochs=1)

    Mescheder et al., "Which Training Methods for GANs do actually Converge?", 2018,
    arXiv:1801.04406, equation 9 (weight is its γ).
    """

    def __init__(self, weight: Weight = 10.0, interval: int = 1):
        super().__init__(weight, interval)

    def __call__(self, real: Examples, fake: Examples):
        return 0.5 * self.strength * ops.mean(_gradient_squares(real, real.images))


@penalties.register("r2")
class R2(Penalty):
    """weight / 2 · E‖∇D(G(z))‖² on generated images.

    Example:
        >>> both = [kgan.penalties.R1(weight=1.0), kgan.penalties.R2(weight=1.0)]
        >>> gan.compile(loss="relativistic", penalties=both)
        >>> gan.fit(images, epochs=1)

    Mescheder et al., "Which Training Methods for GANs do actually Converge?", 2018,
    arXiv:1801.04406, equation 10 (weight is its γ).
    """

    def __init__(self, weight: Weight = 10.0, interval: int = 1):
        super().__init__(weight, interval)

    def __call__(self, real: Examples, fake: Examples):
        return 0.5 * self.strength * ops.mean(_gradient_squares(fake, fake.images))


@penalties.register("gradient_penalty")
class GradientPenalty(Penalty):
    """weight · E(‖∇D(x̂)‖ - 1)², x̂ uniform on the lines between real and generated images.

    Points on a line are judged under the condition of its real image.

    Example:
        >>> gan.compile("wasserstein", penalties=[kgan.penalties.GradientPenalty(weight=10.0)])
        >>> gan.fit(images, epochs=1)

    Gulrajani et al., "Improved Training of Wasserstein GANs", 2017, arXiv:1704.00028, equation 3.
    """

    def __init__(self, weight: Weight = 10.0, interval: int = 1):
        super().__init__(weight, interval)

    def __call__(self, real: Examples, fake: Examples):
        shape = (ops.shape(real.images)[0], *[1] * (len(real.images.shape) - 1))
        share = keras.random.uniform(shape, dtype="float32", seed=self.seed_generator)
        between = share * real.images + (1.0 - share) * fake.images
        norm = _norm(_gradient_squares(real, between))
        return self.strength * ops.mean(ops.square(norm - 1.0))


@penalties.register("dragan")
class DRAGAN(Penalty):
    """weight · E(‖∇D(x + δ)‖ - 1)² around real images, δ ~ N(0, (noise · std(x))²).

    `noise` is in units of the batch's standard deviation.

    Example:
        >>> gan.compile(penalties=[kgan.penalties.DRAGAN(noise=0.5)])
        >>> gan.fit(images, epochs=1)

    Raises:
        UsageError: `noise` or `weight` below 0.

    Kodali et al., "On Convergence and Stability of GANs", 2017, arXiv:1705.07215, section 2.3.
    """

    def __init__(self, weight: Weight = 10.0, interval: int = 1, noise: float = 0.5):
        super().__init__(weight, interval)
        self.noise = check_number("noise", noise, 0, " of standard deviations")

    def __call__(self, real: Examples, fake: Examples):
        images = real.images
        noise = keras.random.normal(ops.shape(images), dtype="float32", seed=self.seed_generator)
        near = images + self.noise * ops.std(images) * noise
        norm = _norm(_gradient_squares(real, near))
        return self.strength * ops.mean(ops.square(norm - 1.0))


def __dir__() -> list[str]:
    """The penalties and their registry, without what this module imports."""
    own = (cls.__name__ for cls in penalties.classes.values() if cls.__module__ == __name__)
    return ["Penalty", "penalties", *own]
