import numpy as np
import pytest

from kgan.latent import sample, synthesis


def test_images_and_latents_are_those_of_generate(vivid_gan, monkeypatch):
    monkeypatch.setattr(synthesis, "_CHUNK", 2)
    made = synthesis.images(vivid_gan, synthesis.latents(vivid_gan, 5, seed=7))
    np.testing.assert_allclose(made, vivid_gan.generate(5, seed=7), atol=1e-6)


def test_the_prior_is_the_one_of_the_gan(vivid_gan, monkeypatch):
    monkeypatch.setattr(vivid_gan, "prior", "uniform")
    expected = sample(5, 8, seed=7, prior="uniform")
    np.testing.assert_array_equal(synthesis.latents(vivid_gan, 5, seed=7), expected)


def test_features_of_the_last_layer_are_the_image(vivid_gan):
    latents = sample(3, 8, seed=0)
    found = synthesis.features(vivid_gan, "image")(latents)
    np.testing.assert_allclose(
        found, synthesis.images(vivid_gan, latents).reshape(3, -1), atol=1e-6
    )


def test_the_input_is_no_layer(vivid_gan):
    with pytest.raises(ValueError, match="layer='latent' is unknown"):
        synthesis.features(vivid_gan, "latent")


def test_what_a_generator_takes_besides_latents_is_held():
    import kgan

    gan = kgan.ConditionalGAN((8, 8, 1), classes=3, latent_dim=4, width=2, seed=1)
    latents = kgan.latent.sample(5, 4, seed=2)
    for label in (None, 2):
        made = synthesis.images(gan, latents, label)
        asked = gan({"latent": latents, "label": np.full(5, label or 0, np.int32)})
        np.testing.assert_allclose(made, asked, atol=1e-6)
    ways, _ = kgan.latent.directions(gan, 2, samples=50, label=1)
    assert ways.shape == (2, 4)
    found, errors = kgan.latent.invert(gan, made, steps=2, label=2)
    assert found.shape == (5, 4) and errors.shape == (5,)
    with pytest.raises(ValueError, match="label must be an integer, 0 to 2; received 3"):
        synthesis.images(gan, latents, 3)
    gan.set_class_names(["shirt", "coat", "bag"])
    np.testing.assert_array_equal(synthesis.images(gan, latents, "bag"), made)
    with pytest.raises(ValueError, match="label='cat' is not a class .*Did you mean 'coat'"):
        synthesis.images(gan, latents, "cat")
    plain = kgan.DCGAN((8, 8, 1), latent_dim=4, width=2)
    with pytest.raises(ValueError, match="label must be None, since DCGAN makes"):
        synthesis.images(plain, latents, 1)
