"""InfoGAN on Fashion-MNIST: ten kinds found without labels.

Chen et al., "InfoGAN: Interpretable Representation Learning by Information Maximizing Generative
Adversarial Nets", 2016, arXiv:1606.03657. The networks are DCGAN's at a quarter of its width, the
discriminator normalised spectrally. Four latents cannot say much, so that the codes must: six
continuous ones the style, the ten kinds the rest.
"""

from __future__ import annotations

import keras

import kgan
from kgan.zoo._data import data as data

epochs = 20


def model(image_shape: tuple[int, int, int] = (28, 28, 1), seed: int = 0) -> kgan.InfoGAN:
    """The compiled GAN."""
    gan = kgan.InfoGAN(
        image_shape,
        categorical=(10,),
        continuous=6,
        latent_dim=4,
        width=32,
        info_weight=0.5,
        normalization="spectral",
        ema_halflife_images=20_000,
        seed=seed,
    )
    gan.compile(
        generator_optimizer=keras.optimizers.Adam(1e-3, beta_1=0.0),
        discriminator_optimizer=keras.optimizers.Adam(1e-3, beta_1=0.0),
    )
    return gan
