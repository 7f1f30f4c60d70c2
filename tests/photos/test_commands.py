"""`kgan upscale`, `translate`, `inpaint`, `colorize` and `segment` on files and folders."""

import contextlib
import errno
import os
import pty
import shlex
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from kgan.photos import files, saving
from kgan.receptive_field import ReceptiveField

COMMANDS = {
    "upscale": "upscaler",
    "translate": "negative",
    "inpaint": "painter",
    "colorize": "colourist",
    "segment": "segmenter",
}


@pytest.fixture
def photo(folder, photograph):
    """Writes a photograph and gives its pixels."""

    def write(name, height=6, width=8, channels=3, seed=0, **options):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = photograph(height, width, channels, seed)
        Image.fromarray(pixels[..., 0] if channels == 1 else pixels).save(path, **options)
        return pixels

    return write


@pytest.fixture
def masked(folder):
    """Writes a mask whose upper half is white."""

    def write(name, height=6, width=8):
        pixels = np.zeros((height, width), np.uint8)
        pixels[: height // 2] = 255
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / name)

    return write


def made(folder):
    """The sizes of the images below a folder, by their names."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): Image.open(path).size for path in paths}


# -- what is made ------------------------------------------------------------------------------


@pytest.mark.parametrize("entry", COMMANDS)
def test_files_and_folders_keep_names_and_subfolders(folder, kgan, make, photo, masked, entry):
    photo("a.jpg")
    photo("more/b.bmp", 5, 9)
    photo("more/deep/c.d.png", 7, 4)
    options = []
    if entry == "inpaint":
        masked("masks/a.png")
        masked("masks/b.webp", 5, 9)
        masked("masks/deep/c.d.jpg", 7, 4)
        options = ["--mask", "masks"]
    words = [entry, make(COMMANDS[entry]), "a.jpg", "more", "--out", "out", "--tile", "3"]
    result = kgan(*words, *options)
    assert result.exit_code == 0, result.output
    assert result.stdout == "3 images: out\n" and result.stderr == ""
    k = 2 if entry == "upscale" else 1
    assert made(folder / "out") == {
        "a.png": (8 * k, 6 * k),
        "b.png": (9 * k, 5 * k),
        "deep/c.d.png": (4 * k, 7 * k),
    }


def test_the_pixels_are_those_of_the_model(folder, kgan, make, photo, masked):
    colour = photo("a.png")
    masked("mask.png")
    assert kgan("upscale", make("upscaler"), "a.png", "--out", "large").exit_code == 0
    large = np.asarray(Image.open("large/a.png"))
    np.testing.assert_array_equal(large, colour.repeat(2, 0).repeat(2, 1))
    words = ("inpaint", make("painter"), "a.png", "--mask", "mask.png", "--out", "whole")
    assert kgan(*words).exit_code == 0
    whole = np.asarray(Image.open("whole/a.png"))
    np.testing.assert_array_equal(whole[3:], colour[3:])
    assert (whole[:3] == 191).all()


def test_orientation_profile_and_exif_are_kept(folder, kgan, make, photo):
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[0x0112], exif[271] = 6, "Maker"
    photo("a.jpg", exif=exif, icc_profile=profile)
    for suffix in ("png", "jpg", "webp", "tif"):
        words = ("upscale", make("upscaler"), "a.jpg", "--out", suffix, "--format", suffix)
        assert kgan(*words).exit_code == 0
        with Image.open(f"{suffix}/a.{suffix}") as image:
            assert image.size == (12, 16) and image.info["icc_profile"] == profile
            assert image.getexif()[271] == "Maker" and 0x0112 not in image.getexif()


MODES = ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "F", "I", "LAB"]


@pytest.mark.parametrize("entry", COMMANDS)
def test_every_mode_is_processed_or_refused_with_the_reason(
    folder, kgan, make, photograph, masked, entry
):
    (folder / "in").mkdir()
    for mode in MODES:
        grey = Image.fromarray(photograph(6, 8, 1)[..., 0])
        if mode in ("RGB", "CMYK", "RGBA"):
            image = Image.fromarray(photograph(6, 8, len(mode)), mode)
        elif mode == "I;16":
            image = Image.fromarray(photograph(6, 8, 1)[..., 0].astype(np.uint16) * 257)
        else:
            image = Image.new("LAB", (8, 6)) if mode == "LAB" else grey.convert(mode)
        suffix = "tif" if mode in ("CMYK", "F", "I", "LAB") else "png"
        image.save(folder / "in" / f"{mode.replace(';', '')}.{suffix}")
    masked("mask.png")
    words = [entry, make(COMMANDS[entry]), "in", "--out", "out"]
    result = kgan(*words, *(["--mask", "mask.png"] if entry == "inpaint" else []))
    assert result.exit_code == 1
    expected = {f"{mode.replace(';', '')}.png" for mode in MODES[:8]}
    assert set(made(folder / "out")) == expected
    lines = sorted(result.stderr.splitlines())
    assert lines == [
        "Error: 3 of 11 images were skipped.",
        f"in/CMYK.tif: {'CMYK became RGB without a profile, so colours may be off'}",
        "in/I16.png: of 16 bits the upper eight are kept",
        *(line for line in lines if line.startswith("skipped: ")),
    ]
    assert sum("no known range" in line for line in lines) == 2
    assert sum("its colours are LAB" in line for line in lines) == 1
    modes = {name: Image.open(folder / "out" / name).mode for name in expected}
    if entry in ("upscale", "inpaint"):
        assert modes == {
            **{"1.png": "L", "L.png": "L", "LA.png": "LA", "P.png": "RGB", "RGB.png": "RGB"},
            **{"RGBA.png": "RGBA", "CMYK.png": "RGB", "I16.png": "L"},
        }
    elif entry == "segment":
        assert set(modes.values()) == {"P"}
    elif entry == "colorize":
        assert {name for name, mode in modes.items() if mode == "RGBA"} == {"LA.png", "RGBA.png"}
    else:
        assert set(modes.values()) == {"RGB"}


def test_a_seed_repeats_the_latent(folder, kgan, make, photo):
    photo("a.png")
    model = make("negative", latent=True)
    for name, seed in (("one", 3), ("two", 3), ("three", 4)):
        words = ("translate", model, "a.png", "--out", name, "--seed", seed)
        assert kgan(*words).exit_code == 0
    one, two, three = (np.asarray(Image.open(f"{n}/a.png")) for n in ("one", "two", "three"))
    assert (one == two).all() and (one != three).any()


def test_the_scale_is_only_checked(folder, kgan, make, refuses, photo):
    photo("a.png")
    model = make("upscaler", scale=3)
    assert kgan("upscale", model, "a.png", "--scale", "3", "--out", "out").exit_code == 0
    words = ("upscale", model, "a.png", "--scale", "4", "--out", "other")
    refuses(2, ["--scale=4 must be 3, the only one that MODEL="], *words)
    assert not (folder / "other").exists()


# -- without TensorFlow ------------------------------------------------------------------------

PROGRAM = """
import sys
from kgan.cli.main import run
try:
    run()
