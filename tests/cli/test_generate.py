import errno
import os

import numpy as np
import pytest
from PIL import Image

from kgan.images import to_uint8


@pytest.fixture
def model(folder, tiny_gan):
    path = folder / "gan.keras"
    tiny_gan.save(path)
    return path


def test_the_arrays_are_those_of_generate(folder, model, tiny_gan, kgan):
    result = kgan("generate", model, "-n", 5, "--seed", 7, "--out", "a.npz")
    assert (result.exit_code, result.stdout) == (0, "5 images of seed 7: a.npz\n")
    with np.load(folder / "a.npz") as arrays:
        assert list(arrays) == ["images"]
        assert (arrays["images"].dtype, arrays["images"].shape) == (np.uint8, (5, 16, 16, 1))
        np.testing.assert_array_equal(arrays["images"], to_uint8(tiny_gan.generate(5, seed=7)))


def test_truncation_is_passed_on(folder, model, tiny_gan, kgan):
    words = ("--seed", 7, "--truncation", 0.5, "--out", "a.npz")
    assert kgan("generate", model, "-n", 2, *words).exit_code == 0
    with np.load(folder / "a.npz") as arrays:
        expected = to_uint8(tiny_gan.generate(2, seed=7, truncation=0.5))
        np.testing.assert_array_equal(arrays["images"], expected)


def test_by_default_a_grid_of_64_whose_seed_is_said(folder, model, kgan):
    result = kgan("generate", model)
    seed = result.stdout.removeprefix("64 images of seed ").removesuffix(": samples.png\n")
    first = (folder / "samples.png").read_bytes()
    with Image.open(folder / "samples.png") as picture:
        assert picture.size == (8 * 66 + 2, 8 * 66 + 2)
    assert kgan("generate", model).exit_code == 0
    assert (folder / "samples.png").read_bytes() != first
    assert kgan("generate", model, "--seed", seed).exit_code == 0
    assert (folder / "samples.png").read_bytes() == first


def test_a_folder_gets_a_file_an_image(folder, model, tiny_gan, kgan):
    assert kgan("generate", model, "-n", 11, "--seed", 0, "--out", "faces").exit_code == 0
    names = sorted(path.name for path in (folder / "faces").iterdir())
    assert names == [f"{index:02d}.png" for index in range(11)]
    with Image.open(folder / "faces" / "10.png") as picture:
        expected = to_uint8(tiny_gan.generate(11, seed=0))[10, ..., 0]
        np.testing.assert_array_equal(np.asarray(picture), expected)


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["--out", "a.bmp"], ["--out='a.bmp'", ".png", ".npz"]),
        (["--out", "."], ["--out='.'", "current folder", "choose a new one"]),
        (["-n", "0"], ["-n", "0"]),
        (["--seed", "-1"], ["--seed"]),
        (["--truncation", "0"], ["--truncation"]),
    ],
)
def test_wrong_use(folder, model, refuses, words, parts):
    refuses(2, parts, "generate", model, *words)
    assert list(folder.iterdir()) == [model]


@pytest.mark.parametrize("out", ["a.png", "a.npz", "a"])
def test_a_full_disk_leaves_nothing(folder, model, refuses, monkeypatch, out):
    def full(self, *args, **kwargs):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), out)

    monkeypatch.setattr(Image.Image, "save", full)
    monkeypatch.setattr(np, "savez_compressed", full)
    refuses(1, [out, "No space left", "free some space"], "generate", model, "--out", out)
    assert list(folder.iterdir()) == [model]


def test_a_parent_that_is_a_file_is_told(folder, model, refuses):
    refuses(1, ["gan.keras"], "generate", model, "--out", model / "a.png")
