import errno
import os

import numpy as np
import pytest
from PIL import Image

from kgan import latent
from kgan.images import grid, to_pil
from kgan.latent import figures, synthesis


@pytest.fixture(scope="session")
def saved(vivid_gan, tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "gan.keras"
    vivid_gan.save(path)
    return path


@pytest.mark.parametrize(
    ("words", "make"),
    [
        (
            ["interpolate", "--seed", 7, "-n", 3, "--steps", 4, "--path", "linear"],
            lambda gan: figures.interpolation(gan, *figures.pairs(gan, 3, 7), 4, "linear"),
        ),
        (
            ["interpolate", "--from", 3, "--to", 4, "--steps", 3, "--out", "a.gif"],
            lambda gan: figures.interpolation(
                gan, latent.sample(1, 8, seed=3), latent.sample(1, 8, seed=4), 3
            ),
        ),
        (
            ["arithmetic", "--positive", "1,2", "--minus", "0", "--plus", "3", "--seed", 7],
            lambda gan: figures.arithmetic(
                gan, *(latent.sample(64, 8, seed=7)[index] for index in ([1, 2], [0], [3])), seed=7
            ),
        ),
        (
            ["directions", "-n", 2, "--seed", 7],
            lambda gan: figures.directions(
                gan, latent.directions(gan, 2)[0], latent.sample(1, 8, seed=7)[0]
            ),
        ),
    ],
    ids=["png", "gif", "arithmetic", "directions"],
)
def test_the_figures_are_those_of_kgan_latent(folder, model, vivid_gan, kgan, words, make):
    """Byte for byte."""
    assert kgan("latent", words[0], model, *words[1:]).exit_code == 0
    (written,) = folder.iterdir()
    figures.save(f"python{written.suffix}", make(vivid_gan))
    assert written.read_bytes() == (folder / f"python{written.suffix}").read_bytes()


@pytest.fixture
def model(folder, saved):
    """The model, in the current directory's own name for it, with nothing else there."""
    return os.path.relpath(saved, folder)


def pixels(path, frame=0):
    with Image.open(path) as picture:
        picture.seek(frame)
        return np.asarray(picture.convert("L")).astype(int)


def same(found, images, columns):
    """Whether pixels are those of the grid of images, up to rounding."""
    expected = np.asarray(grid(images, columns)).astype(int)
    return found.shape == expected.shape and np.abs(found - expected).max() <= 1


# -- interpolate -------------------------------------------------------------------------------


def test_a_row_for_each_pair_of_the_images_of_a_seed(folder, model, vivid_gan, kgan):
    result = kgan("latent", "interpolate", model, "--seed", 7, "-n", 2, "--steps", 3)
    assert result.stdout == "3 steps in each of 2 pairs of seed 7: interpolation.png\n"
    ends = latent.sample(4, 8, seed=7)
    rows = [latent.spherical(ends[0], ends[1], 3), latent.spherical(ends[2], ends[3], 3)]
    made = synthesis.images(vivid_gan, np.concatenate(rows))
    np.testing.assert_allclose(made[[0, 2, 3, 5]], vivid_gan.generate(4, seed=7), atol=1e-5)
    assert same(pixels("interpolation.png"), made, columns=3)


def test_from_a_seed_to_a_seed_on_a_line(folder, model, vivid_gan, kgan):
    words = ("--from", 3, "--to", 4, "--path", "linear", "--out", "a.png")
    result = kgan("latent", "interpolate", model, *words)
    assert result.stdout == "9 steps from seed 3 to seed 4: a.png\n"
    ends = [latent.sample(1, 8, seed=seed)[0] for seed in (3, 4)]
    made = synthesis.images(vivid_gan, latent.linear(*ends, 9))
    assert same(pixels("a.png"), made, columns=9)


def test_an_animation_goes_there_and_back(folder, model, vivid_gan, kgan):
    words = ("--seed", 7, "-n", 4, "--steps", 3, "--out", "a.gif")
    assert kgan("latent", "interpolate", model, *words).exit_code == 0
    with Image.open("a.gif") as animation:
        assert animation.n_frames == 4
        assert (animation.info["loop"], animation.info["duration"]) == (0, 80)
    ends = latent.sample(8, 8, seed=7)
    way = latent.spherical(ends[::2], ends[1::2], 3)
    for frame, step in enumerate([0, 1, 2, 1]):
        made = synthesis.images(vivid_gan, way[step])
        assert same(pixels("a.gif", frame), made, columns=2)


def test_one_pair_with_itself_stands_still(folder, model, kgan):
    words = ("--from", 5, "--to", 5, "--steps", 2, "--out", "a.gif")
    assert kgan("latent", "interpolate", model, *words).exit_code == 0
    with Image.open("a.gif") as animation:
        assert animation.size == (68, 68)


def test_a_seed_is_drawn_and_said(folder, model, kgan):
    words = ("latent", "interpolate", model, "-n", 1, "--steps", 2)
    said = kgan(*words).stdout
    seed = said.removeprefix("2 steps in the pair of seed ").partition(":")[0]
    first = pixels("interpolation.png")
    assert kgan(*words, "--seed", seed).stdout == said
    np.testing.assert_array_equal(pixels("interpolation.png"), first)


# -- arithmetic --------------------------------------------------------------------------------


def test_arithmetic_on_the_indices_of_a_grid(folder, model, vivid_gan, kgan):
    words = ("--positive", "1,4,7", "--minus", "2", "--plus", "3,0", "--seed", 7, "-n", 8)
    result = kgan("latent", "arithmetic", model, *words)
    assert result.stdout == "(1 4 7) - (2) + (3 0) of seed 7: arithmetic.png\n"
    latents = latent.sample(8, 8, seed=7)
    groups = [latents[[1, 4, 7]], latents[[2]], latents[[3, 0]]]
    ends = [group.mean(0) for group in groups]
    result = ends[0] - ends[1] + ends[2]
    noise = np.random.RandomState(7).uniform(-0.25, 0.25, (3, 8))
    groups.append((result + noise).astype("float32"))
    rows = []
    for group, end in zip(groups, [*ends, result], strict=True):
        white = np.ones((4 - len(group), 16, 16, 1))
        last = synthesis.images(vivid_gan, end[None])
        rows.append(np.concatenate([synthesis.images(vivid_gan, group), white, last]))
    assert same(pixels("arithmetic.png"), np.concatenate(rows), columns=5)


# -- invert ------------------------------------------------------------------------------------


@pytest.fixture
def garments(folder, vivid_gan):
    """A folder of ten images that the model made."""
    (folder / "garments").mkdir()
    for number, image in enumerate(vivid_gan.generate(10, seed=3)):
        to_pil(image).save(folder / "garments" / f"{number:02d}.png")
    return folder / "garments"


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    """Decoded images are kept elsewhere than in the user's home."""
    monkeypatch.setenv("KGAN_HOME", str(tmp_path_factory.mktemp("cache")))


def test_a_folder_is_inverted(folder, model, garments, vivid_gan, kgan):
    words = ("--steps", 60, "--starts", 2, "--seed", 1, "--latents", "a.npz")
    result = kgan("latent", "invert", model, garments, *words)
    assert result.exit_code == 0, result.output
    with np.load("a.npz") as arrays:
        latents, errors = arrays["latents"], arrays["errors"]
    assert (latents.dtype, latents.shape, errors.shape) == ("float32", (10, 8), (10,))
    assert result.stdout == (
        f"10 images, mean squared error {errors.mean():.4f} from starts of seed 1: "
        "inversion.png, a.npz\n"
    )
    originals, made = vivid_gan.generate(10, seed=3), synthesis.images(vivid_gan, latents)
    assert np.square(made - originals).mean() < 0.01 * originals.var()
    white = np.ones((6, 16, 16, 1))
    cells = [originals[:8], made[:8], originals[8:], white, made[8:], white]
    assert same(pixels("inversion.png"), np.concatenate(cells), columns=8)


def test_one_image_of_another_size_and_the_first_of_many(folder, model, garments, kgan):
    Image.new("RGB", (40, 30), (9, 9, 9)).save("grey.png")
    few = ("--steps", 1, "--seed", 1)
    result = kgan("latent", "invert", model, "grey.png", *few)
    assert result.stdout.startswith("1 image, mean squared error"), result.output
    assert (pixels("inversion.png")[2:66, 2:66] == 9).all()
    result = kgan("latent", "invert", model, garments, "-n", 3, *few)
    assert result.stdout.startswith("the first 3 of 10 images, mean squared error")
    assert pixels("inversion.png").shape == (2 * 66 + 2, 3 * 66 + 2)


# -- directions --------------------------------------------------------------------------------


def test_a_row_for_each_direction(folder, model, vivid_gan, kgan):
    result = kgan("latent", "directions", model, "-n", 2, "--seed", 7)
    ways, shares = latent.directions(vivid_gan, 2)
    first, second = 100 * shares
    assert result.stdout == (
        f"directions with {first:.1f}, {second:.1f} % of the variance, around seed 7: "
        "directions.png\n"
    )
    (middle,) = latent.sample(1, 8, seed=7)
    latents = [middle + place * way for way in ways for place in range(-3, 4)]
    made = synthesis.images(vivid_gan, np.array(latents, "float32"))
    assert same(pixels("directions.png"), made, columns=7)


# -- wrong use ---------------------------------------------------------------------------------

INDICES = ("--positive", "1", "--minus", "2", "--plus", "3", "--seed", "7")


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["interpolat"], ["command='interpolat'", "Did you mean 'interpolate'?"]),
        (["interpolate", "--steps", "1"], ["--steps", "1"]),
        (["interpolate", "--out", "a.bmp"], ["--out='a.bmp'", ".png or .gif"]),
        (["interpolate", "--from", "1"], ["--from and --to", "together"]),
        (["interpolate", "--to", "1"], ["--from and --to", "together"]),
        (["interpolate", "--from", "1", "--to", "2", "-n", "3"], ["--seed and -n, not both"]),
        (["interpolate", "--path", "sperical"], ["--path='sperical'", "mean 'spherical'?"]),
        (["arithmetic", *INDICES, "--plus", "1,x"], ["--plus='1,x'", "such as 1,4,7"]),
        (["arithmetic", *INDICES, "--minus", "64"], ["--minus", "0 to 63", "64", "Pass -n 65"]),
        (["arithmetic", *INDICES, "--minus=-1"], ["--minus", "0 to 63", "-1", "from 0"]),
        (["arithmetic", *INDICES[:-2]], ["--seed"]),
        (["directions", "-n", "9"], ["n must be an integer, 1 to 8", "9"]),
        (["directions", "--layer", "imag"], ["layer='imag'", "Did you mean 'image'?"]),
        (["directions", "--out", "a.gif"], ["--out='a.gif'", ".png"]),
    ],
)
def test_wrong_use(folder, model, refuses, words, parts):
    refuses(2, parts, "latent", words[0], model, *words[1:])
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["nowhere"], ["IMAGES='nowhere' does not exist"]),
        (["broken.png"], ["IMAGES='broken.png' cannot be decoded", "expected an image file"]),
        (["empty"], ["IMAGES='empty' must hold image files"]),
        (["broken.png", "--latents", "a.csv"], ["--latents='a.csv'", ".npz"]),
        (["broken.png", "--out", "empty"], ["--out='empty'", ".png"]),
    ],
)
def test_images_that_cannot_be_inverted(folder, model, refuses, words, parts):
    (folder / "broken.png").write_bytes(b"no image")
    (folder / "empty").mkdir()
    refuses(2, parts, "latent", "invert", model, *words)
    assert sorted(path.name for path in folder.iterdir()) == ["broken.png", "empty"]


