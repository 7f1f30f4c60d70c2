import dataclasses
import io
import json
import shutil
import warnings
import zipfile

import numpy as np
import pytest

import kgan
from kgan.errors import UsageError
from kgan.metrics import extractors, references
from kgan.metrics.extractors import Extractor


def means(images):
    """The mean of each quarter of 16x16 images."""
    return np.asarray(images).reshape(len(images), 2, 8, 2, 8).mean((2, 4)).reshape(-1, 4)


@pytest.fixture
def extractor():
    return Extractor("quarters", means, 4, sha256=64 * "a")


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("KGAN_HOME", str(tmp_path))
    return tmp_path / "references"


@pytest.fixture
def data(images):
    return kgan.data.load((images, np.arange(len(images)) % 3), batch_size=8)


def test_features_and_labels_in_the_order_of_the_data(data, images, extractor, home):
    found = references.of(data, extractor)
    assert np.array_equal(found.features, means(images))
    assert found.labels.tolist() == [number % 3 for number in range(64)]
    assert found.data == {
        "source": "arrays",
        "split": "train",
        "shape": [16, 16, 1],
        "sha256": data.config["sha256"],
    }
    assert found.extractor == {"name": "quarters", "sha256": 64 * "a", "resize": "none"}
    mean, covariance = found.statistics
    assert np.allclose(mean, means(images).mean(0))
    assert np.allclose(covariance, np.cov(means(images).astype(float), rowvar=False))


def test_it_is_extracted_once(data, extractor, home, monkeypatch):
    first = references.of(data, extractor)
    (file,) = home.glob("*.npz")
    assert file.name == (
        f"arrays_train_16x16x1_64_{data.config['sha256'][:16]}_quarters_none_{16 * 'a'}.npz"
    )
    monkeypatch.setattr(extractor, "features", None)
    again = references.of(data, extractor)
    assert np.array_equal(again.features, first.features)
    assert np.array_equal(again.labels, first.labels)


def test_another_number_is_another_reference(data, extractor, home):
    assert len(references.of(data, extractor, samples=10).features) == 10
    assert len(references.of(data, extractor).features) == 64
    assert len(list(home.glob("*.npz"))) == 2


def test_of_a_function_nothing_is_kept(data, home):
    references.of(data, Extractor("own", means, 4))
    assert not home.exists()


def test_without_a_cache_nothing_is_read_or_written(data, extractor, home):
    references.of(data, extractor, cache=False)
    assert not home.exists()


def test_a_file_of_another_kind(tmp_path):
    (tmp_path / "a.txt").write_text("features")
    with pytest.raises(UsageError, match=r"cannot be read \(no .npz file\)"):
        references.load(tmp_path / "a.txt")


def test_a_damaged_file_is_made_anew(data, extractor, home):
    references.of(data, extractor)
    (file,) = home.glob("*.npz")
    file.write_bytes(file.read_bytes()[:500])
    with pytest.warns(UserWarning, match="is damaged or no reference.*made anew"):
        again = references.of(data, extractor)
    assert len(again.features) == 64
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        references.of(data, extractor)


def test_saved_and_loaded(data, extractor, home, tmp_path):
    made = references.of(data, extractor)
    made.save(tmp_path / "own.npz")
    loaded = references.load(tmp_path / "own.npz")
    assert np.array_equal(loaded.features, made.features)
    assert loaded.data == made.data
    dataclasses.replace(made, labels=None).save(tmp_path / "bare.npz")
    assert references.load(tmp_path / "bare.npz").labels is None


def test_another_protocol_is_refused(data, extractor, home, tmp_path):
    path = tmp_path / "own.npz"
    references.of(data, extractor).save(path)
    other = Extractor("quarters", means, 4, sha256=64 * "b")
    with pytest.raises(UsageError, match="another protocol: extractor.sha256 is 'aaa.*, not 'bbb"):
        references.load(path, extractor=other.description)
    described = {**references.describe(data), "split": "test"}
    with pytest.raises(UsageError, match="data.split is 'train', not 'test'"):
        references.load(path, data=described)


