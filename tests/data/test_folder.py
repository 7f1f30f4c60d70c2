import json
import os
import subprocess
import sys
import warnings

import numpy as np
import pytest
from PIL import EpsImagePlugin, Image

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


def flip(path, place):
    data = bytearray(path.read_bytes())
    data[place] ^= 2
    path.write_bytes(data)


def change_facts(entry, **facts):
    path = entry / "facts.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | facts))


def cut(path):
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize(
    "damage",
    [
        lambda entry: flip(entry / "images.bin", 400),
        lambda entry: cut(entry / "images.bin"),
        lambda entry: (entry / "images.bin").write_bytes(b""),
        lambda entry: (entry / "images.bin").open("ab").write(b"more"),
        lambda entry: (entry / "images.bin").unlink(),
        lambda entry: cut(entry / "facts.json"),
        lambda entry: (entry / "facts.json").write_text("[]"),
        lambda entry: (entry / "facts.json").unlink(),
        lambda entry: change_facts(entry, broken=None),
        lambda entry: change_facts(entry, broken=[["a.png", 3]]),
        lambda entry: change_facts(entry, shape="big"),
        lambda entry: cut(entry / "labels.npy"),
        lambda entry: flip(entry / "labels.npy", -1),
        lambda entry: (entry / "labels.npy").unlink(),
    ],
)
def test_a_damaged_cache_is_named_and_decoded_again(folder, cache, damage):
    first = kgan.data.load(folder, batch_size=4, labels=True)
    (entry,) = cache.iterdir()
    whole = {file.name: file.read_bytes() for file in entry.iterdir()}
    damage(entry)
    with pytest.warns(UserWarning, match=rf"{entry} .*damaged.*decoded again") as caught:
        again = kgan.data.load(folder, batch_size=4, labels=True)
    assert len(caught) == 1
    assert again.config == first.config
    assert {file.name: file.read_bytes() for file in entry.iterdir()} == whole
    assert list(cache.iterdir()) == [entry]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        kgan.data.load(folder, batch_size=4, labels=True)


def test_what_a_killed_call_left_of_other_images_is_removed(folder, cache):
    (cache / ".0123.kgan-ab12cd34").mkdir(parents=True)
    (cache / ".mine").mkdir()
    kgan.data.load(folder, batch_size=4)
    assert len([path for path in cache.iterdir() if path.name[0] != "."]) == 1
    assert [path.name for path in cache.iterdir() if path.name[0] == "."] == [".mine"]


def test_labels_are_read_in_the_order_of_bytes_that_was_checked(folder, cache):
    kgan.data.load(folder, batch_size=4, labels=True)
    (path,) = cache.glob("*/labels.npy")
    path.write_bytes(path.read_bytes().replace(b"<i4", b">i4"))  # one bit
    labels = kgan.data.load(folder, batch_size=4, labels=True)._source.labels
    assert labels.tolist() == [0] * 6 + [1] * 6


def test_a_damaged_cache_that_cannot_be_replaced_is_named(folder, cache):
    kgan.data.load(folder, batch_size=4)
    (entry,) = cache.iterdir()
    entry.rename(folder.with_name("moved"))
    entry.write_text("in the way")
    with (
        pytest.warns(UserWarning, match=r"damaged"),
        pytest.raises(OSError, match=rf"cache folder {cache} cannot be written.*KGAN_HOME"),
    ):
        kgan.data.load(folder, batch_size=4)
    assert list(cache.iterdir()) == [entry]


def test_the_pixels_stay_on_the_disk(folder):
    dataset = kgan.data.load(folder, batch_size=4)
    assert isinstance(dataset._source.images, np.memmap)


