"""R3GAN on Fashion-MNIST: the relativistic game with R1 and R2.

Huang et al., "The GAN is dead; long live the GAN!", 2024, arXiv:2501.05441. The networks are
DCGAN's at a quarter of its width, the discriminator without normalisation: two cores train the
paper's residual ones (`networks="r3gan"`) too slowly. Rates ten times as high as the paper's, and
penalties in every sixteenth update, learn faster in minutes; the schedules end with the last epoch.
"""

from __future__ import annotations

import kgan
from kgan.penalties import R1, R2
from kgan.schedules import Cosine, ScheduledAdam
from kgan.zoo._data import data as data

epochs = 36
STEPS = 11_000


def model(image_shape: tuple[int, int, int] = (28, 28, 1), seed: int = 0) -> kgan.R3GAN:
    """The compiled GAN."""
    gan = kgan.R3GAN(
        image_shape,
        latent_dim=64,
        width=32,
        gamma=1.0,
        burn_in_steps=STEPS,
        networks="dcgan",
        ema_halflife_images=20_000,
        seed=seed,
    )
    weight = Cosine(gan.gamma, gan.gamma / 10, STEPS)

    def optimizer():
        return ScheduledAdam(Cosine(2e-3, 2e-4, STEPS), 0.0, Cosine(0.9, 0.99, STEPS))

    gan.compile(
        generator_optimizer=optimizer(),
        discriminator_optimizer=optimizer(),
        penalties=[R1(weight, interval=16), R2(weight, interval=16)],
    )
    return gan
