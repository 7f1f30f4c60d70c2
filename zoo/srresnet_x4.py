"""Photographs four times as high and wide, with small errors: SRGAN's first stage alone.

Ledig et al., "Photo-Realistic Single Image Super-Resolution Using a Generative Adversarial
Network", 2017, arXiv:1609.04802, where SRResNet is trained by the pixels' error alone. It departs
from the paper for two cores: a compact network, all of whose convolutions are at low resolution
(`kgan.networks.SRVGG`, after arXiv:2107.10833); the absolute in place of the squared error; Adam at
1e-3 on a cosine; an average of the generator; 12 photographs and smaller copies of them, mirrored
and turned. The discriminator never plays.
"""

from __future__ import annotations

import kgan
from kgan.networks import PatchGAN
from kgan.zoo import _super_resolution
from kgan.zoo._super_resolution import data as data

epochs = 300


def model(image_shape: tuple[int, int, int] = (24, 24, 3), seed: int = 0) -> kgan.SRGAN:
    """The compiled model; of the shape it needs the channels alone."""
    gan = kgan.SRGAN(
        channels=image_shape[2],
        generator_network=_super_resolution.network(),
        discriminator_network=PatchGAN(width=8, layers=1),
        pixel_term=kgan.terms.L1(1.0),
        ema_halflife_images=10_000,
        seed=seed,
    )
    _super_resolution.pixels(gan, epochs)
    return gan
