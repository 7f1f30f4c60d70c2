"""Pix2Pix: images to images, learned from pairs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from kgan.checks import check_integer, check_precision
from kgan.models.translation import SOURCE, TARGET, Translation
from kgan.networks import ImageDiscriminator, Translator, discriminators, translators
from kgan.signature import Image, Latent, Signature
from kgan.terms import Term, computed, terms as known_terms


@keras.saving.register_keras_serializable(package="kgan")
class Pix2Pix(Translation):
    """Translates images to images; learns from pairs of source and target.

    The discriminator judges pairs; an L1 term keeps the translations near the targets.

    Images may have any height and width that the networks can take, `channels` are the target's;
    `source_channels` is the same where it is None. With a `latent_dim` the generator also takes a
    latent, where the paper has dropout at inference. The `content_terms` are added to the
    adversarial loss.
    The paper halves the discriminator's loss, which changes nothing with Adam.

    Example:
        >>> gan = kgan.Pix2Pix(channels=3, generator_network=kgan.networks.UNet(width=16, depth=6))
        >>> gan.compile()
        >>> gan.fit(kgan.data.pairs("photos", "maps", resolution=64), epochs=1)

    Raises:
        UsageError: an argument out of range, or an unknown name.

    Isola et al., "Image-to-Image Translation with Conditional Adversarial Networks", 2017,
    arXiv:1611.07004, equation 4.
    """

    def __init__(
        self,
        channels: int = 3,
        source_channels: int | None = None,
        latent_dim: int = 0,
        generator_network: str | Translator = "unet",
        discriminator_network: str | ImageDiscriminator = "patchgan",
        content_terms: Sequence[str | Term] = ("l1",),
        ema_halflife_images: float | None = 10_000.0,
        seed: int = 0,
        dtype: str | None = None,
        name: str | None = None,
    ):
        target = Image((None, None, check_integer("channels", channels, 1, 4)), TARGET)
        if source_channels is not None:
            channels = check_integer("source_channels", source_channels, 1, 4)
        source = Image((None, None, channels), SOURCE)
        latent_dim = check_integer("latent_dim", latent_dim, 0)
        noise = [Latent(latent_dim)] if latent_dim else []
        seed = check_integer("seed", seed, 0, 2**31 - 1)
        dtype = check_precision("dtype", dtype or keras.config.dtype_policy().name)
        made, judge = translators.get(generator_network), discriminators.get(discriminator_network)
        networks = (
            made.generator(Signature(source, *noise), target, seed, dtype),
            judge.discriminator(Signature(source, target), seed, dtype),
        )
        super().__init__(*networks, ema_halflife_images, seed, name, made.smallest)
        self.channels, self.source_channels = target.shape[2], source_channels
        self.latent_dim, self.precision = latent_dim, dtype
        self.generator_network, self.discriminator_network = made, judge
        self.content_terms = known_terms.get_all("content_terms", content_terms)

    @property
    def terms(self) -> Sequence[Term]:
        """The content terms."""
        return self.content_terms

    def losses(self, player: str, real, fake) -> dict[str, Any]:
        found = super().losses(player, real, fake)
        if player == "generator":
            found |= computed(self.terms, real[TARGET], fake[TARGET])
        return found
