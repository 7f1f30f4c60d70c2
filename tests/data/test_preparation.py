import gzip
import hashlib
import io
import struct
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow_datasets as tfds

import kgan.data
from kgan.data import preparation
from kgan.data.preparation import restore_gzip_header
from kgan.errors import UsageError

NAMES = {
    "train-images-idx3-ubyte": 1504176606,
    "train-labels-idx1-ubyte": 1504176606,
    "t10k-images-idx3-ubyte": 1504176627,
    "t10k-labels-idx1-ubyte": 1504176627,
}


def original(name):
    """An idx file as `gzip NAME` packs it: its name and time in the header."""
    count = 6 if name.startswith("train") else 3
    if "images" in name:
        data = (
            struct.pack(">4i", 2051, count, 28, 28)
            + np.arange(count * 784, dtype=np.uint32).astype(np.uint8).tobytes()
        )
    else:
        data = struct.pack(">2i", 2049, count) + bytes(range(count))
    packed = io.BytesIO()
    with gzip.GzipFile(name, "wb", 6, packed, NAMES[name]) as file:
        file.write(data)
    whole = bytearray(packed.getvalue())
    whole[8:10] = b"\x00\x03"  # what the program gzip writes for its level and system
    return bytes(whole)


def stripped(data, name):
    """The file as Debian packs it: no name, another time."""
    return b"\x1f\x8b\x08\x00\xed\x0a\xda\x5e\x00\x03" + data[10 + len(name) + 1 :]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A small Fashion-MNIST as Debian packs it; the checksums are those of the originals."""
    folder = tmp_path / "debian"
    folder.mkdir()
    infos = {}
    for name in NAMES:
        data = original(name)
        (folder / f"{name}.gz").write_bytes(stripped(data, name))
        infos[f"http://there/{name}.gz"] = SimpleNamespace(
            filename=f"{name}.gz", checksum=hashlib.sha256(data).hexdigest()
        )

    class Builder:
        url_infos = infos
        info = SimpleNamespace(homepage="http://there/")
        BUILDER_CONFIGS = ()
        MANUAL_DOWNLOAD_INSTRUCTIONS = None
        data_path = str(tmp_path / "prepared")
        received = None

        def is_prepared(self):
            return self.received is not None

        def download_and_prepare(self, download_dir, download_config):
            place = download_config.manual_dir
            self.received = {file.name: file.read_bytes() for file in place.iterdir()}

    builder = Builder()
    monkeypatch.setattr(preparation, "find_builder", lambda name, *_: builder)
    return folder, builder


def test_the_header_is_the_one_that_gzip_wrote():
    for name, packed_at in NAMES.items():
        data = original(name)
        assert stripped(data, name) != data
        assert restore_gzip_header(stripped(data, name), name, packed_at) == data


def test_debians_folder_gives_the_original_files(folder):
    place, builder = folder
    before = {file.name: file.read_bytes() for file in place.iterdir()}
    assert str(kgan.data.prepare("fashion_mnist", place)) == builder.data_path
    assert builder.received == {f"{name}.gz": original(name) for name in NAMES}
    assert {file.name: file.read_bytes() for file in place.iterdir()} == before


def test_original_files_are_taken_as_they_are(folder):
    place, builder = folder
    for name in NAMES:
        (place / f"{name}.gz").write_bytes(original(name))
    kgan.data.prepare("tfds:fashion_mnist", str(place))
    assert builder.received == {f"{name}.gz": original(name) for name in NAMES}


def test_a_flipped_byte_is_found(folder):
    place, builder = folder
    path = place / "t10k-images-idx3-ubyte.gz"
    data = bytearray(path.read_bytes())
    data[40] ^= 1
    path.write_bytes(data)
    with pytest.raises(UsageError, match=r"t10k-images.*not the original.*SHA-256.*expected"):
        kgan.data.prepare("fashion_mnist", place)
    assert builder.received is None


def test_missing_files_are_named(folder, tmp_path):
    place, _ = folder
    (place / "train-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(UsageError, match=r"missing train-labels-idx1-ubyte.gz. .*http://there/"):
        kgan.data.prepare("fashion_mnist", place)
    with pytest.raises(UsageError, match=r"from_dir=.*must be a folder; there is none"):
        kgan.data.prepare("fashion_mnist", tmp_path / "nowhere")


def test_what_is_prepared_stays(folder):
    place, builder = folder
    builder.received = {}
    with pytest.warns(UserWarning, match=rf"'fashion_mnist' is .* already.*{place} .*not read"):
        assert str(kgan.data.prepare("fashion_mnist", place)) == builder.data_path
    assert builder.received == {}
    with pytest.raises(UsageError, match=r"from_dir=.*must be a folder; there is none"):
        kgan.data.prepare("fashion_mnist", place / "nowhere")


def test_the_checksums_are_those_of_tfds(tmp_path):
    for name in NAMES:
        (tmp_path / f"{name}.gz").write_bytes(original(name))
    with pytest.raises(UsageError, match=r"is not the original file"):
        kgan.data.prepare("fashion_mnist", tmp_path, tmp_path / "tfds")
    assert not list((tmp_path / "tfds").glob("fashion_mnist/*"))


def test_an_unknown_name_says_the_nearest(tmp_path):
    with pytest.raises(
        UsageError,
        match=r"^name='fashion_minst' is unknown; expected an image data set of TensorFlow "
        r"Datasets \(mnist, cifar10, …\). Did you mean 'fashion_mnist'",
    ):
        kgan.data.prepare("fashion_minst", tmp_path)
    with pytest.raises(UsageError, match=r"^name='' .*NAME/CONFIGURATION"):
        kgan.data.prepare("tfds:", tmp_path)


def test_folders_must_be_paths(tmp_path):
    for value in ("", None, "~nosuch/x"):
        with pytest.raises(UsageError, match=r"^from_dir must be the path of a folder"):
            kgan.data.prepare("mnist", value)
    for value in ("", "~nosuch/x"):
        with pytest.raises(UsageError, match=r"^data_dir must be the path of a folder"):
            kgan.data.prepare("mnist", tmp_path, value)


def test_a_builder_that_fails_is_quoted(folder, monkeypatch):
    place, builder = folder

    def failing(**_):
        raise tfds.download.download_manager.NonMatchingChecksumError("other bytes")

    monkeypatch.setattr(builder, "download_and_prepare", failing)
    with pytest.raises(
        UsageError, match=r"could not prepare.*NonMatchingChecksumError: other bytes"
    ):
        kgan.data.prepare("fashion_mnist", place)