finally:
    print({"tensorflow", "keras", "onnx", "tf2onnx"} & set(sys.modules))
"""


def test_a_preset_and_an_onnx_file_run_without_tensorflow(folder, python, make, photo):
    photo("a.jpg", 40, 50)
    for words in (
        ("translate", "pix2pix_emoji", "a.jpg", "--out", "drawn"),
        ("upscale", make("upscaler"), "a.jpg", "--out", "large"),
    ):
        process = python("-c", PROGRAM, *words)
        stdout, stderr = process.communicate()
        assert process.returncode == 0, stderr
        assert stdout == f"1 image: {words[-1]}\nset()\n"
    assert made(folder / "drawn") == {"a.png": (50, 40)}


# -- memory and progress -----------------------------------------------------------------------

# Linux hands the ru_maxrss of a process down to those it starts; VmHWM it does not.
MEASURED = """
from kgan.cli.main import run
try:
    run()
finally:
    with open("/proc/self/status") as status:
        print(next(line.split()[1] for line in status if line.startswith("VmHWM")))
"""


@pytest.mark.slow
def test_a_large_photograph_takes_less_than_two_gigabytes(folder, python, make, photo):
    """4,000 x 3,000 pixels to 16,000 x 12,000, which are 576 MB."""
    photo("small.png", 60, 80)
    with Image.open("small.png") as small:
        small.resize((4000, 3000)).save("large.jpg")
    words = ("upscale", make("network", width=64), "large.jpg", "--out", "out", "--format", "jpg")
    process = python("-c", MEASURED, *words)
    stdout, stderr = process.communicate()
    assert process.returncode == 0, stderr
    assert int(stdout.split()[-1]) < 2e6  # kilobytes
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Image, "MAX_IMAGE_PIXELS", None)
        assert made(folder / "out") == {"large.jpg": (16_000, 12_000)}


def test_a_terminal_shows_the_images_and_the_tiles(folder, make, photo):
    for name in ("a.png", "b.png"):
        photo(f"in/{name}", 40, 40)
    terminal, end = pty.openpty()
    root = os.path.dirname(os.path.dirname(os.path.dirname(files.__file__)))
    words = ["upscale", str(make("network")), "in", "--out", "out", "--tile", "10"]
    process = subprocess.Popen(
        [sys.executable, "-m", "kgan", *words],
        env={**os.environ, "PYTHONPATH": root, "TERM": "xterm", "COLUMNS": "100"},
        stdout=subprocess.PIPE,
        stderr=end,
    )
    os.close(end)
    shown = b""
    with contextlib.suppress(OSError):  # how a terminal ends
        while block := os.read(terminal, 4096):
            shown += block
    os.close(terminal)
    assert process.communicate()[0] == b"2 images: out\n" and process.returncode == 0
    assert b"images" in shown and b"tiles" in shown and b"%" in shown


# -- what goes wrong ---------------------------------------------------------------------------


def test_an_unreadable_file_is_named_and_skipped(folder, kgan, make, photo):
    photo("in/a.png")
    photo("in/c.png")
    (folder / "in" / "b.png").write_bytes(b"no image")
    photo("in/d.jpg", 300, 300)
    cut = (folder / "in" / "d.jpg").read_bytes()[:-3000]
    (folder / "in" / "d.jpg").write_bytes(cut)
    result = kgan("upscale", make("upscaler"), "in", "--out", "out")
    assert result.exit_code == 1
    assert set(made(folder / "out")) == {"a.png", "c.png"}
    assert result.stdout == "2 images: out\n"
    first, second, last = result.stderr.splitlines()
    assert first.startswith("skipped: IMAGE='in/b.png' cannot be decoded")
    assert second.startswith("skipped: IMAGE='in/d.jpg' cannot be decoded (image file is trunc")
    assert last == "Error: 2 of 4 images were skipped."


def test_too_small_images_are_skipped(folder, kgan, make, photo):
    photo("a.png")
    photo("b.png", 9, 9)
    result = kgan("upscale", make("upscaler", smallest=8), "a.png", "b.png", "--out", "out")
    assert result.exit_code == 1 and set(made(folder / "out")) == {"b.png"}
    assert "skipped: IMAGE='a.png': images must be at least 8 pixels" in result.stderr


def test_nothing_made_leaves_nothing(folder, kgan, make, refuses):
    for name in ("a.png", "b.png"):
        (folder / name).write_bytes(b"no image")
    result = kgan("upscale", make("upscaler"), "a.png", "b.png", "--out", "new/out")
    assert result.exit_code == 1 and result.stdout == "" and not (folder / "new").exists()
    words = ("upscale", make("upscaler"), "a.png", "--out", "new/out")
    refuses(2, ["IMAGE='a.png' cannot be decoded"], *words)
    assert not (folder / "new").exists()
    (folder / "there").mkdir()
    refuses(2, ["IMAGE='a.png' cannot be decoded"], *words[:-1], "there")
    assert (folder / "there").exists()


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["nothing.png", "--out", "out"], ["IMAGE='nothing.png' does not exist"]),
        (["in", "--out", "in/out"], ["--out='in/out' must not lie in 'in'"]),
        (["a.png", "in", "--out", "in/deep/er/out"], ["must not lie in 'in'"]),
        (["in", "--out", "in"], ["--out='in' exists; expected a new or empty folder"]),
        ([".", "--out", "out"], ["--out='out' must not lie in '.'"]),
        (["a.png", "--out", "a.png"], ["--out='a.png' exists"]),
        (["a.png", "in/a.bmp", "--out", "out"], ["would both become 'a.png'"]),
        (["in/a.bmp", "in/a.jpg", "--out", "out"], ["'in/a.jpg' and 'in/a.bmp' would both"]),
        (["empty", "--out", "out"], ["IMAGE='empty' must hold image files"]),
        (["a.png", "--out", "out", "--tile", "0"], ["--tile", "0"]),
        (["a.png", "--out", "out", "--format", "gif"], ["--format='gif' is unknown"]),
        (["--out", "out"], ["Missing argument"]),
        (["a.png"], ["Missing option '--out'"]),
    ],
)
def test_what_is_refused_leaves_nothing(folder, make, photo, refuses, arguments, parts):
    for name in ("a.png", "in/a.bmp", "in/a.jpg"):
        photo(name)
    (folder / "empty").mkdir()
    before = sorted(folder.rglob("*"))
    model = make("upscaler")
    before += [model.parent, model]
    refuses(2, parts, "upscale", model, *arguments)
    assert sorted(folder.rglob("*")) == sorted(before)


def test_an_output_folder_behind_a_link_is_inside_all_the_same(folder, make, photo, refuses):
    photo("in/a.png")
    (folder / "link").symlink_to(folder / "in")
    parts = ["must not lie in 'in'"]
    refuses(2, parts, "upscale", make("upscaler"), "in", "--out", "link/out")
    refuses(2, ["must not lie in 'link'"], "upscale", make("upscaler"), "link", "--out", "in/out")


def test_a_jpeg_for_what_it_cannot_hold(folder, make, photo, kgan, refuses):
    photo("a.png")
    photo("b.png", channels=4)
    words = ("upscale", make("upscaler"), "a.png", "b.png", "--out", "out", "--format", "jpg")
    result = kgan(*words)
    assert result.exit_code == 1 and set(made(folder / "out")) == {"a.jpg"}
    assert "skipped: IMAGE='b.png': format='jpg' holds no transparency" in result.stderr
    words = ("segment", make("segmenter"), "a.png", "--out", "other", "--format", "jpg")
    refuses(2, ["--format=jpg holds no classes; use png or tif"], *words)


def test_a_model_for_another_command(folder, make, photo, refuses):
    photo("a.png")
    words = ("translate", make("upscaler"), "a.png", "--out", "out")
    refuses(2, ["cannot translate; use `kgan upscale`"], *words)
    refuses(2, ["MODEL='x.onnx' must be an ONNX file"], "upscale", "x.onnx", *words[2:])
    parts = ["MODEL='pix2pix_emoji' is a Pix2Pix, which cannot upscale"]
    refuses(2, parts, "upscale", "pix2pix_emoji", *words[2:])
    assert not (folder / "out").exists()


def test_a_tile_for_what_sees_the_whole(folder, photo, refuses, kgan):
    import kgan as package
    from kgan.networks import UNet

    gan = package.Pix2Pix(channels=3, generator_network=UNet(2, 2))
    gan.compile()
    gan.save(folder / "model.keras")
    photo("a.png")
    words = ("translate", "model.keras", "a.png", "--out", "out")
    parts = ["--tile must be left out for MODEL='model.keras': its InstanceNormalization sees"]
    refuses(2, parts, *words, "--tile", "8")
    assert not (folder / "out").exists()
    assert kgan(*words).exit_code == 0


def test_large_images_for_what_sees_the_whole_are_told(folder, photo, kgan, make, monkeypatch):
    photo("a.png")
    monkeypatch.setattr(files, "LARGE", 40)
    whole = ReceptiveField(None, scale=2, reason="for a test")
    monkeypatch.setattr(ReceptiveField, "from_json", lambda text: whole)
    result = kgan("upscale", make("upscaler"), "a.png", "--out", "out")
    assert result.exit_code == 0
    assert result.stderr.startswith("Warning: ")
    assert "must see a.png as a whole (for a test); 8x6 pixels at once" in result.stderr


# -- masks -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mask", "parts"),
    [
        ("nothing.png", ["--mask='nothing.png' does not exist"]),
        ("small.png", ["IMAGE='a.png': mask='small.png' must have the size of the image, 8x6"]),
        ("colours.png", ["mask='colours.png' must be black and white", "it has colours"]),
        ("broken.png", ["mask='broken.png' cannot be read"]),
        ("masks", ["--mask='masks' must hold a mask for each image", "there is none for a."]),
        ("empty", ["--mask='empty' must hold image files"]),
        ("twice", ["--mask='twice' must hold one mask per image", "have the same name"]),
    ],
)
def test_masks_that_do_not_fit(folder, make, photo, masked, refuses, mask, parts):
    photo("a.png")
    photo("colours.png")
    masked("small.png", 5, 8)
    masked("masks/b.png")
    masked("twice/a.png")
    masked("twice/a.bmp")
    (folder / "empty").mkdir()
    (folder / "broken.png").write_bytes(b"no image")
    words = ("inpaint", make("painter"), "a.png", "--mask", mask, "--out", "out")
    refuses(2, parts, *words)
    assert not (folder / "out").exists()


def test_a_mask_of_another_size_skips_its_image(folder, kgan, make, photo, masked):
    photo("a.png")
    photo("b.png", 7, 7)
    masked("mask.png")
    words = ("inpaint", make("painter"), "a.png", "b.png", "--mask", "mask.png", "--out", "out")
    result = kgan(*words)
    assert result.exit_code == 1 and set(made(folder / "out")) == {"a.png"}
    assert "skipped: IMAGE='b.png': mask='mask.png' must have the size of the image, 7x7" in (
        result.stderr
    )


def test_inpaint_needs_a_mask(folder, make, photo, refuses):
    photo("a.png")
    refuses(2, ["Missing option '--mask'"], "inpaint", make("painter"), "a.png", "--out", "out")


# -- a full disk -------------------------------------------------------------------------------


def test_a_full_disk_half_way_keeps_what_is_done(folder, kgan, make, photo, monkeypatch):
    for number in range(14):
        photo(f"in/{number:02}.png")
    write = saving.atomic_write

    def full(path):
        if path.name >= "02.png":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return write(path)

    monkeypatch.setattr(saving, "atomic_write", full)
    result = kgan("upscale", make("upscaler"), "in", "--out", "out")
    assert result.exit_code == 1
    assert made(folder / "out") == {"00.png": (16, 12), "01.png": (16, 12)}
    first, second, last = result.stderr.splitlines()
    assert first == "done, in out: 00.png, 01.png"
    assert second.startswith("not done: in/02.png, in/03.png, ") and second.endswith(" and 2 more")
    assert last.startswith("Error: out/02.png: No space left on device; free some space")


def test_a_disk_that_is_full_at_once_leaves_nothing(folder, kgan, make, photo, monkeypatch):
    photo("a.png")

    def full(path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr(saving, "atomic_write", full)
    result = kgan("upscale", make("upscaler"), "a.png", "--out", "out")
    assert result.exit_code == 1 and not (folder / "out").exists()
    assert result.stderr.splitlines()[0] == "not done: a.png"


def test_a_real_full_disk(folder, make, photo):
    """A file system in memory with room for one of two results."""
    probe = ["unshare", "-m", "true"]
    if not shutil.which("unshare") or subprocess.run(probe, capture_output=True).returncode:
        pytest.skip("needs the right to mount")
    photo("in/a.png", 10, 10)
    photo("in/b.png", 400, 400)
    photo("in/c.png", 10, 10)
    (folder / "disk").mkdir()
    command = shlex.join([sys.executable, "-m", "kgan", "upscale", str(make("upscaler"))])
    script = f"""
        mount -t tmpfs -o size=100k tmpfs disk
        {command} in --out disk/out; echo $?
        find disk -type f
    """
    root = os.path.dirname(os.path.dirname(os.path.dirname(files.__file__)))
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script],
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True,
        text=True,
    )
    assert done.stdout.split() == ["1", "disk/out/a.png"]
    first, second, last = done.stderr.splitlines()
    assert (first, second) == ("done, in disk/out: a.png", "not done: in/b.png, in/c.png")
    assert last.startswith(f"Error: {folder}/disk/out/b.png: No space left on device")


def test_a_place_that_cannot_be_written_is_told_before_the_work(folder, photo, refuses):
    photo("a.png")
    (folder / "file").touch()
    # MODEL does not exist either, which comes later.
    refuses(1, ["file/out"], "upscale", "nothing", "a.png", "--out", "file/out")