@pytest.mark.parametrize("damage", ["missing", "cut", "text", "folder", "other"])
def test_no_reference(data, extractor, home, tmp_path, damage):
    path = tmp_path / "own.npz"
    references.of(data, extractor).save(path)
    whole = path.read_bytes()
    path.unlink()
    if damage == "cut":
        path.write_bytes(whole[: len(whole) // 2])
    elif damage == "text":
        path.write_text("features")
    elif damage == "folder":
        path.mkdir()
    elif damage == "other":
        np.savez(path, images=np.zeros(3))
    with pytest.raises(UsageError, match=r"reference='.*own.npz' (must be a file|is damaged)"):
        references.load(path)


def vast(path):
    """A few hundred KiB of zeros that are 256 MiB."""
    zeros = np.zeros((1 << 16, 1 << 10), np.float32)
    np.savez_compressed(path, protocol="{}", features=zeros, labels=np.zeros(0, np.int32))


def boastful(path):
    """A header that speaks of 4 TiB."""
    header = io.BytesIO()
    described = {"descr": "<f4", "fortran_order": False, "shape": (1 << 38, 4)}
    np.lib.format.write_array_header_1_0(header, described)
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in content.items():
            features = name == "features.npy"
            archive.writestr(name, header.getvalue() + data[128:] if features else data)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [(vast, r"its arrays would take 268\d+ bytes, of 2\d{5}\)"), (boastful, r"another size than")],
)
def test_a_file_that_would_fill_the_memory_is_not_read(
    data, extractor, home, tmp_path, monkeypatch, spoil, message
):
    path = tmp_path / "own.npz"
    references.of(data, extractor).save(path)
    references.load(path)
    spoil(path)
    monkeypatch.setattr(np, "load", None)
    with pytest.raises(UsageError, match=rf"reference='.*own.npz' is damaged .*{message}"):
        references.load(path)


def test_nan_is_refused(data, extractor, home, tmp_path):
    made = references.of(data, extractor)
    made.features[3, 1] = np.nan
    made.save(tmp_path / "nan.npz")
    with pytest.raises(UsageError, match="must be finite"):
        references.load(tmp_path / "nan.npz")


def test_a_folder_goes_by_its_name_alone(extractor, home, tmp_path):
    from PIL import Image

    for place in ("here", "there"):
        (tmp_path / place / "photos").mkdir(parents=True)
        for number in range(2):
            picture = Image.fromarray(np.full((16, 16), number * 100, np.uint8))
            picture.save(tmp_path / place / "photos" / f"{number}.png")
    described = [
        references.describe(kgan.data.load(tmp_path / place / "photos", batch_size=1))
        for place in ("here", "there")
    ]
    assert described[0] == described[1]
    assert described[0]["source"] == "photos"


def test_the_file_holds_json_and_numbers_alone(data, extractor, home):
    references.of(data, extractor)
    (file,) = home.glob("*.npz")
    with np.load(file, allow_pickle=False) as arrays:
        assert sorted(arrays) == ["features", "labels", "protocol"]
        assert set(json.loads(str(arrays["protocol"]))) == {"data", "extractor"}
    shutil.rmtree(home)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "channels"), [("fashion_mnist", 1), ("emoji", 3)])
def test_packaged_images_have_packaged_references(name, channels, home, monkeypatch):
    """A change of the images, the extractor or its resizing needs `benchmarks/references.py`."""
    data = kgan.data.load(name, channels=channels, batch_size=1)
    extractor = extractors.default(data.image_shape)
    number = 16
    expected = extractor.features(data.at(np.arange(number)))
    monkeypatch.setattr(extractor, "features", None)
    found = references.of(data, extractor)
    assert not home.exists()
    assert found.features.shape == (data.num_images, extractor.feature_dim)
    assert np.array_equal(found.labels, data.labels)
    scale = np.abs(expected).max()
    assert np.abs(found.features[:number] - expected).max() < 1e-5 * scale


def test_hidden_labels_are_not_those_of_the_cache(images, extractor, home):
    labels = np.arange(64) % 4
    whole = kgan.data.load((images, labels), batch_size=8)
    hidden = kgan.data.load((images, labels), batch_size=8, labels=True, labelled=8)
    assert np.array_equal(references.of(whole, extractor).labels, labels)
    assert np.array_equal(references.of(hidden, extractor).labels, hidden.labels)
    assert np.array_equal(references.of(whole, extractor).labels, labels)
    assert len(list(home.glob("*.npz"))) == 1


def test_damage_anywhere_is_told(data, extractor, home, tmp_path):
    references.of(data, extractor)
    (file,) = home.glob("*.npz")
    whole = file.read_bytes()
    for place in range(0, len(whole), 7):
        damaged = bytearray(whole)
        damaged[place] ^= 255
        file.write_bytes(damaged)
        try:
            found = references.load(file)
        except UsageError:
            continue
        # What the checksums of zip do not cover changes nothing.
        assert np.array_equal(found.features, means(data.images))


def test_only_data_sets_have_references(images, extractor):
    with pytest.raises(UsageError, match="data must be what kgan.data.load returns"):
        references.of(images, extractor)
