import errno
import os
import stat

import numpy as np
import pytest
from PIL import Image

import kgan as library
from kgan.cli import models
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


def test_an_onnx_file_makes_the_same_images(folder, tiny_gan, kgan, refuses):
    library.export.to_onnx(tiny_gan, folder / "gan.onnx")
    result = kgan("generate", "gan.onnx", "-n", 5, "--seed", 7, "--out", "a.npz")
    assert (result.exit_code, result.stdout) == (0, "5 images of seed 7: a.npz\n")
    with np.load(folder / "a.npz") as arrays:
        expected = to_uint8(tiny_gan.generate(5, seed=7)).astype(int)
        assert np.abs(arrays["images"] - expected).max() <= 1
    refuses(
        2,
        ["--labels is not for this model: a DCGAN takes no labels"],
        "generate",
        "gan.onnx",
        "--labels",
        "1",
    )
    refuses(
        2,
        ["MODEL='gan.onnx' must be a run folder, a .keras file or a preset"],
        "evaluate",
        "gan.onnx",
    )


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


def test_a_device_and_a_pipe_get_the_picture_and_stay(folder, model, kgan):
    os.mkfifo("pipe")
    words = ("generate", model, "-n", 4, "--seed", 7, "--out")
    for out in ("/dev/null", "a.png"):
        assert kgan(*words, out).exit_code == 0
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    with open(os.open("pipe", os.O_RDONLY | os.O_NONBLOCK), "rb") as reader:
        assert kgan(*words, "pipe").exit_code == 0
        assert reader.read() == (folder / "a.png").read_bytes()
    assert sorted(os.listdir()) == ["a.png", "gan.keras", "pipe"]


def test_a_folder_that_a_kill_left_half_written_is_empty(folder, model, kgan):
    (folder / "faces" / ".faces.kgan-ab12cd34").mkdir(parents=True)
    assert kgan("generate", model, "-n", 1, "--out", "faces").exit_code == 0
    assert os.listdir(folder / "faces") == ["0.png"]


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


@pytest.fixture(scope="module")
def conditional():
    """For classes 0 to 2."""
    return library.ConditionalGAN((8, 8, 1), classes=3, latent_dim=2, width=2)


@pytest.fixture(scope="module")
def vectors_gan():
    return library.ConditionalGAN((8, 8, 1), condition_dim=3, latent_dim=2, width=2)


@pytest.fixture(scope="module")
def info_gan():
    return library.InfoGAN((8, 8, 1), categorical=[2], continuous=1, latent_dim=2, width=2)


@pytest.fixture
def loads(monkeypatch):
    """Lets MODEL be this GAN, without a file."""

    def let(gan):
        monkeypatch.setattr(models, "find", lambda model, onnx=False: model)
        monkeypatch.setattr(models, "load", lambda found, recipe: gan)

    return let


def made(path):
    with np.load(path) as arrays:
        return dict(arrays)


@pytest.mark.parametrize(
    ("words", "labels"),
    [
        ([], [0, 1, 2, 0, 1]),
        (["--labels", "2"], [2, 2, 2, 2, 2]),
        (["--labels", "2,0"], [2, 0, 2, 0, 2]),
        (["--labels", "0, 1,2,2,1,0"], [0, 1, 2, 2, 1]),
    ],
)
def test_labels_are_repeated_over_the_images(folder, conditional, loads, kgan, words, labels):
    loads(conditional)
    result = kgan("generate", "gan", "-n", 5, "--seed", 7, "--out", "a.npz", *words)
    assert result.exit_code == 0, result.output
    arrays = made(folder / "a.npz")
    assert (arrays["labels"].dtype, arrays["labels"].tolist()) == (np.int32, labels)
    expected = conditional.generate(5, seed=7, labels=labels)
    np.testing.assert_array_equal(arrays["images"], to_uint8(expected))


@pytest.mark.parametrize(
    ("words", "columns"), [([], 3), (["--labels", "0,1"], 2), (["--labels", "1"], 4)]
)
def test_a_grid_has_a_column_a_class(folder, conditional, loads, kgan, words, columns):
    loads(conditional)
    assert kgan("generate", "gan", "-n", 12, *words).exit_code == 0
    with Image.open(folder / "samples.png") as picture:
        assert picture.size[0] == columns * 66 + 2


def test_conditions_come_from_a_file_a_row_an_image(folder, vectors_gan, loads, kgan):
    loads(vectors_gan)
    vectors = np.random.RandomState(0).normal(size=(3, 3))
    np.save("vectors.npy", vectors)
    words = ("generate", "gan", "--seed", 7, "--out", "a.npz", "--conditions", "vectors.npy")
    assert kgan(*words).stdout == "3 images of seed 7: a.npz\n"
    expected = vectors_gan.generate(3, seed=7, conditions=vectors)
    np.testing.assert_array_equal(made(folder / "a.npz")["images"], to_uint8(expected))
    assert kgan(*words, "-n", 5).exit_code == 0
    arrays = made(folder / "a.npz")
    np.testing.assert_array_equal(arrays["conditions"], vectors[[0, 1, 2, 0, 1]].astype(np.float32))
    assert len(arrays["images"]) == 5


