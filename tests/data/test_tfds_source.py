import shutil
import socket

import numpy as np
import pytest
import tensorflow_datasets as tfds

import kgan.data
from kgan.data import tfds_source
from kgan.errors import UsageError

PIXELS = np.random.default_rng(0).integers(0, 256, (12, 8, 8, 3), np.uint8)


class KganTiny(tfds.core.GeneratorBasedBuilder):
    """Twelve images to train on and four others."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict(
                {
                    "image": tfds.features.Image(shape=(8, 8, 3)),
                    "label": tfds.features.ClassLabel(names=["even", "odd"]),
                }
            )
        )

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples(12), "test": self._generate_examples(4)}

    def _generate_examples(self, count):
        for index in range(count):
            yield index, {"image": PIXELS[index], "label": index % 2 if count == 12 else -1}


class KganText(tfds.core.GeneratorBasedBuilder):
    """No images."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict({"text": tfds.features.Text()})
        )

    def _split_generators(self, dl_manager):
        return {}

    def _generate_examples(self):
        yield from ()


@pytest.mark.parametrize(
    ("names", "supervised", "expected"),
    [
        (["label"], None, "label"),
        (["coarse", "fine"], ("image", "fine"), "fine"),
        (["category"], ("image", "image"), "category"),
        (["coarse", "fine"], None, None),
        ([], ("low", "high"), None),
    ],
)
def test_the_classes_are_those_of_supervised_learning(names, supervised, expected):
    image = tfds.features.Image(shape=(8, 8, 3))
    classes = {name: tfds.features.ClassLabel(names=["even", "odd"]) for name in names}
    assert tfds_source.class_feature({"image": image} | classes, supervised) == expected


