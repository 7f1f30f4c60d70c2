import json
import os

import numpy as np
import pytest
from PIL import Image

import kgan.data
from kgan.errors import UsageError


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KGAN_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "data"


@pytest.fixture
def folder(tmp_path):
    """Two classes of 6 images, 8x8 grey; each image has one value, the class's times 100 + i."""
    for label, name in enumerate(["cats", "dogs"]):
        place = tmp_path / "pets" / name
        place.mkdir(parents=True)
        for index in range(6):
            Image.new("L", (8, 8), 100 * label + index).save(place / f"{index}.png")
    return tmp_path / "pets"


def values(dataset):
    """The values of the images, which have one each, as uint8."""
    images = np.concatenate([batch.numpy() for batch in dataset])
    return sorted(np.rint(images[:, 0, 0, 0] * 127.5 + 127.5).astype(int).tolist())


def test_subfolders_are_classes(folder):
    dataset = kgan.data.load(folder, batch_size=4, labels=True)
    assert dataset.label_names == ("cats", "dogs")
    assert dataset.image_shape == (8, 8, 1)
    for images, labels in dataset:
        dogs = images.numpy()[:, 0, 0, 0] * 127.5 + 127.5 > 50
        np.testing.assert_array_equal(dogs, labels.numpy() == 1)


def test_images_beside_each_other_have_no_classes(folder):
    assert values(kgan.data.load(str(folder / "cats"), batch_size=3)) == list(range(6))
    with pytest.raises(UsageError, match=r"labels=True needs a source with labels"):
        kgan.data.load(folder / "cats", batch_size=3, labels=True)


def test_decoded_once_and_again_when_a_file_changes(folder, cache, monkeypatch):
    first = kgan.data.load(folder, batch_size=4)
    with monkeypatch.context() as patch:
        patch.setattr("kgan.data.decode.read", None)
        again = kgan.data.load(folder, batch_size=4)
    assert again.config == first.config
    assert len(list(cache.iterdir())) == 1
    Image.new("L", (8, 8), 250).save(folder / "cats" / "0.png")
    changed = kgan.data.load(folder, batch_size=4)
    assert 250 in values(changed)
    assert changed.config["sha256"] != first.config["sha256"]


def test_the_pixels_stay_on_the_disk(folder):
    dataset = kgan.data.load(folder, batch_size=4)
    assert isinstance(dataset._source.images, np.memmap)


def test_a_broken_file_is_named_and_skipped_each_time(folder):
    (folder / "dogs" / "3.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    for _ in range(2):
        with pytest.warns(UserWarning, match=r"1 of the images .*dogs/3.png .*skipped"):
            dataset = kgan.data.load(folder, batch_size=11)
        assert values(dataset) == [0, 1, 2, 3, 4, 5, 100, 101, 102, 104, 105]


def test_a_truncated_file_is_broken(folder):
    noise = np.random.default_rng(0).integers(0, 256, (8, 8), np.uint8)
    path = folder / "cats" / "9.png"
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:70])
    with pytest.warns(UserWarning, match=r"cats/9.png"):
        assert kgan.data.load(folder, batch_size=4).num_images == 12


def test_strict_stops_at_a_broken_file_and_leaves_nothing(folder, cache):
    (folder / "dogs" / "3.png").write_bytes(b"broken")
    with pytest.raises(UsageError, match=r"dogs/3.png .*strict=False"):
        kgan.data.load(folder, batch_size=4, strict=True)
    assert list(cache.iterdir()) == []
    with pytest.warns(UserWarning, match=r"dogs/3.png"):
        kgan.data.load(folder, batch_size=4)
    with pytest.raises(UsageError, match=r"dogs/3.png"):  # from the cache, too
        kgan.data.load(folder, batch_size=4, strict=True)


def test_only_broken_files(tmp_path):
    (tmp_path / "x.png").write_bytes(b"broken")
    with pytest.raises(UsageError, match=r"none of 1 could.*x.png"):
        kgan.data.load(tmp_path)


def test_unlike_sizes_need_a_resolution(folder):
    Image.new("L", (16, 16)).save(folder / "dogs" / "9.png")
    with pytest.raises(
        UsageError, match=r"cats/0.png is 8x8 and dogs/9.png is 16x16.*resolution=16"
    ):
        kgan.data.load(folder, batch_size=4)
    assert kgan.data.load(folder, batch_size=4, resolution=8).num_images == 13


def test_oblong_images_need_a_resolution(tmp_path):
    Image.new("L", (16, 8)).save(tmp_path / "wide.png")
    with pytest.raises(UsageError, match=r"square.*wide.png is 16x8.*resolution=8"):
        kgan.data.load(tmp_path, batch_size=1)
    assert kgan.data.load(tmp_path, batch_size=1, resolution=8).image_shape == (8, 8, 1)


def test_unlike_channels_need_channels(folder):
    Image.new("RGB", (8, 8)).save(folder / "dogs" / "9.png")
    with pytest.raises(UsageError, match=r"cats/0.png has 1 and dogs/9.png has 3.*channels=3"):
        kgan.data.load(folder, batch_size=4)
    assert kgan.data.load(folder, batch_size=4, channels=3).image_shape == (8, 8, 3)


def test_folders_without_images(tmp_path):
    with pytest.raises(UsageError, match=r"must hold image files.*found no files"):
        kgan.data.load(tmp_path)
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / ".hidden.png").write_bytes(b"x")
    with pytest.raises(UsageError, match=r"found 1 other files .notes.txt, say"):
        kgan.data.load(tmp_path)
    with pytest.raises(UsageError, match=r"must be a folder of images; found a file"):
        kgan.data.load(tmp_path / "notes.txt")
    with pytest.raises(UsageError, match=r"found nothing there"):
        kgan.data.load(tmp_path / "missing")


def test_a_folder_has_the_split_train_only(folder):
    with pytest.raises(UsageError, match=r"split='test' is known of TFDS"):
        kgan.data.load(folder, split="test")


def test_a_cache_that_cannot_be_written_is_named(folder, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("KGAN_HOME", str(tmp_path / "file"))
    with pytest.raises(OSError, match=r"cache folder .*file/data cannot be written.*KGAN_HOME"):
        kgan.data.load(folder, batch_size=4)


def test_a_full_disk_is_named_and_nothing_is_left(folder, cache, monkeypatch):
    def full(descriptor):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match=r"No space left on device"):
        kgan.data.load(folder, batch_size=4)
    assert list(cache.iterdir()) == []


def test_two_workers_that_decode_at_once(folder, cache, monkeypatch):
    """The other one finishes while this one decodes."""
    import kgan.data.cache as module

    write = module._write

    def slower(scratch, *arguments):
        with monkeypatch.context() as patch:
            patch.setattr(module, "_write", write)
            kgan.data.load(folder, batch_size=4)
        write(scratch, *arguments)

    monkeypatch.setattr(module, "_write", slower)
    assert kgan.data.load(folder, batch_size=4).num_images == 12
    (entry,) = cache.iterdir()
    assert json.loads((entry / "facts.json").read_text())["shape"] == [12, 8, 8, 1]
