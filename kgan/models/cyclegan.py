"""CycleGAN: images to images and back, learned without pairs."""

from __future__ import annotations

from typing import Any

import keras

from kgan.checks import check_integer
from kgan.models.both_ways import BothWays
from kgan.models.image_pool import ImagePool
from kgan.models.translation import SOURCE, TARGET
from kgan.networks import ImageDiscriminator, Translator, translators
from kgan.networks.shape import check_sides
from kgan.signature import Image, Signature
from kgan.terms import Term, terms as known_terms


@keras.saving.register_keras_serializable(package="kgan")
class CycleGAN(BothWays):
    """Translates images to images and back; learns from two kinds of images without pairs.

    Two generators and two discriminators play both ways at once. The term `cycle` keeps what is
    translated there and back near to what it was, `identity` keeps a generator from changing what
    is of its kind already; None leaves that out. The discriminators learn from `pool_size` fakes of
    earlier steps, too; 0 leaves these out.

    Training images have the `image_shape`, since a pool keeps some of them; `translate` and
    `translate_back` take any height and width that the networks can take.

    Example:
        >>> gan = kgan.CycleGAN((64, 64, 3), generator_network=kgan.networks.UNet(width=8, depth=4))
        >>> gan.compile()
        >>> gan.fit(kgan.data.unpaired("photos", "maps", resolution=64, batch_size=4), epochs=1)
        >>> drawings, back = gan.translate(photos), gan.translate_back(photos)

    Raises:
        UsageError: an argument out of range, or an unknown name; in `compile` penalties.

    Zhu, Park, Isola & Efros, "Unpaired Image-to-Image Translation using Cycle-Consistent
    Adversarial Networks", 2017, arXiv:1703.10593, equation 3; identity: section 5.2; pool:
    section 4.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (256, 256, 3),
        cycle: str | Term = "cycle",
        identity: str | Term | None = "identity",
        pool_size: int = 50,
        generator_network: str | Translator = "resnet",
        discriminator_network: str | ImageDiscriminator = "patchgan",
        ema_halflife_images: float | None = 10_000.0,
        seed: int = 0,
        dtype: str | None = None,
        name: str | None = None,
    ):
        shape = check_sides(image_shape, translators.get(generator_network).smallest)
        networks = generator_network, discriminator_network
        super().__init__(shape[2], *networks, ema_halflife_images, seed, dtype, name)
        self.image_shape, self.pool_size = shape, check_integer("pool_size", pool_size, 0)
        self.cycle = known_terms.get(cycle)
        self.identity = None if identity is None else known_terms.get(identity)
        least = self.generator_network.smallest
        sides = [Image(shape, side, least) for side in (SOURCE, TARGET)]
        self.batch_signature = Signature(*sides)
        pooled = (SOURCE, TARGET) if self.pool_size else ()
        self._pools = {side: ImagePool(self, side, self.pool_size, shape) for side in pooled}

    @property
    def terms(self) -> tuple[Term, ...]:
        """That of the cycle, and that of the identity, if there is one."""
        return (self.cycle,) if self.identity is None else (self.cycle, self.identity)

    def synthesize(self, inputs, training: bool) -> dict[str, Any]:
        """The fakes G(x) and F(y), the cycles F(G(x)) and G(F(y)), the identities F(x) and G(y)."""
        forth, back = self.ways(training)
        x, y = inputs[SOURCE], inputs[TARGET]
        fake = {TARGET: forth(x), SOURCE: back(y)}
        fake |= {"cycled_source": back(fake[TARGET]), "cycled_target": forth(fake[SOURCE])}
        if self.identity is not None:
            fake |= {"same_source": back(x), "same_target": forth(y)}
        return fake

    def update_discriminator(self, real, fake, number: int = 0) -> None:
        """One update of both discriminators, from new fakes and those of the pools."""
        pooled = {side: pool(fake[side], self.training_seeds) for side, pool in self._pools.items()}
        super().update_discriminator(real, {**fake, **pooled}, number)

    def losses(self, player: str, real, fake) -> dict[str, Any]:
        found = super().losses(player, real, fake)
        if player == "generator":
            for side in (SOURCE, TARGET):
                cycle = self.cycle(real[side], fake[f"cycled_{side}"])
                found["cycle"] = found.get("cycle", 0.0) + cycle
                if self.identity is not None:
                    same = self.identity(real[side], fake[f"same_{side}"])
                    found["identity"] = found.get("identity", 0.0) + same
        return found