def test_codes_come_from_the_seed_or_a_file(folder, info_gan, loads, kgan):
    loads(info_gan)
    words = ("generate", "gan", "--seed", 7, "--out", "a.npz", "-n", 2)
    assert kgan(*words).exit_code == 0
    drawn = made(folder / "a.npz")
    np.testing.assert_array_equal(drawn["codes"], info_gan.generator_inputs(2, seed=7)["code"])
    np.testing.assert_array_equal(drawn["images"], to_uint8(info_gan.generate(2, seed=7)))
    codes = np.array([[0, 1, -2.0]])
    np.save("codes.npy", codes)
    assert kgan(*words, "--codes", "codes.npy").exit_code == 0
    expected = info_gan.generate(2, seed=7, codes=codes[[0, 0]])
    np.testing.assert_array_equal(made(folder / "a.npz")["images"], to_uint8(expected))


def test_what_the_model_does_not_take_or_lacks(
    folder, tiny_gan, conditional, vectors_gan, info_gan, loads, refuses
):
    np.save("vectors.npy", np.zeros((2, 3)))
    np.save("wide.npy", np.zeros((2, 4)))
    for gan, words, parts in [
        (tiny_gan, ["--labels", "0"], ["--labels is not for", "a DCGAN takes no labels"]),
        (tiny_gan, ["--codes", "vectors.npy"], ["--codes is not for", "takes no codes"]),
        (conditional, ["--conditions", "vectors.npy"], ["--conditions is not for"]),
        (conditional, ["--labels", "0,3"], ["--labels must be 0 to 2", "received 3"]),
        (vectors_gan, [], ["--conditions must be given", "of shape (3)", "numpy.save"]),
        (vectors_gan, ["--conditions", "wide.npy"], ["rows of 3 numbers", "(2, 4)"]),
        (info_gan, ["--codes", "wide.npy"], ["--codes", "rows of 3 numbers", "(2, 4)"]),
    ]:
        loads(gan)
        refuses(2, parts, "generate", "gan", *words)
    assert not (folder / "samples.png").exists()


def test_files_and_labels_that_are_none(folder, loads, vectors_gan, conditional, refuses):
    loads(vectors_gan)
    (folder / "text.npy").write_text("no array")
    np.save("flat.npy", np.zeros(3))
    np.save("none.npy", np.zeros((0, 3)))
    np.save("code.npy", np.array([[print]]))  # unpickling could run anything
    np.save("nan.npy", np.full((1, 3), np.nan))
    for name, problem in [
        ("gone.npy", "No such file"),
        ("text.npy", "holds something else"),
        ("flat.npy", "the shape (3,)"),
        ("none.npy", "the shape (0, 3)"),
        ("code.npy", "holds something else"),
        ("nan.npy", "must be finite numbers"),
    ]:
        refuses(2, ["conditions", problem], "generate", "gan", "--conditions", name)
    loads(conditional)
    for labels, part in [("shirt", "'shirt'"), ("0,", "''"), ("1.5", "'1.5'")]:
        parts = ["--labels must be integers", part]
        refuses(2, parts, "generate", "gan", "--labels", labels)
    parts = ["--labels must be 0 to 2", "received -1"]
    refuses(2, parts, "generate", "gan", "--labels", "-1")


@pytest.mark.parametrize("command", [["generate"], ["latent", "interpolate"]])
@pytest.mark.parametrize("count", [0, 2**31, 99999999999999999999])
def test_counts_beyond_reason(refuses, folder, tiny_gan, command, count):
    tiny_gan.save(folder / "gan.keras")
    refuses(2, ["'-n'", str(count), "2147483647"], *command, "gan.keras", "-n", count)


@pytest.mark.parametrize("out", ["loop", "loop.png", "loop.npz", "loop/a.png"])
def test_a_link_to_itself_is_no_place(refuses, folder, tiny_gan, out):
    tiny_gan.save(folder / "gan.keras")
    link = folder / out.split("/")[0]
    link.symlink_to(link.name)
    refuses(1, [out, "fix the link"], "generate", "gan.keras", "-n", 1, "--out", out)
    assert link.is_symlink()


@pytest.mark.parametrize(
    "values",
    [
        np.zeros((2, 12), "datetime64[s]"),
        np.zeros((2, 12), "timedelta64[s]"),
        np.zeros((2, 12), complex),
        np.full((2, 12), "a"),
        np.zeros((2, 12), [("a", "f4")]),
    ],
    ids=lambda values: values.dtype.name,
)
def test_codes_that_are_no_real_numbers(refuses, folder, info_gan, loads, values):
    loads(info_gan)
    np.save("codes.npy", values)
    parts = ["--codes='codes.npy'", "not real numbers", str(values.dtype)]
    refuses(2, parts, "generate", "gan", "--codes", "codes.npy")
