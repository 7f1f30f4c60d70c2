"""Semi-supervised GAN on Fashion-MNIST: a classifier from a hundred labels.

Salimans et al., "Improved Techniques for Training GANs", 2016, arXiv:1606.03498, section 5. The
networks are DCGAN's at a quarter of its width; what the discriminator sees is moved by up to an
eighth of the side, since a discriminator soon overfits a hundred labelled images.
"""

from __future__ import annotations

import functools

import keras

import kgan
from kgan.zoo import _data

data = functools.partial(_data.data, batch_size=64, labels=True, labelled=100)
epochs = 20


def model(image_shape: tuple[int, int, int] = (28, 28, 1), seed: int = 0) -> kgan.SemiSupervisedGAN:
    """The compiled GAN."""
    gan = kgan.SemiSupervisedGAN(
        image_shape,
        classes=10,
        latent_dim=64,
        width=32,
        ema_halflife_images=20_000,
        seed=seed,
    )
    gan.compile(
        generator_optimizer=keras.optimizers.Adam(3e-4, beta_1=0.5),
        discriminator_optimizer=keras.optimizers.Adam(3e-4, beta_1=0.5),
        augment=kgan.augment.DiffAugment(("translation",)),
    )
    return gan
