"""`kgan train` of a model from images to images, by a recipe of the user's."""

import pytest
from PIL import Image

RECIPE = """
import numpy as np

import kgan
from kgan.networks import PatchGAN, UNet

epochs = 1


def data(source="noise", batch_size=8, seed=0):
    images = np.random.default_rng(0).uniform(-1, 1, (16, 16, 16, 3)).astype("float32")
    return kgan.data.pairs(images, images[..., :1], batch_size=batch_size, seed=seed)


def model(image_shape, seed=0):
    networks = {"generator_network": UNet(2, 2), "discriminator_network": PatchGAN(2, 1)}
    gan = kgan.Pix2Pix(channels=1, source_channels=3, seed=seed, **networks)
    gan.compile()
    return gan
"""


@pytest.fixture
def translation(folder):
    (folder / "tiny.py").write_text(RECIPE)
    return "tiny.py"


@pytest.mark.slow
def test_a_run_shows_rows_of_images_and_translates(folder, kgan, translation):
    result = kgan("train", translation, "--out", "run")
    assert result.exit_code == 0, result.output
    assert "`kgan translate run`" in result.output
    # Eight of the first batch, three rows, cells of 64 pixels and two between.
    with Image.open(folder / "run" / "samples" / "epoch-0001.png") as picture:
        assert picture.size == (8 * 66 + 2, 3 * 66 + 2)
    # It watches latents, and there are none.
    assert not (folder / "run" / "health.json").exists()
    Image.new("L", (20, 13)).save("a.png")
    result = kgan("translate", "run", "a.png", "--out", "out")
    assert result.exit_code == 0, result.output
    with Image.open("out/a.png") as picture:
        assert picture.size == (20, 13) and picture.mode == "L"
    result = kgan("generate", "run", "--out", "x.png")
    assert result.exit_code == 2 and "kgan translate" in result.output


@pytest.mark.slow
def test_scores_of_latents_are_refused(folder, refuses, translation):
    parts = ["--evaluate scores images that are made from latents", "Pix2Pix"]
    refuses(2, parts, "train", translation, "--evaluate", "fd", "--out", "run")


UNPAIRED = """
import numpy as np

import kgan
from kgan.networks import PatchGAN, ResNetTranslator

epochs = 1


def data(source="noise", batch_size=8, seed=0):
    images = np.random.default_rng(0).uniform(-1, 1, (24, 16, 16, 1)).astype("float32")
    return kgan.data.unpaired(images[:9], images[9:], batch_size=batch_size, seed=seed)


def model(image_shape, seed=0):
    networks = {
        "generator_network": ResNetTranslator(2, 1),
        "discriminator_network": PatchGAN(2, 1),
    }
    gan = kgan.CycleGAN(image_shape, pool_size=4, seed=seed, **networks)
    gan.compile()
    return gan
"""


@pytest.mark.slow
def test_a_run_without_pairs_shows_no_targets_and_translates(folder, kgan):
    (folder / "tiny.py").write_text(UNPAIRED)
    result = kgan("train", "tiny.py", "--out", "run")
    assert result.exit_code == 0, result.output
    # Rows of sources and translations alone.
    with Image.open(folder / "run" / "samples" / "epoch-0001.png") as picture:
        assert picture.size == (8 * 66 + 2, 2 * 66 + 2)
    Image.new("L", (20, 13)).save("a.png")
    result = kgan("translate", "run", "a.png", "--out", "out")
    assert result.exit_code == 0, result.output
    with Image.open("out/a.png") as picture:
        assert picture.size == (20, 13) and picture.mode == "L"
    made = kgan("export", "run", "--format", "onnx", "--out", "b.onnx", "--entry", "translate_back")
    assert made.exit_code == 0, made.output
