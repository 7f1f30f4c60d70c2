"""From images back to the latents that make them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from kgan.batches import in_batches
from kgan.checks import check_integer, check_number
from kgan.errors import UsageError
from kgan.latent import synthesis
from kgan.latent.paths import check_finite
from kgan.priors import within
from kgan.signature import Label, Latent
from kgan.validate import check_images

if TYPE_CHECKING:
    from kgan.models import GAN

_ROWS = 128  # latents that are optimised at a time
_BETA_1, _BETA_2, _EPSILON = 0.9, 0.999, 1e-8  # Adam's, as in its paper


def invert(
    gan: GAN,
    images,
    steps: int = 300,
    learning_rate: float = 0.3,
    seed: int | None = 0,
    starts: int = 4,
    start=None,
    prior_weight: float = 1e-3,
    label: int | str | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """The latents whose images are nearest to the given ones, found by gradient descent.

    Adam minimises, over the latents z of an image, the mean squared error of the pixels plus
    `prior_weight` times the mean of z², the negative log-likelihood of a normal prior but for its
    scale, which keeps latents where the generator was trained; those of another prior stay within
    it. The descent starts from several latents per image; the best latents of all starts and steps
    are kept. A BiGAN's encoder gives one of the starts; for an InfoGAN the codes
    `gan.encode(images)` stay fixed.

    Args:
        gan: the GAN whose averaged generator is inverted, in inference mode.
        images: float32 `(n, *gan.image_shape)` in [-1, 1].
        steps: descent steps.
        learning_rate: of the first step; it falls to 0 along half a cosine.
        seed: pins the random starts.
        starts: random starts per image, from the GAN's prior; 0 if `start` is the only one.
        start: latents `(n, latent_dim)` to begin at as well; by default a BiGAN's encodings.
        prior_weight: the weight of the term above; 0 for the pixels alone. A uniform and a
            spherical prior have no such term.
        label: the class of the images, for a GAN whose generator takes one.

    Returns:
        The latents, float32 `(n, latent_dim)`, and each image's mean squared pixel error, float32
        `(n,)`.

    Example:
        >>> latents, errors = kgan.latent.invert(gan, images[:4], steps=50)
        >>> reconstructions = gan(latents)

    Raises:
        UsageError: invalid images, counts or latents.

    Lipton & Tripathi, "Precise Recovery of Latent Vectors from Generative Adversarial Networks",
    2017, arXiv:1702.04782 (descent, and clipping to the prior); Zhu et al., "Generative Visual
    Manipulation on the Natural Image Manifold", 2016, arXiv:1609.03552, section 3.1 (from an
    encoder's latents).
    """
    import tensorflow as tf

    synthesis.check_movable(gan)
    images = check_images(images, gan.image_shape)
    if label is None and gan.input_signature.label is not None:
        raise UsageError(
            f"label must be the class of the images, since {type(gan).__name__} makes images of "
            "classes; received None. Invert the images of each class separately.",
            Label.name,
        )
    steps = check_integer("steps", steps, 1)
    learning_rate = check_number("learning_rate", learning_rate, 1e-6)
    prior_weight = check_number("prior_weight", prior_weight, 0)
    if start is None and "encode" in gan.entry_points():
        start = gan.encode(images)
    starts = check_integer("starts", starts, 1 if start is None else 0)
    shape = (len(images), gan.latent_dim)
    begin = np.zeros((len(images), 0, gan.latent_dim), np.float32)
    if start is not None:
        start = check_finite("start", start).astype(np.float32)
        if start.shape != shape:
            raise UsageError(
                f"start must be latents, one per image, of the shape {shape}; received "
                f"{start.shape}.",
                "start",
            )
        begin = start[:, None]
    if starts:
        drawn = synthesis.latents(gan, len(images) * starts, seed)
        begin = np.concatenate([begin, drawn.reshape(len(images), starts, -1)], 1)

    held = synthesis.held(gan, len(images), label, recovered(gan, images))
    search = _search(gan, prior_weight, held)
    count = begin.shape[1]

    def found(some):
        return search(
            tf.constant(some["images"].repeat(count, 0)),
            tf.constant(some["begin"].reshape(-1, gan.latent_dim)),
            {name: tf.constant(rows.repeat(count, 0)) for name, rows in some["held"].items()},
            steps,
            learning_rate,
        )

    rows = {"images": images, "begin": begin, "held": held}
    latents, errors, losses = (
        values.reshape(len(images), count, -1)
        for values in in_batches(found, rows, max(_ROWS // count, 1))
    )
    best = losses[..., 0].argmin(1)
    each = np.arange(len(images))
    return latents[each, best], errors[each, best, 0]


def recovered(gan: GAN, images: np.ndarray) -> dict[str, np.ndarray]:
    """The conditions that a model itself reads from images, by name: an InfoGAN's codes."""
    conditions = {field.name for field in gan.input_signature.conditions}
    found: dict[str, np.ndarray] = {}
    for point in gan.entry_points().values():
        if conditions & set(point.outputs):
            found |= in_batches(point, dict.fromkeys(point.inputs, images), _ROWS)
    return {name: rows for name, rows in found.items() if name in conditions}


def _search(gan: GAN, prior_weight: float, held: dict[str, np.ndarray]) -> Callable:
    """The descent: a function of images, their latents, fixed inputs, steps and learning rate.

    It returns the best latents, their errors and their losses.
    """
    import tensorflow as tf

    pixels = float(np.prod(gan.image_shape))
    if gan.prior != "normal":
        prior_weight = 0.0  # equally likely everywhere

    @tf.function(
        input_signature=[
            tf.TensorSpec((None, *gan.image_shape), tf.float32),
            tf.TensorSpec((None, gan.latent_dim), tf.float32),
            {
                name: tf.TensorSpec((None, *rows.shape[1:]), rows.dtype)
                for name, rows in held.items()
            },
            tf.TensorSpec((), tf.int32),
            tf.TensorSpec((), tf.float32),
        ]
    )
    def search(images, latents, held, steps, learning_rate):
        mean = square = tf.zeros_like(latents)
        best = latents
        lowest = best_error = tf.fill(tf.shape(latents)[:1], float("inf"))
        for step in tf.range(steps + 1):
            with tf.GradientTape() as tape:
                tape.watch(latents)
                difference = tf.cast(gan({Latent.name: latents, **held}), tf.float32) - images
                error = tf.reduce_mean(tf.square(difference), (1, 2, 3))
                loss = error + prior_weight * tf.reduce_mean(tf.square(latents), 1)
                # Adam ignores the factor, and float16 gradients would vanish without it.
                total = pixels * tf.reduce_sum(loss)
            gradient = tape.gradient(total, latents)
            better = loss < lowest
            best = tf.where(better[:, None], latents, best)
            best_error = tf.where(better, error, best_error)
            lowest = tf.where(better, loss, lowest)

            number = tf.cast(step + 1, tf.float32)
            mean = _BETA_1 * mean + (1 - _BETA_1) * gradient
            square = _BETA_2 * square + (1 - _BETA_2) * tf.square(gradient)
            past = tf.cast(step, tf.float32) / tf.cast(steps, tf.float32)
            rate = learning_rate * 0.5 * (1.0 + tf.cos(np.pi * past))
            latents -= (
                rate
                * (mean / (1 - _BETA_1**number))
                / (tf.sqrt(square / (1 - _BETA_2**number)) + _EPSILON)
            )
            latents = within(gan.prior, latents)
        return best, best_error, lowest

    return search
