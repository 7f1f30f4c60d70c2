"""A preset of a model from images to images holds its sources, and shows what becomes of them."""

import re

import numpy as np
import pytest
from PIL import Image

import kgan
from kgan import presets
from kgan.errors import UsageError
from kgan.networks import PatchGAN, ResNetTranslator, UNet

SOURCES = np.random.RandomState(0).uniform(-1, 1, (4, 64, 64, 3)).astype("float32")
TARGETS = np.full((4, 64, 64, 1), 1, "float32")


@pytest.fixture(scope="module")
def gan():
    networks = {"generator_network": UNet(2, 2), "discriminator_network": PatchGAN(2, 1)}
    gan = kgan.Pix2Pix(channels=1, source_channels=3, latent_dim=2, **networks)
    gan.compile()
    return gan


@pytest.fixture(scope="module")
def preset(gan, tmp_path_factory):
    folder = tmp_path_factory.mktemp("presets") / "tiny"
    return presets.save(gan, folder, "Noise.", inputs={"sources": SOURCES, "targets": TARGETS})


def test_the_samples_are_rows_of_sources_results_and_targets(gan, preset):
    with Image.open(preset / "samples.png") as picture:
        pixels = np.asarray(picture)
    assert pixels.shape[:2] == (3 * 66 + 2, 4 * 66 + 2)
    made = np.round((gan.translate(SOURCES, seed=0) + 1) * 127.5)
    assert np.abs(pixels[68:132, 2:66, 0] - made[0, :, :, 0]).max() <= 1
    assert (pixels[134:198, 2:66] == 255).all()
    np.testing.assert_array_equal(np.load(preset / "sources.npy"), SOURCES)


def test_it_is_loaded_with_its_average(gan, preset):
    found = kgan.Pix2Pix.from_preset(preset)
    np.testing.assert_array_equal(found.translate(SOURCES, 3), gan.translate(SOURCES, 3))
    with pytest.raises(UsageError, match="holds a Pix2Pix, not a DCGAN"):
        kgan.DCGAN.from_preset(preset)


def test_the_cards_code_runs(gan, preset, monkeypatch):
    card = (preset / "README.md").read_text(encoding="utf-8")
    assert "## Translate" in card and "height and width at least 4" in card
    monkeypatch.chdir(preset)
    blocks = re.findall(r"```python\n(.*?)```", card, flags=re.DOTALL)
    for block in blocks:
        scope: dict = {}
        exec(block.replace('load("tiny")', 'load(".")'), scope)
        np.testing.assert_allclose(scope["images"], gan.translate(SOURCES, seed=0), atol=1e-5)


def test_a_changed_source_is_damage(gan, tmp_path):
    folder = presets.save(gan, tmp_path / "a", inputs={"sources": SOURCES})
    np.save(folder / "sources.npy", SOURCES + 1)
    with pytest.raises(presets.PresetError, match=r"sources.npy has another SHA-256"):
        presets.load(folder)


def test_sources_are_needed(gan, tmp_path):
    with pytest.raises(UsageError, match="sources must be given: Pix2Pix makes images of them"):
        presets.save(gan, tmp_path / "a")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["CycleGAN", "CUT"])
def test_without_pairs_all_networks_are_kept_and_named(tmp_path, kind):
    networks = {
        "generator_network": ResNetTranslator(2, 1),
        "discriminator_network": PatchGAN(2, 1),
    }
    arguments = {"image_shape": (64, 64, 3)} if kind == "CycleGAN" else {"channels": 3}
    gan = getattr(kgan, kind)(**arguments, **networks)
    gan.compile()
    folder = presets.save(gan, tmp_path / "a", inputs={"sources": SOURCES})
    card = (folder / "README.md").read_text(encoding="utf-8")
    kept = {
        "CycleGAN": "the averaged generator, the averaged back_generator, the discriminator and "
        "the back_discriminator",
        "CUT": "the averaged generator, the heads and the discriminator",
    }[kind]
    assert f"keeps {kept}. A loaded GAN's" in " ".join(card.split())
    found = presets.load(folder)
    np.testing.assert_array_equal(found.translate(SOURCES), gan.translate(SOURCES))
    for name, network in gan.networks_by_name.items():
        for one, other in zip(
            network.get_weights(), found.networks_by_name[name].get_weights(), strict=True
        ):
            np.testing.assert_array_equal(one, other)


def test_the_card_of_a_segmentation_speaks_of_classes(tmp_path, monkeypatch):
    names = ["ground", "sky"]
    gan = kgan.Segmentation(2, 3, UNet(4, 2), PatchGAN(4, 1), class_names=names)
    targets = np.eye(2, dtype="float32")[np.random.RandomState(0).randint(0, 2, (4, 64, 64))]
    inputs = {"sources": SOURCES, "targets": targets}
    folder = presets.save(gan, tmp_path / "tiny", inputs=inputs)
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "`classes` are int32 (4, height, width): 0 ground, 1 sky. `sources` are" in card
    monkeypatch.chdir(folder)
    for block in re.findall(r"```python\n(.*?)```", card, flags=re.DOTALL):
        scope: dict = {}
        exec(block.replace('load("tiny")', 'load(".")'), scope)
        np.testing.assert_array_equal(scope["classes"], gan.segment(SOURCES))
