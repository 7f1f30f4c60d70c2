"""Models between two models: their weights are the weighted means, the averages' among them."""

import numpy as np
import pytest

import kgan
from kgan.errors import UsageError
from kgan.models import mix
from kgan.networks import SRVGG, SRGANDiscriminator, SRResNet

IMAGES = np.random.RandomState(0).uniform(-1, 1, (2, 5, 6, 3)).astype("float32")


def make(seed=0, networks=None, **arguments):
    gan = kgan.SRGAN(
        generator_network=networks or SRResNet(4, 1, scale=2),
        discriminator_network=SRGANDiscriminator(2, 1),
        seed=seed,
        **arguments,
    )
    random = np.random.RandomState(seed)
    for variable in gan.averaged_generator.variables:
        variable.assign(variable.numpy() + random.uniform(0, 0.1, variable.shape))
    return gan


def test_weights_are_weighted_means():
    first, second = make(0), make(1)
    mixed = mix(first, second, 0.8)
    assert type(mixed) is kgan.SRGAN and mixed.get_config() == second.get_config()
    for name in ("generator", "averaged_generator"):
        for found, one, other in zip(
            *(getattr(gan, name).get_weights() for gan in (mixed, first, second)), strict=True
        ):
            np.testing.assert_allclose(found, 0.2 * one + 0.8 * other, atol=1e-6)
    for found, other in zip(
        mixed.discriminator.get_weights(), second.discriminator.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(found, other)
    for share, gan in ((0, first), (1, second)):
        np.testing.assert_array_equal(
            mix(first, second, share).upscale(IMAGES), gan.upscale(IMAGES)
        )


def test_without_an_average_and_for_any_model():
    first, second = (make(seed, ema_halflife_images=None) for seed in (0, 1))
    mixed = mix(first, second, 0.5)
    assert mixed.averaged_generator is mixed.generator
    gans = [kgan.DCGAN((8, 8, 1), latent_dim=4, width=2, seed=seed) for seed in (0, 1)]
    assert mix(*gans, 0.5).generate(2, seed=0).shape == (2, 8, 8, 1)


@pytest.mark.parametrize(
    ("second", "share", "message"),
    [
        (make(), 1.5, "share must be a number, 0 to 1; received 1.5"),
        (make(), "half", "share must be a number, 0 to 1; received 'half'"),
        (
            make(networks=SRVGG(4, 1, 2)),
            0.5,
            "second must have .* whose generator has other",
        ),
        (kgan.DCGAN((8, 8, 1), latent_dim=4, width=2), 0.5, "received a DCGAN"),
    ],
)
def test_what_cannot_be_mixed(second, share, message):
    with pytest.raises(UsageError, match=message):
        mix(make(), second, share)
