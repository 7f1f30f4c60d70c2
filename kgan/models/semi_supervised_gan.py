"""A GAN whose discriminator is a classifier that also learns from unlabelled images."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kgan.checks import check_integer
from kgan.models.classes import accuracy, cross_entropy
from kgan.models.variant import Blueprint, Variant


@keras.saving.register_keras_serializable(package="kgan")
class SemiSupervisedGAN(Variant):
    """The discriminator tells `classes` real classes and one more, fake; the generator matches it.

    `fit` takes `(images, labels)` with the label -1 where there is none
    (`kgan.data.load(…, labels=True, labelled=100)` hides all but 100). The discriminator minimises
    the cross-entropy of the labelled images and the two-player loss of the unlabelled ones (of all
    where none is unlabelled), so that the few that come again and again do not stand for the data;
    its logit is the logarithm of the summed exponentials of the class logits (the fake class's own
    is 0). The generator brings the mean features of its images to those of the unlabelled real
    ones. `classify(images)` tells classes by the averaged discriminator. `fit` logs `class_loss`
    and `class_accuracy` on the labelled images. The other arguments are those of `DCGAN`.

    Raises:
        UsageError: fewer than two classes, or what `DCGAN` refuses.

    Salimans et al., "Improved Techniques for Training GANs", 2016, arXiv:1606.03498, sections 3.1
    and 5; Odena, "Semi-Supervised Learning with Generative Adversarial Networks", 2016,
    arXiv:1606.01583.
    """

    needed = ("label",)
    needs_real_logits = True
    takes_unlabelled = True
    logged = ("class_loss", "class_accuracy")

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (64, 64, 3),
        classes: int = 10,
        latent_dim: int = 100,
        width: int = 128,
        networks: str = "dcgan",
        normalization: str | None = None,
        prior: str = "normal",
        ema_halflife_images: float | None = 10_000.0,
        seed: int = 0,
        dtype: str | None = None,
        name: str | None = None,
    ):
        classes = check_integer("classes", classes, 2)
        blueprint = Blueprint(networks, image_shape, width, normalization, prior, seed, dtype)
        super().__init__(
            blueprint,
            blueprint.generator(latent_dim),
            blueprint.discriminator(heads={"class_logits": (classes,)}, features=True),
            ema_halflife_images,
            name,
        )
        self.classes = classes
        self.averaged_discriminator = self._averaged(self.discriminator)

    def judgement(self, outputs) -> dict[str, Any]:
        judged = super().judgement(outputs)
        # log of the odds that an image belongs to any of the real classes
        return {**judged, "logit": tf.reduce_logsumexp(judged["class_logits"], -1, keepdims=True)}

    def discriminator_loss(self, real, fake):
        classes = cross_entropy(real["class_logits"], real["label"])
        self.track(
            weight=tf.reduce_sum(tf.cast(real["label"] >= 0, tf.float32)),
            class_loss=classes,
            class_accuracy=accuracy(real["class_logits"], real["label"]),
        )
        real = {**real, "logit": _unlabelled(real, "logit")}
        return super().discriminator_loss(real, fake) + classes

    def generator_loss(self, real, fake):
        """The squared distance between the mean features of both sides, by feature."""
        real_mean = tf.reduce_mean(_unlabelled(real, "features"), 0)
        return tf.reduce_mean(tf.square(real_mean - tf.reduce_mean(fake["features"], 0)))

    def classify(self, images, batch_size: int = 64) -> np.ndarray:
        """The most likely real class of each image: int32 `(n,)`.

        Raises:
            UsageError: images of another shape or range.
        """
        judged = self._answered(self.averaged_discriminator, images, batch_size)
        return judged["class_logits"].argmax(-1).astype(np.int32)


def _unlabelled(side, name: str):
    """The rows of the unlabelled images in turn, as many as the side has; all where none is."""
    labelled = side["label"] >= 0
    n = tf.size(labelled)
    count = tf.reduce_sum(tf.cast(~labelled, tf.int32))
    # Of a fixed shape, which XLA needs: the unlabelled first, then those again.
    order = tf.argsort(tf.cast(labelled, tf.int32), stable=True)
    return tf.gather(side[name], tf.gather(order, tf.range(n) % tf.where(count > 0, count, n)))
