"""A SavedModel takes and gives pixels and PNG files, and draws the images of a seed."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import kgan
import kgan.export
from kgan.export import saved_model as module
from kgan.export.signature import Serving
from kgan.images import to_uint8
from kgan.networks import PatchGAN, UNet


@pytest.fixture(scope="module")
def loaded(saved_model):
    return tf.saved_model.load(saved_model.path)


@pytest.fixture
def export_unproved(tmp_path, monkeypatch):
    """A function that exports a model and loads it; the proof has tests of its own."""
    monkeypatch.setattr(module, "prove", lambda *arguments: 0.0)

    def export(gan, entry=None):
        return tf.saved_model.load(
            kgan.export.to_saved_model(gan, tmp_path / "served", entry=entry).path
        )

    return export


def test_pixels_are_those_of_the_rounded_images(gan, loaded):
    latents = kgan.latent.sample(4, 8, seed=7)
    pixels = loaded.uint8(latents)["image"].numpy()
    assert pixels.dtype == np.uint8
    off = pixels.astype(int) - to_uint8(gan.generate(4, seed=7))
    assert np.abs(off).max() <= 1 and (off == 0).mean() > 0.99


def test_png_files_hold_the_pixels(loaded):
    latents = kgan.latent.sample(3, 8, seed=7)
    files = loaded.png(latents)["png"].numpy()
    pixels = np.stack([np.asarray(Image.open(io.BytesIO(file))) for file in files])
    np.testing.assert_array_equal(pixels, loaded.uint8(latents)["image"].numpy()[..., 0])


def test_a_seed_gives_the_same_images_again(gan, saved_model, loaded):
    one, again, other = (loaded.sample(seed, 6)["image"].numpy() for seed in (3, 3, 4))
    assert one.shape == (6, 16, 16, 1)
    np.testing.assert_array_equal(one, again)
    assert np.abs(one - other).max() > 0.01
    in_another = tf.saved_model.load(saved_model.path).signatures["sample"]
    made = in_another(seed=tf.constant(3), count=tf.constant(6))["image"]
    np.testing.assert_array_equal(made, one)
    images = loaded.sample(5, 4000)["image"].numpy()
    np.testing.assert_allclose(images.mean(), gan.generate(4000, seed=0).mean(), atol=0.04)


def test_classes_are_asked_for(conditional, export_unproved):
    loaded = export_unproved(conditional)
    assert set(loaded.signatures) == {"serving_default", "uint8", "png", "sample"}
    asked = loaded.signatures["sample"].structured_input_signature[1]
    assert set(asked) == {"seed", "count", "label"}
    images = [loaded.sample(3, 2, label)["image"].numpy() for label in ([0, 0], [1, 0])]
    np.testing.assert_array_equal(images[0][1], images[1][1])
    assert np.abs(images[0][0] - images[1][0]).max() > 0.01


def test_codes_are_drawn_too(make_stirred, export_unproved):
    gan = make_stirred(kgan.InfoGAN, categorical=(3,), continuous=1)
    loaded = export_unproved(gan)
    images = loaded.sample(0, 5)["image"].numpy()
    assert images.shape == (5, 8, 8, 1)
    assert np.abs(images - images[:1]).max(axis=(1, 2, 3))[1:].min() > 1e-3


def test_images_to_images_take_and_give_pixels(export_unproved):
    gan = kgan.Pix2Pix(
        channels=3,
        generator_network=UNet(4, 2, normalization="batch"),
        discriminator_network=PatchGAN(2, 1),
    )
    loaded = export_unproved(gan)
    assert set(loaded.signatures) == {"serving_default", "uint8", "png"}
    pixels = np.random.RandomState(0).randint(256, size=(2, 13, 9, 3)).astype("uint8")
    made = loaded.uint8(pixels)["target"].numpy()
    off = made.astype(int) - to_uint8(gan.translate(pixels.astype("float32") / 127.5 - 1))
    assert made.dtype == np.uint8 and np.abs(off).max() <= 1


def test_what_gives_no_images_takes_pixels_alone(make_stirred):
    serving = Serving(make_stirred(kgan.BiGAN), "encode")
    assert set(module.signatures(serving)) == {"serving_default", "uint8"}
