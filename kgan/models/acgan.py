"""ACGAN: a discriminator that also tells the class."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras
import numpy as np
import tensorflow as tf

from kgan.checks import check_integer, check_number
from kgan.models.classes import CLASS_LOGITS, accuracy, classifier, cross_entropy, most_likely
from kgan.models.variant import ImageShape, Shared, Variant
from kgan.signature import Label

if TYPE_CHECKING:
    from typing_extensions import Unpack


@keras.saving.register_keras_serializable(package="kgan")
class ACGAN(Variant):
    """The generator takes the class, and a second head of the discriminator recognizes it.

    Both players minimise the cross-entropy of the class, the discriminator on real and fake images,
    the generator on fakes; `class_weight` multiplies it. `fit` logs the discriminator's
    `source_loss` (its two-player loss) and `class_loss` (weighted), the generator's as
    `generator_source_loss` and `generator_class_loss`, and the accuracies `real_class_accuracy` and
    `fake_class_accuracy`. `generate(labels=…)` asks for classes, `classify(images)` recognizes
    them.

    Args:
        image_shape: `(height, width, channels)`.
        classes: how many classes the labels 0..classes-1 have.
        class_weight: factor of the cross-entropy.
        shared: as in `DCGAN`.

    Example:
        >>> gan = kgan.ACGAN((28, 28, 1), classes=10, width=32)
        >>> gan.compile()
        >>> gan.fit(kgan.data.load("fashion_mnist", batch_size=32, labels=True), epochs=12)

    Raises:
        UsageError: fewer than two classes, a weight below 0, or what `DCGAN` refuses.

    Odena, Olah & Shlens, "Conditional Image Synthesis with Auxiliary Classifier GANs", 2017,
    arXiv:1610.09585, equations 2 and 3.
    """

    def __init__(
        self,
        image_shape: ImageShape = (64, 64, 3),
        classes: int = 10,
        class_weight: float = 1.0,
        **shared: Unpack[Shared],
    ):
        classes = check_integer("classes", classes, 2)
        super().__init__(
            image_shape,
            shared,
            conditions=[Label(classes)],
            discriminator={"heads": {"logit": (1,), CLASS_LOGITS: (classes,)}},
        )
        self.class_weight = check_number("class_weight", class_weight, 0)

    def losses(self, player, real, fake):
        batches = [fake] if player == "generator" else [real, fake]
        (source,) = super().losses(player, real, fake).values()
        classes = tf.add_n(
            [cross_entropy(each[CLASS_LOGITS], each[Label.name]) for each in batches]
        )
        prefix = "generator_" if player == "generator" else ""
        return {
            f"{prefix}source_loss": source,
            f"{prefix}class_loss": self.class_weight * classes,
        }

    def diagnostics(self, real, fake):
        return super().diagnostics(real, fake) | {
            f"{name}_class_accuracy": accuracy(each[CLASS_LOGITS], each[Label.name])
            for name, each in (("real", real), ("fake", fake))
        }

    def entry_points(self):
        return super().entry_points() | {"classify": classifier(self, self.discriminator)}

    def classify(self, images, batch_size: int = 64) -> np.ndarray:
        """The most likely class of each image: int32 `(n,)`.

        Raises:
            UsageError: images of another shape or range.
        """
        return most_likely(self, images, batch_size)
