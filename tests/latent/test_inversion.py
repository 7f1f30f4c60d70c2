import numpy as np
import pytest

import kgan
from kgan import latent
from kgan.latent import inversion, synthesis


@pytest.fixture(scope="module")
def known(linear_gan):
    """Four latents and their images, which a linear generator gives but once."""
    latents = latent.sample(4, 3, seed=11) / 2
    return latents, synthesis.images(linear_gan, latents)


def test_the_latents_of_a_linear_generator_are_found(linear_gan, known):
    latents, images = known
    found, errors = latent.invert(linear_gan, images, prior_weight=0.0)
    assert (found.dtype, found.shape) == (np.float32, (4, 3))
    assert (errors.dtype, errors.shape) == (np.float32, (4,))
    np.testing.assert_allclose(found, latents, atol=1e-3)
    assert errors.max() < 1e-8


def test_the_prior_pulls_to_the_middle_as_ridge_regression(linear_gan, axes, known):
    """The minimum of |zA - x|²/64 + w|z|²/3 shrinks along each axis by a known factor."""
    latents, images = known
    found, _ = latent.invert(linear_gan, images, prior_weight=0.003)
    gains = np.array([0.3, 0.2, 0.1]) ** 2 / 64
    expected = (latents @ axes.T * gains / (gains + 0.003 / 3)) @ axes
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_images_of_known_latents_come_back(vivid_gan):
    images = vivid_gan.generate(3, seed=1)
    found, errors = latent.invert(vivid_gan, images, steps=100, starts=3, prior_weight=0.0)
    again = synthesis.images(vivid_gan, found)
    np.testing.assert_allclose(errors, np.square(again - images).mean((1, 2, 3)), rtol=0.1)
    assert errors.max() < 1e-4 * images.var()
    np.testing.assert_allclose(found, latent.sample(3, 8, seed=1), atol=0.05)


def test_a_seed_pins_the_result_whatever_else_is_inverted(linear_gan, known, monkeypatch):
    _, images = known
    first, _ = latent.invert(linear_gan, images, steps=3, seed=5)
    monkeypatch.setattr(inversion, "_ROWS", 4)  # one image at a time
    alone, _ = latent.invert(linear_gan, images, steps=3, seed=5)
    np.testing.assert_allclose(alone, first, rtol=1e-5)
    few, _ = latent.invert(linear_gan, images[:2], steps=3, seed=5)
    np.testing.assert_allclose(few, first[:2], rtol=1e-5)


def test_more_starts_are_never_worse(linear_gan, known):
    _, images = known
    one, four = (
        latent.invert(linear_gan, images[:1], steps=2, starts=starts, prior_weight=0)[1]
        for starts in (1, 4)
    )
    assert four[0] <= one[0]


def test_a_start_that_is_right_is_kept_exactly(linear_gan, known):
    latents, images = known
    given = {"start": latents, "prior_weight": 0.0, "learning_rate": 10.0}
    found, errors = latent.invert(linear_gan, images, steps=1, starts=2, **given)
    np.testing.assert_array_equal(found, latents)
    assert errors.max() < 1e-12


def test_a_bigans_encoder_gives_a_start():
    gan = kgan.BiGAN((8, 8, 1), latent_dim=4, width=2, networks="mlp")
    images = gan.generate(3, seed=1)
    still = {"starts": 0, "steps": 1, "learning_rate": 1e-6, "prior_weight": 0.0}
    found, errors = latent.invert(gan, images, **still)
    np.testing.assert_allclose(found, gan.encode(images), atol=1e-4)
    expected = np.square(gan.reconstruct(images) - images).mean((1, 2, 3))
    np.testing.assert_allclose(errors, expected, rtol=1e-3)
    # A start that is given goes before it.
    found, _ = latent.invert(gan, images, start=found + 1, **still)
    np.testing.assert_allclose(found, gan.encode(images) + 1, atol=1e-4)


