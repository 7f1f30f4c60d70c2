"""CUT from Google's drawings of emoji to Twitter's, 64x64 pixels, on white, unpaired.

Park, Efros, Zhang & Zhu, "Contrastive Learning for Unpaired Image-to-Image Translation", 2020,
arXiv:2007.15651, with its weights, temperature, 256 patches of each layer and heads of 256 units,
and β₁ = 0.5. It departs from the paper for two cores: a quarter of the networks' width, four
residual blocks, patches of 34x34 for the discriminator; batches of 8, over which the generator
normalizes (flat colours get lost where each image is normalized by itself); Adam at 5e-4 instead of
2e-4, constant; resize-convolutions; an average of the generator. No emoji is both source and
target; 178 of the 1,911 are held out (`kgan.data.pairs("emoji", split="test")`).
"""

from __future__ import annotations

import keras

import kgan
from kgan.networks import PatchGAN, ResNetTranslator
from kgan.zoo.cyclegan_emoji import data as data

epochs = 30


def model(image_shape: tuple[int, int, int] = (64, 64, 3), seed: int = 0) -> kgan.CUT:
    """The compiled model; of the shape it needs the channels alone."""
    gan = kgan.CUT(
        channels=image_shape[2],
        patches=256,
        generator_network=ResNetTranslator(width=16, blocks=4, normalization="batch"),
        discriminator_network=PatchGAN(width=16, layers=2),
        ema_halflife_images=10_000,
        seed=seed,
    )
    gan.compile(
        loss="least_squares",
        generator_optimizer=keras.optimizers.Adam(5e-4, beta_1=0.5),
        discriminator_optimizer=keras.optimizers.Adam(5e-4, beta_1=0.5),
    )
    return gan
