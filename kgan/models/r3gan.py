"""R3GAN: a relativistic loss with R1 and R2 penalties, and no tricks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import keras

from kgan import penalties
from kgan.checks import check_integer, check_number
from kgan.models.dcgan import DCGAN
from kgan.models.variant import ImageShape, Shared
from kgan.schedules import Cosine, ScheduledAdam

if TYPE_CHECKING:
    from typing_extensions import Unpack


@keras.saving.register_keras_serializable(package="kgan")
class R3GAN(DCGAN):
    """Paired relativistic loss, R1 and R2, the paper's residual networks and its schedules.

    During `burn_in_steps` training steps cosines lead the learning rate from 0.0002 to 0.00005, the
    penalties' weight from `gamma` to a tenth of it, β₂ from 0.9 to 0.99, and the average's
    half-life from 0 to `ema_halflife_images`. (A discriminator with several updates per step
    reaches the end of its own rate and β₂ as many times sooner.) The discriminator has no
    normalisation. The other arguments are those of `DCGAN`.

    Example:
        >>> gan = kgan.R3GAN((28, 28, 1), width=16, burn_in_steps=10_000)
        >>> gan.compile()
        >>> gan.fit(kgan.data.load("fashion_mnist", batch_size=32), epochs=12)

    Raises:
        UsageError: a normalisation, a `gamma` below 0, `burn_in_steps` below 1, or what `DCGAN`
            refuses.

    Huang et al., "The GAN is dead; long live the GAN! A Modern Baseline GAN", 2024,
    arXiv:2501.05441, equations 2 and 3. Rate, γ and β₂ are those of the authors' code for FFHQ at
    64x64, whose schedules last 20 million images, here in batches of 256; its networks are wider
    (384 channels next to the image, 768 further in).
    """

    shared_defaults: ClassVar[Mapping[str, Any]] = {
        "networks": "r3gan",
        "latent_dim": 64,
        "ema_halflife_images": 500_000.0,
    }
    paper_normalizations = ("none",)
    refused_normalizations: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("batch", "layer", "spectral"), "its penalties take the place of normalisation"
    )

    def __init__(
        self,
        image_shape: ImageShape = (64, 64, 3),
        gamma: float = 2.0,
        burn_in_steps: int = 78_125,
        **shared: Unpack[Shared],
    ):
        super().__init__(image_shape, **shared)
        self.gamma = check_number("gamma", gamma, 0)
        self.burn_in_steps = check_integer("burn_in_steps", burn_in_steps, 1)

    def halflife(self, images_seen):
        """The average's half-life in images, on the cosine."""
        return Cosine(0.0, self.ema_halflife_images or 0.0, self.burn_in_steps)(
            self.training_seeds.step
        )

    def compile_defaults(self) -> dict[str, Any]:
        weight = Cosine(self.gamma, self.gamma / 10, self.burn_in_steps)

        def optimizer():
            return ScheduledAdam(
                learning_rate=Cosine(2e-4, 5e-5, self.burn_in_steps),
                beta_1=0.0,
                beta_2=Cosine(0.9, 0.99, self.burn_in_steps),
                epsilon=1e-8,
            )

        return super().compile_defaults() | {
            "loss": "relativistic",
            "generator_optimizer": optimizer(),
            "discriminator_optimizer": optimizer(),
            "penalties": (penalties.R1(weight), penalties.R2(weight)),
        }
