"""A GAN whose discriminator is a classifier that also learns from unlabelled images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from kgan.checks import check_integer
from kgan.models.classes import CLASS_LOGITS, accuracy, classifier, cross_entropy, most_likely
from kgan.models.step_log import Weighted
from kgan.models.variant import ImageShape, Shared, Variant
from kgan.signature import Label

if TYPE_CHECKING:
    from typing_extensions import Unpack


@keras.saving.register_keras_serializable(package="kgan")
class SemiSupervisedGAN(Variant):
    """A GAN whose discriminator classifies images into `classes` real classes, or as fake.

    `fit` takes `(images, labels)` with the label -1 where there is none
    (`kgan.data.load(…, labels=True, labelled=100)` hides all but 100). The discriminator minimises
    the cross-entropy of the labelled images and the two-player loss of the unlabelled ones (of all
    where none is unlabelled), so that the few that come again and again do not stand for the data;
    its logit is the logarithm of the summed exponentials of the class logits (the fake class's own
    is 0). The generator brings the mean features of its images to those of the unlabelled real
    ones. `classify(images)` uses the averaged discriminator. `fit` logs `class_loss`
    and `class_accuracy` on the labelled images.

    Args:
        image_shape: `(height, width, channels)`.
        classes: how many classes the labels 0..classes-1 have.
        shared: as in `DCGAN`.

    Example:
        >>> gan = kgan.SemiSupervisedGAN((28, 28, 1), classes=10, width=32)
        >>> gan.compile()
        >>> gan.fit(kgan.data.load("fashion_mnist", labels=True, labelled=1000), epochs=12)

    Raises:
        UsageError: fewer than two classes, or what `DCGAN` refuses.

    Salimans et al., "Improved Techniques for Training GANs", 2016, arXiv:1606.03498, sections 3.1
    and 5; Odena, "Semi-Supervised Learning with Generative Adversarial Networks", 2016,
    arXiv:1606.01583.
    """

    needs_real_logits = True

    def __init__(
        self,
        image_shape: ImageShape = (64, 64, 3),
        classes: int = 10,
        **shared: Unpack[Shared],
    ):
        classes = check_integer("classes", classes, 2)
        super().__init__(
            image_shape,
            shared,
            batch=[Label(classes, unlabelled=True)],
            discriminator={"heads": {CLASS_LOGITS: (classes,)}, "features": True},
        )
        self.add_average("discriminator")

    def name_outputs(self, outputs) -> dict[str, Any]:
        named = super().name_outputs(outputs)
        # The log of the odds that an image belongs to any of the real classes.
        return {**named, "logit": tf.reduce_logsumexp(named[CLASS_LOGITS], -1, keepdims=True)}

    def losses(self, player, real, fake):
        if player == "generator":
            # The squared distance between the mean features, by feature.
            real_mean = tf.reduce_mean(_unlabelled(real, "features"), 0)
            fake_mean = tf.reduce_mean(fake["features"], 0)
            return {"generator_loss": tf.reduce_mean(tf.square(real_mean - fake_mean))}
        classes = cross_entropy(real[CLASS_LOGITS], real[Label.name])
        real_or_fake = super().losses(player, {**real, "logit": _unlabelled(real, "logit")}, fake)
        return {
            "unlabelled_loss": real_or_fake["discriminator_loss"],
            "class_loss": Weighted(classes, _count_labelled(real)),
        }

    def diagnostics(self, real, fake):
        right = accuracy(real[CLASS_LOGITS], real[Label.name])
        return super().diagnostics(real, fake) | {
            "class_accuracy": Weighted(right, _count_labelled(real))
        }

    def entry_points(self):
        return super().entry_points() | {"classify": classifier(self, self.averaged_discriminator)}

    def classify(self, images, batch_size: int = 64) -> np.ndarray:
        """The most likely real class of each image: int32 `(n,)`.

        Raises:
            UsageError: images of another shape or range.
        """
        return most_likely(self, images, batch_size)


def _count_labelled(batch):
    return tf.reduce_sum(tf.cast(batch[Label.name] >= 0, tf.float32))


def _unlabelled(batch, name: str):
    """The unlabelled images' rows in turn, as many as the batch has; all if all have labels."""
    labelled = batch[Label.name] >= 0
    n = tf.size(labelled)
    count = tf.reduce_sum(tf.cast(~labelled, tf.int32))
    # Of a fixed shape, which XLA needs: the unlabelled first, then those again.
    order = tf.argsort(tf.cast(labelled, tf.int32), stable=True)
    return tf.gather(batch[name], tf.gather(order, tf.range(n) % tf.where(count > 0, count, n)))
