import pytest

import kgan.data
from kgan.data import source


@pytest.mark.parametrize("cut", [0, 1000])
def test_a_packaged_set_that_is_damaged_is_named(tmp_path, monkeypatch, cut):
    path = tmp_path / "emoji_64.npz"
    path.write_bytes(source.PACKAGED["emoji"].read_bytes()[:cut])
    monkeypatch.setitem(source.PACKAGED, "emoji", path)
    with pytest.raises(OSError, match=r"emoji_64\.npz is damaged \(.*install kgan again"):
        kgan.data.load("emoji", batch_size=4)