def test_an_infogan_keeps_the_codes_that_it_finds(capfd):
    gan = kgan.InfoGAN((8, 8, 1), categorical=(2,), continuous=1, latent_dim=4, width=2)
    for variable in gan.averaged_generator.variables:
        variable.assign(3 * variable)
    images = gan.generate(3, seed=1)
    found, errors = latent.invert(gan, images, steps=3, starts=1)
    codes = gan.encode(images)
    assert len(np.unique(codes, axis=0)) == 3 and found.shape == (3, 4)
    again = gan({"latent": found, "code": codes})
    np.testing.assert_allclose(errors, np.square(again - images).mean((1, 2, 3)), rtol=1e-3)
    assert "AutoGraph" not in "".join(capfd.readouterr())


def test_the_prior_of_the_gan_gives_the_starts(linear_gan, monkeypatch):
    images = np.zeros((2, 8, 8, 1), np.float32) - 0.5
    still = {"steps": 1, "learning_rate": 1e-6, "starts": 1, "seed": 3}
    monkeypatch.setattr(linear_gan, "prior", "uniform")
    found, _ = latent.invert(linear_gan, images, **still)
    np.testing.assert_allclose(found, latent.sample(2, 3, 3, prior="uniform"), atol=1e-4)


@pytest.mark.parametrize("prior", ["uniform", "spherical"])
def test_latents_stay_within_the_prior(linear_gan, monkeypatch, prior):
    monkeypatch.setattr(linear_gan, "prior", prior)
    found, _ = latent.invert(linear_gan, -np.ones((2, 8, 8, 1), np.float32), steps=40)
    if prior == "uniform":
        assert np.abs(found).max() == 1.0
    else:
        np.testing.assert_allclose(np.linalg.norm(found, axis=1), 3**0.5, rtol=1e-5)


def test_the_class_must_be_said():
    gan = kgan.ConditionalGAN((8, 8, 1), classes=3, latent_dim=4, width=2, networks="mlp")
    with pytest.raises(ValueError, match="label must be the class of the images, since Condit"):
        latent.invert(gan, IMAGES)


def test_a_generator_in_float16_is_inverted(make_gan, vivid_gan):
    gan = make_gan(dtype="mixed_float16")
    gan.averaged_generator.set_weights(vivid_gan.averaged_generator.get_weights())
    images = gan.generate(2, seed=1)
    _, errors = latent.invert(gan, images, steps=60, starts=2, prior_weight=0.0)
    assert errors.max() < 0.01 * images.var()


IMAGES = np.zeros((2, 8, 8, 1), np.float32) - 0.5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"images": IMAGES[0]}, r"images must have rank 4 .* \(8, 8, 1\)"),
        ({"images": IMAGES[:, :4]}, r"images must have the shape \(batch, 8, 8, 1\)"),
        ({"images": IMAGES * 3}, r"images must lie in \[-1, 1\]"),
        ({"images": IMAGES + np.float32(np.nan)}, "images must be finite"),
        ({"images": IMAGES.astype("uint8")}, "received uint8"),
        ({"steps": 0}, "steps must be an integer of at least 1; received 0"),
        ({"starts": 0}, "starts must be an integer of at least 1; received 0"),
        ({"starts": -1, "start": np.zeros((2, 3))}, "starts must be an integer of at least 0"),
        ({"learning_rate": 0}, "learning_rate must be a number of at least"),
        ({"prior_weight": -1}, "prior_weight must be a number of at least 0"),
        ({"seed": 1.5}, "seed must be an integer"),
        ({"start": np.zeros((2, 4))}, r"start must be latents, .* \(2, 3\); received \(2, 4\)"),
        ({"start": np.full((2, 3), np.nan)}, "start must be an array of finite numbers"),
    ],
)
def test_bad_arguments(linear_gan, arguments, message):
    with pytest.raises(ValueError, match=message):
        latent.invert(linear_gan, **{"images": IMAGES, **arguments})
