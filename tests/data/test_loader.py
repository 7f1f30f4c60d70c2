import json

import numpy as np
import pytest
from PIL import Image

import kgan.data
from kgan.errors import UsageError

PIXELS = np.random.default_rng(0).integers(0, 256, (20, 8, 8, 3), np.uint8)


def stacked(dataset):
    return np.concatenate([batch.numpy() for batch in dataset])


def by_bytes(images):
    return sorted(image.tobytes() for image in images)


def test_the_packaged_images():
    dataset = kgan.data.load("fashion_mnist", labels=True)
    images, labels = next(iter(dataset))
    assert images.shape == (64, 28, 28, 1)
    assert images.dtype == "float32"
    assert labels.dtype == "int32"
    assert (images.numpy().min(), images.numpy().max()) == (-1, 1)
    assert dataset.num_images == 10_000
    assert dataset.steps_per_epoch == len(dataset) == 156
    assert dataset.label_names[9] == "Ankle boot"
    assert json.loads(json.dumps(dataset.config)) == dataset.config
    assert dataset.config["source"] == "fashion_mnist"


def test_class_names_are_known_with_and_without_labels():
    names = kgan.data.load("emoji").label_names
    assert len(names) == kgan.data.load("emoji").labels.max() + 1
    assert all(isinstance(name, str) and name for name in names)
    assert kgan.data.load("emoji", labels=True, labelled=len(names)).label_names == names
    assert kgan.data.load(PIXELS, batch_size=5).label_names is None


def test_the_representation_says_what_matters_on_two_lines(tmp_path, monkeypatch):
    monkeypatch.setenv("KGAN_HOME", str(tmp_path / "home"))
    first, second = repr(kgan.data.load("fashion_mnist")).splitlines()
    assert first == "<ImageDataset of 10000 images 28x28x1, 'fashion_mnist', train;"
    assert second == " batches of 64, 10 classes: T-shirt/top, Trouser, Pullover, Dress, Coat, …>"
    assert str(kgan.data.load((PIXELS, np.arange(20)), batch_size=5)) == (
        "<ImageDataset of 20 images 8x8x3, 'arrays', train;\n batches of 5, 20 classes>"
    )
    assert "no classes" in repr(kgan.data.load(PIXELS, batch_size=5))
    deep = tmp_path / (50 * "x") / "photos"
    for name in range(40):
        (deep / f"class {name}").mkdir(parents=True)
        Image.new("L", (8, 8)).save(deep / f"class {name}" / "0.png")
    lines = repr(kgan.data.load(deep, batch_size=8)).splitlines()
    assert len(lines) == 2 and max(map(len, lines)) <= 100
    assert "x/photos'" in lines[0] and "40 classes: class 0, " in lines[1]


def test_packaged_images_resized_and_in_colour():
    dataset = kgan.data.load("fashion_mnist", resolution=8, channels=3)
    assert dataset.image_shape == (8, 8, 3)
    assert dataset.config["resolution"] == 8
    images = next(iter(dataset)).numpy()
    np.testing.assert_array_equal(images[..., 0], images[..., 2])


def test_uint8_arrays_are_scaled_and_each_image_comes_once():
    images = stacked(kgan.data.load(PIXELS, batch_size=5))
    expected = PIXELS.astype(np.float32) / np.float32(127.5) - 1
    assert by_bytes(images) == by_bytes(expected)


def test_float_arrays_stay_as_they_are():
    images = PIXELS / 127.5 - 1  # float64
    assert by_bytes(stacked(kgan.data.load(images, batch_size=5))) == by_bytes(
        images.astype(np.float32)
    )


def test_labels_stay_with_their_images():
    labels = np.arange(20)
    for images, numbers in kgan.data.load((PIXELS, labels), batch_size=5, labels=True):
        expected = PIXELS[numbers.numpy()] / np.float32(127.5) - 1
        np.testing.assert_array_equal(images.numpy(), expected)


def test_the_fingerprint_is_of_pixels_and_labels():
    def fingerprint(source):
        return kgan.data.load(source, batch_size=5).config["sha256"]

    other = PIXELS.copy()
    other[-1, -1, -1, -1] ^= 1
    assert fingerprint(PIXELS) == fingerprint(PIXELS.copy())
    assert fingerprint(PIXELS) != fingerprint(other)
    assert fingerprint((PIXELS, np.arange(20))) != fingerprint((PIXELS, np.arange(20)[::-1]))


def test_wide_arrays_are_cut_to_a_square_only_if_asked():
    wide = PIXELS.reshape(20, 8, 24, 1)
    assert kgan.data.load(wide, batch_size=5).image_shape == (8, 24, 1)
    assert kgan.data.load(wide, batch_size=5, resolution=8).image_shape == (8, 8, 1)


