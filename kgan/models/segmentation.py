"""Segmentation: the class of each pixel, with an adversary that judges label maps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kgan.checks import check_integer, check_number, check_precision
from kgan.models.classes import accuracy, cross_entropy, scaled
from kgan.models.translation import SOURCE, TARGET, Translation
from kgan.networks import ImageDiscriminator, Segmenting, Translator, discriminators, translators
from kgan.signature import Image, LabelMap, Probabilities, Signature


@keras.saving.register_keras_serializable(package="kgan")
class Segmentation(Translation):
    """Tells the class of each pixel, with an adversary that tells true label maps from made ones.

    Batches are `(images, label_maps)`, -1 where no class is known. The generator minimises the
    cross-entropy and `adversarial_weight` times the adversarial loss; 0 leaves the adversary to
    watch. It sees images with probabilities; the true classes have `tau` or more (the paper's
    "scaling"), 1 of them with `tau=1` ("basic"). Images may have any size that the networks take.

    Example:
        >>> gan = kgan.Segmentation(generator_network=kgan.networks.UNet(width=8, depth=4))
        >>> gan.compile(metrics=[kgan.metrics.streaming.MeanIoU(classes=2)])
        >>> gan.fit(kgan.data.composites(size=64), validation_data=kgan.data.composites(size=64))

    Raises:
        UsageError: an argument out of range, or an unknown name.

    Luc, Couprie, Chintala & Verbeek, "Semantic Segmentation using Adversarial Networks", 2016,
    arXiv:1611.08408, equation 1.
    """

    entry = "segment"
    unaltered = (TARGET,)

    def __init__(
        self,
        classes: int = 2,
        channels: int = 3,
        generator_network: str | Translator = "unet",
        discriminator_network: str | ImageDiscriminator = "patchgan",
        adversarial_weight: float = 0.1,
        tau: float = 0.9,
        ema_halflife_images: float | None = 10_000.0,
        seed: int = 0,
        dtype: str | None = None,
        name: str | None = None,
        class_names: Sequence[str] | None = None,
    ):
        target = Probabilities(check_integer("classes", classes, 2), TARGET)
        source = Image((None, None, check_integer("channels", channels, 1, 4)), SOURCE)
        seed = check_integer("seed", seed, 0, 2**31 - 1)
        dtype = check_precision("dtype", dtype or keras.config.dtype_policy().name)
        made, judge = translators.get(generator_network), discriminators.get(discriminator_network)
        generator = Segmenting(made).generator(Signature(source), target, seed, dtype)
        judged = Signature(source, Image(target.shape, TARGET))
        discriminator = judge.discriminator(judged, seed, dtype)
        super().__init__(generator, discriminator, ema_halflife_images, seed, name, made.smallest)
        self.output_signature = Signature(target)
        self.batch_signature = Signature(*self.input_signature.values(), LabelMap(target.classes))
        self.name_classes(class_names)
        self.classes, self.channels, self.precision = target.classes, source.shape[2], dtype
        self.generator_network, self.discriminator_network = made, judge
        self.adversarial_weight = check_number("adversarial_weight", adversarial_weight, 0)
        self.tau = check_number("tau", tau, 0.5, high=1)

    def encode_real(self, real, training: bool) -> dict[str, Any]:
        return {**real, TARGET: tf.one_hot(real["label_map"], self.classes)}

    def examples(self, real, training: bool = True):
        real, fake = super().examples(real, training)
        known = tf.reduce_sum(real[TARGET], -1, keepdims=True)
        made = known * fake[TARGET]
        soft = scaled(real[TARGET], tf.stop_gradient(made), self.tau)
        return {**real, TARGET: soft}, {**fake, TARGET: made}

    def losses(self, player: str, real, fake) -> dict[str, Any]:
        found = super().losses(player, real, fake)
        if player == "generator":
            adversarial = self.adversarial_weight * found.pop("generator_loss")
            found |= {"adversarial": adversarial} if self.adversarial_weight else {}
            logits = tf.math.log(tf.maximum(fake[TARGET], 1e-30))  # not of 0
            found["cross_entropy"] = cross_entropy(logits, real["label_map"])
        return found

    def diagnostics(self, real, fake) -> dict[str, Any]:
        right = accuracy(fake[TARGET], real["label_map"])
        return super().diagnostics(real, fake) | {"pixel_accuracy": right}

    def segment(self, images: Any, batch_size: int = 64) -> np.ndarray:
        """The most likely class of each pixel, int32 `(n, height, width)`; images as `translate`.

        Raises:
            UsageError: images of another shape or range, or too small for the networks.
        """
        return self.translate(images, batch_size=batch_size).argmax(-1).astype(np.int32)
