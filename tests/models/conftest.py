"""A model of three named classes."""

import pytest

import kgan


@pytest.fixture(scope="session")
def labelled_gan():
    names = ["boot", "bag", "shirt"]
    gan = kgan.ConditionalGAN((8, 8, 1), classes=3, latent_dim=4, width=4, class_names=names)
    gan.compile()
    return gan