@pytest.fixture(scope="module", autouse=True)
def prepared(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KGAN_HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("TFDS_DATA_DIR", str(tmp_path_factory.mktemp("tfds")))
        kgan.data.load("kgan_tiny", batch_size=4)  # nothing to download: TFDS prepares it
        yield


@pytest.fixture
def no_network(monkeypatch):
    def unknown_host(host, *_):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr("socket.getaddrinfo", unknown_host)
    monkeypatch.setattr("urllib.request.getproxies", dict)


def test_images_and_labels_come_as_they_were_stored():
    dataset = kgan.data.load("tfds:kgan_tiny", batch_size=4, labels=True)
    assert dataset.label_names == ("even", "odd")
    assert dataset.num_images == 12
    stored = {image.tobytes(): index % 2 for index, image in enumerate(PIXELS)}
    for images, labels in dataset:
        pixels = np.rint(images.numpy() * 127.5 + 127.5).astype(np.uint8)
        assert [stored.pop(image.tobytes()) for image in pixels] == labels.numpy().tolist()
    assert not stored


def test_splits_and_slices():
    assert kgan.data.load("kgan_tiny", split="test", batch_size=4).num_images == 4
    assert kgan.data.load("kgan_tiny", split="train[:50%]", batch_size=4).num_images == 6
    for split in ("valid", "train[:x]", None):
        with pytest.raises(
            UsageError, match=r"split=.* unknown to 'kgan_tiny'.*one of test, train"
        ):
            kgan.data.load("kgan_tiny", split=split)


def test_a_split_whose_labels_are_kept_secret_has_none():
    with pytest.raises(UsageError, match=r"labels=True needs a source with labels"):
        kgan.data.load("kgan_tiny", split="test", batch_size=4, labels=True)


def test_resolution_and_channels():
    dataset = kgan.data.load("kgan_tiny", batch_size=4, resolution=4, channels=1)
    assert dataset.image_shape == (4, 4, 1)


def test_decoded_once(monkeypatch):
    first = kgan.data.load("kgan_tiny", batch_size=4).config
    monkeypatch.setattr(tfds_source, "_items", None)
    assert kgan.data.load("kgan_tiny", batch_size=4).config == first


def test_the_nearest_name():
    with pytest.raises(UsageError, match=r"source='minst' is unknown.*fashion_mnist.*'mnist'"):
        kgan.data.load("minst")
    with pytest.raises(UsageError, match=r"Did you mean 'cifar10'"):
        kgan.data.load("tfds:cifra10")


@pytest.mark.parametrize(
    "name",
    ["tfds:", "a b", "mnist:", "tfds:mnist/", "kgan_tiny:9.9.9", "kgan_tiny/x", "emnist/nope"],
)
def test_names_that_tfds_cannot_read(name):
    source = name.removeprefix("tfds:")
    with pytest.raises(UsageError, match=rf"^source='{source}' .*NAME/CONFIGURATION or NAME:VERS"):
        kgan.data.load(name)


def test_the_home_of_nobody_is_named(monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", "~nosuch/x")
    for call in (lambda: kgan.data.load("mnist"), kgan.data.available):
        with pytest.raises(UsageError, match=r"^TFDS_DATA_DIR must be .*received '~nosuch/x'"):
            call()


def test_a_configuration_is_no_folder():
    with pytest.raises(UsageError, match=r"must be a folder"):
        kgan.data.load("no/folder")
    assert tfds_source.is_tfds_name("emnist/letters")


def test_data_sets_without_images():
    with pytest.raises(UsageError, match=r"must be an image data set.*Text.*NumPy arrays"):
        kgan.data.load("kgan_text")


def test_without_network_the_error_comes_at_once(no_network):
    with pytest.raises(ConnectionError, match=r"'mnist' is not .*kgan data prepare mnist --from"):
        kgan.data.load("mnist")


def test_a_download_that_breaks_off_says_so(monkeypatch):
    def broken(self):
        raise RuntimeError("connection reset")

    monkeypatch.setattr(tfds_source, "_unreachable", lambda builder: None)
    monkeypatch.setattr("tensorflow_datasets.core.DatasetBuilder.download_and_prepare", broken)
    with pytest.raises(
        OSError, match=r"'mnist' could not be .*connection reset.*kgan data prepare"
    ):
        kgan.data.load("mnist")


def test_a_proxy_is_left_to_find_the_hosts(no_network, monkeypatch):
    builder = tfds_source.find_builder("mnist")
    assert tfds_source._unreachable(builder) == "storage.googleapis.com"
    monkeypatch.setattr("urllib.request.getproxies", lambda: {"https": "http://proxy"})
    assert tfds_source._unreachable(builder) is None


def test_what_is_prepared_is_available():
    sets = {found.name: found for found in kgan.data.available()}
    assert sets["fashion_mnist"].splits == {"train": 10_000}
    assert sets["photos"].splits == {"train": 12, "test": 3}
    assert sets["tfds:kgan_tiny"].splits == {"train": 12, "test": 4}


@pytest.fixture
def damaged(prepared, tmp_path, monkeypatch):
    """A copy of the prepared set, and a function that cuts a file of it in two."""
    folder = tmp_path / "tfds" / "kgan_tiny" / "1.0.0"
    shutil.copytree(tfds_source.data_dir() / "kgan_tiny" / "1.0.0", folder)
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "tfds"))

    def cut(pattern):
        (path,) = folder.glob(pattern)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        return folder

    return cut


@pytest.mark.parametrize("file", ["features.json", "dataset_info.json"])
def test_a_damaged_set_is_passed_over_and_named(damaged, file):
    folder = damaged(file)
    with pytest.warns(UserWarning, match=rf"data set in {folder} .*damaged.*skipped"):
        names = [found.name for found in kgan.data.available()]
    assert names == ["fashion_mnist", "emoji", "emoji_3d", "photos"]


def test_a_damaged_set_is_named_when_it_is_loaded(damaged):
    folder = damaged("*-train*")
    with pytest.raises(
        OSError, match=rf"^The data set 'kgan_tiny' in {folder} cannot be read.*rem"
    ):
        kgan.data.load("kgan_tiny", batch_size=4, resolution=2)
    damaged("dataset_info.json")
    with pytest.raises(OSError, match=rf"^The .* 'kgan_tiny' in {folder.parents[1]} cannot .*rem"):
        kgan.data.load("kgan_tiny", batch_size=4)