def test_a_broken_file_is_named_and_skipped_each_time(folder):
    (folder / "dogs" / "3.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    for _ in range(2):
        with pytest.warns(UserWarning, match=r"holds 1 image that .*dogs/3.png .*skipped"):
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
    with pytest.raises(UsageError, match=r"dogs/3.png .*without strict"):
        kgan.data.load(folder, batch_size=4, strict=True)
    assert not list(cache.glob("*"))
    with pytest.warns(UserWarning, match=r"dogs/3.png"):
        kgan.data.load(folder, batch_size=4)
    with pytest.raises(UsageError, match=r"dogs/3.png"):  # from the cache, too
        kgan.data.load(folder, batch_size=4, strict=True)


def test_a_link_that_leads_nowhere_is_broken(folder):
    (folder / "dogs" / "x.png").symlink_to("gone.png")
    (folder / "dogs" / "y.png").symlink_to("y.png")
    for _ in range(2):
        with pytest.warns(
            UserWarning, match=r"holds 2 images that .*dogs/x.png .*dogs/y.png .*skip"
        ):
            assert kgan.data.load(folder, batch_size=4).num_images == 12
    with pytest.raises(UsageError, match=r"dogs/x.png .*No such file"):
        kgan.data.load(folder, batch_size=4, strict=True)
    (folder / "dogs" / "y.png").unlink()
    Image.new("L", (8, 8), 250).save(folder / "dogs" / "gone.png")
    assert values(kgan.data.load(folder, batch_size=14))[-2:] == [250, 250]


def test_linked_folders_are_classes(folder, tmp_path):
    (tmp_path / "links").mkdir()
    for name in ("cats", "dogs"):
        (tmp_path / "links" / name).symlink_to(folder / name)
    dataset = kgan.data.load(tmp_path / "links", batch_size=12, labels=True)
    assert dataset.label_names == ("cats", "dogs")
    assert dataset.num_images == 12


def test_links_in_a_ring_end(folder):
    (folder / "cats" / "up").symlink_to(folder)
    (folder / "cats" / "other").symlink_to(folder / "dogs")
    (folder / "dogs" / "other").symlink_to(folder / "cats")
    # 6 of each, and by the link from each into the other once more.
    dataset = kgan.data.load(folder, batch_size=24)
    assert dataset.label_names == ("cats", "dogs")
    assert values(dataset) == sorted([*range(6), *range(100, 106)] * 2)


def test_a_folder_that_cannot_be_read_is_not_left_out(folder, monkeypatch):
    scandir = os.scandir

    def refusing(path):
        if str(path).endswith("dogs"):
            raise PermissionError(13, os.strerror(13), str(path))
        return scandir(path)

    monkeypatch.setattr("os.scandir", refusing)
    with pytest.raises(OSError, match=r"Permission denied.*pets/dogs"):
        kgan.data.load(folder, batch_size=4)


def test_only_broken_files(tmp_path):
    (tmp_path / "x.png").write_bytes(b"broken")
    with pytest.raises(UsageError, match=r"none of 1 could.*x.png"):
        kgan.data.load(tmp_path)


def test_different_sizes_need_a_resolution(folder):
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


def test_the_resolution_to_pass_is_one_that_a_dcgan_takes(tmp_path):
    Image.new("L", (800, 600)).save(tmp_path / "0.png")
    with pytest.raises(UsageError, match=r"one size .*; 0.png is 800x600. Pass resolution=256:"):
        kgan.data.load(tmp_path, batch_size=1)


def test_different_channels_need_channels(folder):
    Image.new("RGB", (8, 8)).save(folder / "dogs" / "9.png")
    with pytest.raises(UsageError, match=r"cats/0.png has 1 and dogs/9.png has 3.*channels=3"):
        kgan.data.load(folder, batch_size=4)
    assert kgan.data.load(folder, batch_size=4, channels=3).image_shape == (8, 8, 3)


def test_folders_without_images(tmp_path):
    with pytest.raises(UsageError, match=r"must hold image files.*found no files"):
        kgan.data.load(tmp_path)
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / ".hidden.png").write_bytes(b"x")
    with pytest.raises(UsageError, match=r"found 1 other file .such as notes.txt"):
        kgan.data.load(tmp_path)
    with pytest.raises(UsageError, match=r"must be a folder of images; found a file"):
        kgan.data.load(tmp_path / "notes.txt")
    with pytest.raises(UsageError, match=r"found nothing there"):
        kgan.data.load(tmp_path / "missing")


def test_a_folder_has_the_split_train_only(folder):
    with pytest.raises(UsageError, match=r"split='test' is for TFDS"):
        kgan.data.load(folder, split="test")


def test_a_cache_that_cannot_be_written_is_named(folder, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    for home in ("file", "file/below"):
        monkeypatch.setenv("KGAN_HOME", str(tmp_path / home))
        with pytest.raises(OSError, match=rf"cache folder .*{home}/data cannot be .*KGAN_HOME"):
            kgan.data.load(folder, batch_size=4)


def test_the_home_of_nobody_is_named(folder, monkeypatch):
    monkeypatch.setenv("KGAN_HOME", "~nosuch/x")
    with pytest.raises(UsageError, match=r"^KGAN_HOME must be .*received '~nosuch/x'"):
        kgan.data.load(folder, batch_size=4)


def test_a_full_disk_is_named_and_nothing_is_left(folder, cache, monkeypatch):
    def full(descriptor):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match=r"No space left on device"):
        kgan.data.load(folder, batch_size=4)
    assert not list(cache.glob("*"))


