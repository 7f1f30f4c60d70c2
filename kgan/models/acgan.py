"""ACGAN: a discriminator that also tells the class."""

from __future__ import annotations

import keras
import tensorflow as tf

from kgan.checks import check_integer, check_number
from kgan.models.classes import accuracy, cross_entropy
from kgan.models.variant import Blueprint, Variant
from kgan.networks import Condition

_EMBEDDING = 64


@keras.saving.register_keras_serializable(package="kgan")
class ACGAN(Variant):
    """The generator is told the class, the discriminator has to find it out: two heads.

    Both players minimise the cross-entropy of the class, the discriminator on both sides, the
    generator on its own; `class_weight` multiplies it. `fit` logs `source_loss` (the
    discriminator's two-player loss), `class_loss` (its cross-entropy on both sides) and the share
    of right classes on either side, `real_class_accuracy` and `fake_class_accuracy`.
    `generate(labels=…)` asks for classes. The other arguments are those of `ConditionalGAN`.

    Raises:
        UsageError: fewer than two classes, a weight below 0, or what `DCGAN` refuses.

    Odena, Olah & Shlens, "Conditional Image Synthesis with Auxiliary Classifier GANs", 2017,
    arXiv:1610.09585, equations 2 and 3.
    """

    logged = ("source_loss", "class_loss", "real_class_accuracy", "fake_class_accuracy")

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (64, 64, 3),
        classes: int = 10,
        latent_dim: int = 100,
        width: int = 128,
        class_weight: float = 1.0,
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
            blueprint.generator(latent_dim, condition=Condition("label", classes, _EMBEDDING)),
            blueprint.discriminator(heads={"logit": (1,), "class_logits": (classes,)}),
            ema_halflife_images,
            name,
        )
        self.classes = classes
        self.class_weight = check_number("class_weight", class_weight, 0)

    def discriminator_loss(self, real, fake):
        source = super().discriminator_loss(real, fake)
        classes = tf.add_n(
            [cross_entropy(side["class_logits"], side["label"]) for side in (real, fake)]
        )
        self.track(
            source_loss=source,
            class_loss=classes,
            real_class_accuracy=accuracy(real["class_logits"], real["label"]),
            fake_class_accuracy=accuracy(fake["class_logits"], fake["label"]),
        )
        return source + self.class_weight * classes

    def generator_loss(self, real, fake):
        source = super().generator_loss(real, fake)
        return source + self.class_weight * cross_entropy(fake["class_logits"], fake["label"])
