"""DCGAN on Fashion-MNIST with the loss and the optimizers of its paper.

Radford, Metz & Chintala, "Unsupervised Representation Learning with Deep Convolutional Generative
Adversarial Networks", 2016, arXiv:1511.06434, at a quarter of its width. `dcgan_fashion_mnist`
learns faster; this one is what the others are compared with.
"""

from __future__ import annotations

import kgan
from kgan.zoo._data import data as data

epochs = 20


def model(image_shape: tuple[int, int, int] = (28, 28, 1), seed: int = 0) -> kgan.DCGAN:
    """The compiled GAN."""
    gan = kgan.DCGAN(image_shape, latent_dim=64, width=32, ema_halflife_images=20_000, seed=seed)
    gan.compile()
    return gan