@pytest.mark.parametrize(
    ("source", "arguments", "words"),
    [
        (PIXELS, {"batch_size": 0}, "batch_size must be an integer of at least 1; received 0"),
        (PIXELS, {"batch_size": 21}, "batch_size=21 must not exceed the 20 images"),
        (PIXELS, {"batch_size": 5, "seed": "a"}, "seed must be an integer.*received 'a'"),
        (PIXELS, {"batch_size": 5, "seed": -1}, "seed must be an integer, 0 to 4294967295"),
        (PIXELS, {"resolution": 0}, "resolution must be an integer of at least 1; received 0"),
        (PIXELS, {"channels": 5}, "channels must be an integer, 1 to 4; received 5"),
        (PIXELS, {"split": "test"}, "split='test' is for TFDS data sets only.*'train'"),
        ("fashion_mnist", {"split": "test"}, "split='test'.*'tfds:NAME'"),
        (PIXELS, {"batch_size": 5, "labels": True}, "labels=True needs a source with labels"),
        (PIXELS.astype(np.int64), {}, "uint8 in 0..255 or float in .*int64.*astype"),
        (PIXELS.astype(np.float32), {}, r"lie in \[-1, 1\]; received values from 0 to 255"),
        (PIXELS / 127.5 - 1, {"resolution": 4}, "convert uint8 images only.*float"),
        (PIXELS[..., 0], {}, "rank 4"),
        ((PIXELS, np.arange(19)), {}, r"labels must have the shape \(20,\)"),
        ((PIXELS, np.arange(20), 1), {}, "a tuple of 3 parts"),
        ((PIXELS, [[0], [1, 2]]), {}, "labels must be one integer per image.*inhomogeneous"),
        (PIXELS, {"labels": "yes"}, "labels must be True or False; received 'yes'"),
        (PIXELS, {"strict": 1}, "strict must be True or False; received 1"),
        (None, {}, "source must be .*folder.*received NoneType"),
        ({}, {}, "source must be .*received dict"),
        (["0.png", "1.png"], {}, "source must be .*received list"),
        ([[1, 2], [3]], {}, "source must be .*received list.*inhomogeneous"),
        ([], {}, r"source must .*received the shape \(0,\)"),
        (3, {}, "source must have rank 4"),
        ("", {}, "source must be the path of a folder.*'.' is the current folder.*received ''"),
        ("~nosuch/x", {}, "source must be the path of a folder.*received '~nosuch/x'"),
        ("./no/such/folder", {}, "must be a folder of images; found nothing there"),
    ],
)
def test_wrong_use(source, arguments, words):
    with pytest.raises(UsageError, match=words):
        kgan.data.load(source, **arguments)


def test_flags_may_be_numpys():
    dataset = kgan.data.load((PIXELS, np.arange(20)), batch_size=5, labels=True)
    assert dataset.config["labels"] is True


def test_nan_is_refused_before_training():
    images = np.zeros((20, 8, 8, 1), np.float32)
    images[3, 0, 0, 0] = np.nan
    with pytest.raises(UsageError, match=r"finite"):
        kgan.data.load(images)


def test_hidden_labels():
    data = kgan.data.load("fashion_mnist", batch_size=50, labels=True, labelled=100, seed=3)
    known = np.flatnonzero(data.labels >= 0)
    assert np.bincount(data.labels[known]).tolist() == [10] * 10
    assert (kgan.data.load("fashion_mnist", labels=True).labels[known] == data.labels[known]).all()
    again = kgan.data.load("fashion_mnist", batch_size=50, labels=True, labelled=100, seed=3)
    other = kgan.data.load("fashion_mnist", batch_size=50, labels=True, labelled=100, seed=4)
    assert (again.labels == data.labels).all() and (other.labels != data.labels).any()
    # Every second image has a label, each of the hundred as often; the others mostly none.
    labels = np.concatenate([labels for _, labels in data.take(40).as_numpy_iterator()])
    assert (labels[::2] >= 0).all() and (labels[1::2] >= 0).mean() < 0.05
    assert np.bincount(labels[::2]).tolist() == [100] * 10
    for labelled, message in [
        (5, "labelled must be a multiple of the 10 classes"),
        (105, "multiple of the 10 classes.*received 105"),
        (20_000, "labelled must be an integer, 1 to 10000"),
    ]:
        with pytest.raises(ValueError, match=message):
            kgan.data.load("fashion_mnist", labels=True, labelled=labelled)
    with pytest.raises(ValueError, match="labelled=10 needs labels=True"):
        kgan.data.load("fashion_mnist", labelled=10)


def test_a_resolution_beyond_reason_is_refused_before_it_takes_memory():
    for source in ("fashion_mnist", np.zeros((2, 8, 8, 1), np.uint8)):
        with pytest.raises(UsageError, match="resolution must be an integer, 1 to 16384; received"):
            kgan.data.load(source, resolution=10**9)