FULL = """
import resource, sys
import kgan.data

# No file grows beyond 512 bytes; the images need 768.
resource.setrlimit(resource.RLIMIT_FSIZE, (512, 512))
try:
    kgan.data.load(sys.argv[1], batch_size=4)
except OSError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits no file's size")
def test_a_disk_that_takes_no_more_is_named_and_nothing_is_left(folder, cache):
    result = subprocess.run(
        [sys.executable, "-c", FULL, folder], capture_output=True, text=True, timeout=60
    )
    assert f"The cache folder {cache} cannot be written (File too large)" in result.stdout, result
    assert "KGAN_HOME" in result.stdout
    assert not list(cache.glob("*"))


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


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
@pytest.mark.timeout(60)
def test_a_pipe_is_no_image(folder, cache):
    os.mkfifo(folder / "x.png")
    assert kgan.data.load(folder, batch_size=4).num_images == 12


@pytest.fixture
def ghostscript(tmp_path, monkeypatch):
    """A program in Ghostscript's place; the file is there once it was started."""
    started = tmp_path / "started"
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "gs").write_text(f"#!/bin/sh\ntouch {started}\n")
    (tmp_path / "bin" / "gs").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    monkeypatch.setattr(EpsImagePlugin, "gs_binary", None)
    return started


@pytest.mark.skipif(sys.platform == "win32", reason="the program is a shell script")
def test_a_program_named_as_an_image_is_not_run(folder, tmp_path, ghostscript):
    path = folder / "cats" / "9.png"
    Image.new("RGB", (8, 8)).save(path, "EPS")
    with pytest.warns(UserWarning, match=r"cats/9.png \(cannot identify"):
        assert kgan.data.load(folder, batch_size=4).num_images == 12
    assert not ghostscript.exists()
    with Image.open(path) as image, pytest.raises(OSError):
        image.load()
    assert ghostscript.exists()  # as it would have been
    for formats in (["PNG", "eps"], "EPS"):
        with pytest.raises(UsageError, match=r"formats must be a list of some of .*PNG.*EPS runs"):
            kgan.data.load(folder, formats=formats)


def test_other_formats_are_named_and_read_if_asked_for(folder):
    Image.new("L", (8, 8), 250).save(folder / "cats" / "x.tga")
    with pytest.warns(
        UserWarning, match=r"1 image in source=.*such as x\.tga.* left out: .* formats=\["
    ):
        assert kgan.data.load(folder, batch_size=4).num_images == 12
    dataset = kgan.data.load(folder, batch_size=13, formats=["png", "TGA"])
    assert values(dataset)[-1] == 250
    with pytest.raises(UsageError, match=r"must hold .* formats JPEG; found 13 other files"):
        kgan.data.load(folder, formats=["JPEG"])
    with pytest.raises(
        UsageError, match=r"formats=.* is for folders .*'fashion_mnist'. Leave form"
    ):
        kgan.data.load("fashion_mnist", formats=["PNG"])


def test_images_without_a_known_range_are_named(folder):
    Image.fromarray(np.full((8, 8), 200, np.int32)).save(folder / "cats" / "7.tif")
    Image.fromarray(np.full((8, 8), 200, np.uint16)).save(folder / "cats" / "8.png")
    Image.fromarray(np.full((8, 8), 0.5, np.float32)).save(folder / "cats" / "9.tiff")
    with pytest.warns(UserWarning) as caught:
        assert kgan.data.load(folder, batch_size=4).num_images == 12
    (warning,) = caught
    assert "cats/7.tif (32-bit and floating-point pixels have no" in str(warning.message)
    assert "cats/8.png (all of its 16-bit pixels are below 256" in str(warning.message)
    assert "cats/9.tiff (32-bit and floating-point pixels have no" in str(warning.message)


def test_what_could_not_be_read_is_tried_again(folder, cache, monkeypatch):
    from kgan.data import decode

    path, read, asked = folder / "dogs" / "3.png", decode.read, []

    def refusing(file, *arguments):
        asked.append(file)
        if file == path:
            raise PermissionError(13, os.strerror(13), str(file))
        return read(file, *arguments)

    monkeypatch.setattr(decode, "read", refusing)
    for _ in range(2):
        with pytest.warns(
            UserWarning, match=r"holds 1 image that .*dogs/3.png .*Permission denied"
        ):
            assert kgan.data.load(folder, batch_size=4).num_images == 11
    assert asked[12:] == [path]  # the second time it alone
    monkeypatch.setattr(decode, "read", read)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        dataset = kgan.data.load(folder, batch_size=12, labels=True)
    assert 103 in [round(value) for value in (dataset.images[:, 0, 0, 0] + 1) * 127.5]
    assert len(list(cache.iterdir())) == 1
