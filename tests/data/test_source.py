import hashlib

import numpy as np
import pytest

import kgan.data
from kgan.data import source
from kgan.data.paired import TWITTER

# Of the pixels: a decoder that rounded otherwise would give runs another fingerprint.
SHA256 = "49c7cdad70a2ec24675845b7202dc92553ce3cca0ae8ed54fc858f097ca042e2"


@pytest.mark.parametrize("cut", [0, 1000])
def test_a_packaged_set_that_is_damaged_is_named(tmp_path, monkeypatch, cut):
    path = tmp_path / "emoji_64.npz"
    path.write_bytes(source.PACKAGED["emoji"].read_bytes()[:cut])
    monkeypatch.setitem(source.PACKAGED, "emoji", path)
    with pytest.raises(OSError, match=r"emoji_64\.npz is damaged \(.*install kgan again"):
        kgan.data.load("emoji", batch_size=4)


def test_packed_images_that_are_damaged_are_named(tmp_path, monkeypatch):
    path = tmp_path / "emoji_3d_128.npz"
    with np.load(source.PACKAGED["emoji_3d"]) as file:
        arrays = dict(file)
    arrays["webp"] = arrays["webp"] // 2
    np.savez(path, **arrays)
    monkeypatch.setitem(source.PACKAGED, "emoji_3d", path)
    with pytest.raises(OSError, match=r"emoji_3d_128\.npz is damaged \(.*install kgan again"):
        kgan.data.load("emoji_3d", batch_size=4)


def test_packed_images_are_decoded_once_and_are_those_that_were_packed():
    first, second = (
        source.read_packaged(source.PACKAGED["emoji_3d"], "image")[0] for _ in range(2)
    )
    assert first is second and not first.flags.writeable
    assert first.shape == (1852, 128, 128, 4) and not first[first[..., 3] == 0].any()
    assert hashlib.sha256(first.data).hexdigest() == SHA256


def test_3d_emoji_have_the_categories_of_the_flat_ones():
    solid, flat = (kgan.data.load(name, labels=True) for name in ("emoji_3d", "emoji"))
    assert solid.image_shape == (128, 128, 4) and solid.label_names == flat.label_names
    (known,) = source.read_packaged(TWITTER, "codepoint")
    (codepoints,) = source.read_packaged(source.PACKAGED["emoji_3d"], "codepoint")
    of_flat = dict(zip(known, flat.labels, strict=True))
    assert [of_flat[codepoint] for codepoint in codepoints] == solid.labels.tolist()
