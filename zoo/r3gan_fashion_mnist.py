"""R3GAN on Fashion-MNIST: the relativistic game with R1 and R2.

Huang et al., "The GAN is dead; long live the GAN!", 2024, arXiv:2501.05441.
"""

from __future__ import annotations

import kgan
from kgan.zoo._data import data as data

epochs = 20


def model(image_shape: tuple[int, int, int] = (28, 28, 1), seed: int = 0) -> kgan.R3GAN:
    """The compiled GAN."""
    gan = kgan.R3GAN(
        image_shape,
        latent_dim=64,
        width=16,
        gamma=1.0,
        burn_in_steps=10_000,
        ema_halflife_images=20_000,
        seed=seed,
    )
    gan.compile()
    return gan
