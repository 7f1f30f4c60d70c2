"""SRGAN: images made larger, with textures that an adversarial loss asks for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from kgan.checks import check_integer, check_number, check_precision
from kgan.models.translation import SOURCE, TARGET, Translation
from kgan.networks import ImageDiscriminator, Translator, discriminators, translators
from kgan.signature import Image, Signature
from kgan.terms import MSE, Term, computed, terms as known_terms


@keras.saving.register_keras_serializable(package="kgan")
class SRGAN(Translation):
    """Makes images larger: l^SR = content loss + 10⁻³ · adversarial loss.

    It trains in two stages. In the first the generator plays alone and minimises `pixel_term`: that
    is SRResNet's training. In the second, the game, its content loss is the sum of `content_terms`,
    by default the pixel term, and the discriminator judges large images by themselves. Batches are
    `(sources, targets)` of any height and width; `generator_network` has the scale.

    Example:
        >>> gan = kgan.SRGAN(generator_network=kgan.networks.SRVGG(width=16, blocks=2, scale=4))
        >>> gan.compile(players=["generator"])
        >>> gan.fit(kgan.data.patches("photos", scale=4), epochs=1)
        >>> large = gan.upscale(photos)

    Raises:
        UsageError: an argument out of range, or an unknown name.

    Ledig et al., "Photo-Realistic Single Image Super-Resolution Using a Generative Adversarial
    Network", 2017, arXiv:1609.04802, equation 3; its generator is `kgan.networks.SRResNet`, its
    content term `kgan.terms.Perceptual(network="vgg19", …)`.
    """

    entry = "upscale"

    def __init__(
        self,
        channels: int = 3,
        generator_network: str | Translator = "srvgg",
        discriminator_network: str | ImageDiscriminator = "srgan",
        pixel_term: str | Term | None = None,
        content_terms: Sequence[str | Term] | None = None,
        adversarial_weight: float = 1e-3,
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
        networks = (
            made.generator(Signature(source), target, seed, dtype),
            judge.discriminator(Signature(target), seed, dtype),
        )
        sizes = made.smallest, made.scale
        super().__init__(*networks, ema_halflife_images, seed, name, *sizes)
        self.channels, self.precision = channels, dtype
        self.generator_network, self.discriminator_network = made, judge
        self.pixel_term = MSE() if pixel_term is None else known_terms.get(pixel_term)
        content = content_terms or []
        self.content_terms = known_terms.get_all("content_terms", content) or None
        self.adversarial_weight = check_number("adversarial_weight", adversarial_weight, 0)

    @property
    def terms(self) -> Sequence[Term]:
        """The terms of the stage: the content loss of the game, or the pixel term."""
        return (self.judges and self.content_terms) or [self.pixel_term]

    @property
    def judges(self) -> bool:
        """Whether this stage is the game."""
        return self.plays("discriminator")

    def compile_defaults(self) -> dict[str, Any]:
        adam = {f"{player}_optimizer": keras.optimizers.Adam(1e-4) for player in self.players}
        return {**super().compile_defaults(), **adam}

    def losses(self, player: str, real, fake) -> dict[str, Any]:
        if player == "discriminator":
            return super().losses(player, real, fake)
        found = computed(self.terms, real[TARGET], fake[TARGET])
        if self.judges:
            (adversarial,) = super().losses(player, real, fake).values()
            found["adversarial"] = self.adversarial_weight * adversarial
        return found

    def upscale(self, images: Any, batch_size: int = 16) -> np.ndarray:
        """Images `scale` times as high and wide; arguments, type and errors are `translate`'s."""
        return self.translate(images, batch_size=batch_size)
