"""Models from images to images that learn without pairs."""

from __future__ import annotations

from typing import Any

import keras

from kgan.checks import check_integer, check_precision
from kgan.models.adversarial import AdversarialModel
from kgan.models.translation import SOURCE, TARGET, Translation
from kgan.networks import ImageDiscriminator, Translator, discriminators, translators
from kgan.signature import Image, Signature


class UnpairedTranslation(Translation):
    """Base class: learns from sources and targets that do not belong together.

    Both have the same number of channels. The discriminator judges targets alone. Arrays and
    `kgan.data.unpaired` may hold other numbers of sources than of targets.

    Example:
        >>> networks = kgan.networks.ResNetTranslator(width=8, blocks=1)
        >>> gan = kgan.CUT(channels=3, generator_network=networks)
        >>> list(gan.batch_signature), gan.paired
        (['source', 'target'], False)

    Raises:
        UsageError: an argument out of range, or an unknown name.
    """

    paired = False

    def __init__(
        self,
        channels: int,
        generator_network: str | Translator,
        discriminator_network: str | ImageDiscriminator,
        ema_halflife_images: float | None,
        seed: int,
        dtype: str | None,
        name: str | None,
    ):
        channels = check_integer("channels", channels, 1, 4)
        seed = check_integer("seed", seed, 0, 2**31 - 1)
        dtype = check_precision("dtype", dtype or keras.config.dtype_policy().name)
        families = translators.get(generator_network), discriminators.get(discriminator_network)
        smallest = families[0].smallest
        networks = between(SOURCE, TARGET, channels, *families, seed, dtype)
        super().__init__(*networks, ema_halflife_images, seed, name, smallest)
        self.channels, self.precision = channels, dtype
        self.generator_network, self.discriminator_network = families

    def compile_defaults(self) -> dict[str, Any]:
        """Least squares, and Adam as in DCGAN: what both papers chose."""
        return super().compile_defaults() | {"loss": "least_squares"}

    def sample_inputs(self, real, seeds) -> dict[str, Any]:
        """The real images of both sides: the generator's losses ask for the targets, too."""
        return dict(real)

    def metric_arguments(self, real, fake) -> tuple[Any, Any]:
        """1 for real targets and 0 for fakes, and the sigmoid of their logits."""
        return AdversarialModel.metric_arguments(self, real, fake)


def between(
    source: str,
    target: str,
    channels: int,
    translator: Translator,
    patches: ImageDiscriminator,
    seed: int,
    dtype: str,
) -> tuple[keras.Model, keras.Model]:
    """A generator from sources to targets of free sizes, and a discriminator of targets."""
    made, given = (Image((None, None, channels), name) for name in (target, source))
    generator = translator.generator(Signature(given), made, seed, dtype)
    return generator, patches.discriminator(Signature(made), seed, dtype)