@pytest.mark.parametrize("command", ["interpolate", "arithmetic", "invert", "directions"])
def test_an_unknown_model_is_told_at_once(folder, refuses, command, monkeypatch):
    monkeypatch.setattr("kgan.cli.models.load", None)
    words = {"arithmetic": INDICES, "invert": ["."]}.get(command, [])
    parts = ["MODEL='dcgan_fashion_mnits'", "Did you mean 'dcgan_fashion_mnist'?"]
    refuses(2, parts, "latent", command, "dcgan_fashion_mnits", *words)


@pytest.mark.parametrize("command", ["interpolate", "arithmetic", "invert", "directions"])
def test_a_label_of_a_model_without_classes(folder, model, garments, refuses, command):
    words = {"arithmetic": INDICES, "invert": [garments]}.get(command, [])
    refuses(
        2,
        ["--label must be None", "makes images without labels"],
        "latent",
        command,
        model,
        *words,
        "--label",
        3,
    )
    assert list(folder.iterdir()) == [garments]


@pytest.mark.parametrize("command", ["interpolate", "arithmetic", "invert", "directions"])
def test_a_place_that_cannot_be_written_is_told_before_the_work(
    folder, model, refuses, command, monkeypatch
):
    monkeypatch.setattr("kgan.cli.models.load", None)
    (folder / "file").write_text("")
    words = {"arithmetic": INDICES, "invert": ["."]}.get(command, [])
    refuses(1, ["file"], "latent", command, model, *words, "--out", "file/a.png")
    if command == "invert":
        refuses(1, ["file"], "latent", command, model, ".", "--latents", "file/a.npz")
    assert [path.name for path in folder.iterdir()] == ["file"]


def test_a_full_disk_leaves_nothing(folder, model, garments, refuses, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "a.npz")

    monkeypatch.setattr(np, "savez", full)
    words = ("-n", 1, "--steps", 1, "--latents", "a.npz")
    refuses(1, ["a.npz", "No space left"], "latent", "invert", model, garments, *words)
    assert list(folder.iterdir()) == [garments]
