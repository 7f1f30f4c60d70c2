"""BiGAN on Fashion-MNIST: an encoder that inverts the generator.

Donahue, Krähenbühl & Darrell, "Adversarial Feature Learning", 2017, arXiv:1605.09782. The networks
are DCGAN's at a quarter of its width; 60 latents keep its three within 5 MB.
"""

from __future__ import annotations

import keras

import kgan
from kgan.zoo._data import data as data

epochs = 20


def model(image_shape: tuple[int, int, int] = (28, 28, 1), seed: int = 0) -> kgan.BiGAN:
    """The compiled GAN."""
    gan = kgan.BiGAN(image_shape, latent_dim=60, width=32, ema_halflife_images=20_000, seed=seed)
    gan.compile(
        generator_optimizer=keras.optimizers.Adam(1e-3, beta_1=0.5),
        discriminator_optimizer=keras.optimizers.Adam(1e-3, beta_1=0.5),
    )
    return gan
