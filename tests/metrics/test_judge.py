import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import kgan
from kgan.errors import UsageError
from kgan.metrics import judge
from kgan.networks import classifier
from kgan.presets import PresetError
from kgan.zoo import registry

FOLDER = registry.PRESETS / "judge_fashion_mnist"


@pytest.fixture(scope="module")
def referee():
    return judge.load()


@pytest.fixture(scope="module")
def garments():
    """The packaged 10,000 images, which are of the training split, and their labels."""
    batches = kgan.data.load("fashion_mnist", batch_size=1000, labels=True).as_numpy_iterator()
    images, labels = zip(*batches, strict=True)
    return np.concatenate(images), np.concatenate(labels)


@pytest.fixture
def copy(tmp_path):
    return Path(shutil.copytree(FOLDER, tmp_path / "copy"))


def test_what_it_is(referee):
    assert referee.name == "judge_fashion_mnist"
    assert referee.image_shape == (28, 28, 1)
    assert (referee.classes, referee.feature_dim) == (10, 96)
    assert referee.sha256 == kgan.files.sha256(FOLDER / "model.weights.h5")


def test_its_weights_are_small():
    assert (FOLDER / "model.weights.h5").stat().st_size < 1_000_000
    checked = subprocess.run(
        ["sha256sum", "-c", "SHA256SUMS"], cwd=FOLDER, capture_output=True, text=True
    )
    assert checked.stdout.splitlines() == [f"{name}: OK" for name in judge.FILES]


def test_it_reaches_its_stated_accuracy(referee, garments):
    """On images that it was trained on; the metadata state the held-out test split's, too."""
    images, labels = garments
    stated = json.loads((FOLDER / "metadata.json").read_text())["accuracy"]
    assert stated["test"] > 0.92
    classes = referee.classify(images)
    assert classes.dtype == np.int32
    assert (classes == labels).mean() == pytest.approx(stated["packaged"], abs=5e-4)


def test_features_and_logits(referee, garments):
    images = garments[0][:700]
    features, logits = referee.features(images), referee.logits(images)
    assert features.dtype == logits.dtype == np.float32
    assert features.shape == (700, 96)
    assert logits.shape == (700, 10)
    assert features.min() == 0
    assert np.array_equal(referee.classify(images), logits.argmax(1))
    network = classifier.classifier(**json.loads((FOLDER / "config.json").read_text()))
    network.load_weights(FOLDER / "model.weights.h5")
    kernel, bias = network.get_layer("logits").get_weights()
    assert np.abs(features @ kernel + bias - logits).max() < 1e-4


def test_chunks_change_nothing(referee, garments, monkeypatch):
    images = garments[0][:50]
    whole = referee.features(images)
    monkeypatch.setattr(referee, "_batch_size", 7)
    assert np.abs(referee.features(images) - whole).max() < 1e-5


def test_the_cards_code(garments):
    block = (FOLDER / "README.md").read_text().split("```python\n")[1].partition("```")[0]
    names = {"images": garments[0][:3]}
    exec(block, names)
    assert names["referee"].features(names["images"]).shape == (3, 96)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((2, 28, 28, 1), np.uint8), r"images must be float32 in \[-1, 1\]; .* uint8"),
        (np.full((2, 28, 28, 1), np.nan, np.float32), "images must be finite"),
        (np.zeros((2, 32, 32, 1), np.float32), r"the shape \(batch, 28, 28, 1\)"),
        (np.full((2, 28, 28, 1), 2, np.float32), r"images must lie in \[-1, 1\]"),
        (np.zeros((0, 28, 28, 1), np.float32), "images must hold pixels"),
    ],
)
def test_what_it_cannot_judge(referee, images, message):
    for method in (referee.features, referee.logits, referee.classify):
        with pytest.raises(UsageError, match=message):
            method(images)


def test_a_folder_of_ones_own(copy, referee, garments):
    loaded = judge.load(copy)
    assert loaded.name == "copy"
    assert np.array_equal(loaded.logits(garments[0][:9]), referee.logits(garments[0][:9]))


@pytest.mark.parametrize("name", judge.FILES)
def test_a_flipped_byte_is_refused_by_name(copy, name):
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(content)
    with pytest.raises(PresetError, match=f"copy' is damaged: {name} has another SHA-256"):
        judge.load(copy)


def test_a_missing_file_is_refused_by_name(copy):
    (copy / "model.weights.h5").unlink()
    with pytest.raises(PresetError, match=r"model.weights.h5 is missing"):
        judge.load(copy)


def test_the_checksums_of_a_packaged_judge_are_in_the_registry(copy, monkeypatch):
    packaged = copy.rename(copy.with_name("judge_copy"))
    monkeypatch.setattr(registry, "PRESETS", packaged.parent)
    registry.write_registry()
    assert judge.load("judge_copy").classes == 10
    metadata = (packaged / "metadata.json").read_text()
    (packaged / "metadata.json").write_text(metadata + "\n")
    (packaged / "SHA256SUMS").write_text(judge.checksums(packaged))
    with pytest.raises(PresetError, match=r"SHA256SUMS is not the one that came with kgan"):
        judge.load("judge_copy")
    with pytest.raises(UsageError, match="Did you mean 'judge_copy'"):
        judge.load("judge_copi")


@pytest.mark.filterwarnings("ignore:Skipping nested container")
@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"width": 24}, "cannot be built from its files: .*missing"),
        (
            {"image_shape": [28, 28, 1], "classes": 10, "width": 9, "feature_dim": 96},
            "not be loaded",
        ),
        ({"class_name": "Lambda", "module": "os"}, "unexpected keyword argument"),
        ([1], "cannot be built from its files"),
    ],
)
def test_another_configuration_is_refused(copy, config, message):
    (copy / "config.json").write_text(json.dumps(config))
    (copy / "SHA256SUMS").write_text(judge.checksums(copy))
    with pytest.raises(UsageError, match=message):
        judge.load(copy)


def test_a_gan_is_no_judge():
    folder = registry.PRESETS / "dcgan_fashion_mnist"
    with pytest.raises(UsageError, match=r"cannot be built from its files"):
        judge.load(folder)
    with pytest.raises(UsageError, match="judge='dcgan_fashion_mnist'"):
        judge.load("dcgan_fashion_mnist")


def test_a_folder_that_is_no_judge(tmp_path):
    with pytest.raises(UsageError, match="must be the folder of a judge, but holds no SHA256SUMS"):
        judge.load(tmp_path)
