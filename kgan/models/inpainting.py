"""Inpainting: the holes of images, filled as their surroundings suggest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kgan.batches import in_batches
from kgan.checks import check_integer, check_number, check_precision
from kgan.models.translation import SOURCE, TARGET, Translation
from kgan.networks import Filling, ImageDiscriminator, Translator, discriminators, translators
from kgan.signature import Image, Mask, Signature
from kgan.terms import L1, Term, computed, terms as known_terms


@keras.saving.register_keras_serializable(package="kgan")
class Inpainting(Translation):
    """Fills the holes of images; learns from whole images and masks, 1 where a pixel is known.

    The generator does not see what lies in the holes and keeps known pixels bit for bit
    (`kgan.networks.Filling`); the discriminator judges images with their masks. The generator's
    loss is the adversarial one, `hole_weight` times the mean L1 distance in the holes, and the sum
    of the `content_terms`. Images may have any size that the networks can take.

    Example:
        >>> gan = kgan.Inpainting(generator_network=kgan.networks.Gated(width=8, dilations=(2, 4)))
        >>> gan.compile()
        >>> gan.fit(kgan.data.masked(kgan.data.patches("photos", size=64)), epochs=1)
        >>> filled = gan.inpaint(photos, masks=photos[..., :1] > -0.5)

    Raises:
        UsageError: an argument out of range, or an unknown name.

    Yu et al., "Free-Form Image Inpainting with Gated Convolution", 2019, arXiv:1806.03589; Pathak
    et al., "Context Encoders: Feature Learning by Inpainting", 2016, arXiv:1604.07379, equation 3.
    """

    entry = "inpaint"
    unaltered = (Mask.name,)

    def __init__(
        self,
        channels: int = 3,
        generator_network: str | Translator = "gated",
        discriminator_network: str | ImageDiscriminator = "sn_patchgan",
        hole_weight: float = 1.0,
        content_terms: Sequence[str | Term] = (),
        ema_halflife_images: float | None = 10_000.0,
        seed: int = 0,
        dtype: str | None = None,
        name: str | None = None,
    ):
        channels = check_integer("channels", channels, 1, 4)
        source, target = (Image((None, None, channels), each) for each in (SOURCE, TARGET))
        seed = check_integer("seed", seed, 0, 2**31 - 1)
        dtype = check_precision("dtype", dtype or keras.config.dtype_policy().name)
        made, judge = translators.get(generator_network), discriminators.get(discriminator_network)
        mask = Mask((None, None, 1), smallest=made.smallest)
        generator = Filling(made).generator(Signature(source, mask), target, seed, dtype)
        discriminator = judge.discriminator(Signature(target, mask), seed, dtype)
        super().__init__(generator, discriminator, ema_halflife_images, seed, name, made.smallest)
        self.batch_signature = Signature(*self.output_signature.values(), mask)
        self.generator_network, self.discriminator_network, self.precision = made, judge, dtype
        self.channels, self.hole_weight = channels, check_number("hole_weight", hole_weight, 0)
        self.content_terms = known_terms.get_all("content_terms", content_terms)

    @property
    def terms(self) -> Sequence[Term]:
        """The content terms."""
        return self.content_terms

    def compile_defaults(self) -> dict[str, Any]:
        return super().compile_defaults() | {"loss": "hinge"}

    def encode_real(self, real, training: bool) -> dict[str, Any]:
        return {**real, SOURCE: real[TARGET]}

    def losses(self, player: str, real, fake) -> dict[str, Any]:
        found = super().losses(player, real, fake)
        if player == "generator":
            # Known pixels are equal, so that the distance is that of the holes.
            l1 = L1(self.hole_weight)(real[TARGET], fake[TARGET])
            found["hole_l1"] = tf.math.divide_no_nan(l1, tf.reduce_mean(1.0 - real[Mask.name]))
            found |= computed(self.terms, real[TARGET], fake[TARGET])
        return found

    def inpaint(self, images: Any, masks: Any, batch_size: int = 16) -> np.ndarray:
        """Images float32 `(n, height, width, channels)` in [-1, 1], their holes filled.

        `masks` are 1 or True where a pixel is known: `(n, height, width)`, with or without a last
        axis of 1, or `(height, width)` for all images. `batch_size` images are filled at a time.

        Raises:
            UsageError: images or masks of another shape or range.
        """
        images = self._source.check(images, argument="images")
        known = Mask((None, None, 1)).beside(masks, images)
        return in_batches(self, {SOURCE: images, Mask.name: known}, batch_size)
