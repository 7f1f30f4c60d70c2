import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from kgan import Pix2Pix, load_model
from kgan.networks import PatchGAN, UNet


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A .keras file of an untrained Pix2Pix from two channels' worth of grey to colour."""
    path = tmp_path_factory.mktemp("models") / "model.keras"
    networks = {"generator_network": UNet(4, 3), "discriminator_network": PatchGAN(2, 1)}
    gan = Pix2Pix(channels=3, source_channels=1, latent_dim=2, **networks)
    gan.compile()
    gan.save(path)
    return path


def drawing(path, height=9, width=14, seed=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.RandomState(seed).randint(0, 256, (height, width)).astype("uint8")
    Image.fromarray(pixels).save(path)
    return pixels


def test_files_and_folders_keep_their_names_and_sizes(folder, kgan, model):
    pixels = drawing(folder / "a.png")
    drawing(folder / "more" / "b.bmp", 8, 8)
    drawing(folder / "more" / "deep" / "c.png", 20, 11)
    result = kgan("translate", model, "a.png", "more", "--out", "out", "--seed", "3")
    assert result.exit_code == 0, result.output
    assert "3 images: out" in result.output
    made = {
        path.relative_to("out").as_posix(): Image.open(path)
        for path in sorted((folder / "out").rglob("*.png"))
        for path in [path.relative_to(folder)]
    }
    sizes = {name: image.size for name, image in made.items()}
    assert sizes == {"a.png": (14, 9), "b.png": (8, 8), "deep/c.png": (11, 20)}
    expected = load_model(model).translate(pixels[None, ..., None] / np.float32(127.5) - 1, 3)
    expected = ((expected[0] + 1) * 127.5).round()
    assert np.abs(np.asarray(made["a.png"]) - expected).max() <= 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing.png"], "IMAGE='nothing.png' does not exist"),
        (["broken.png"], "IMAGE='broken.png' cannot be decoded"),
        (["small.png"], "IMAGE='small.png': images must be at least 8 pixels high and wide"),
        (["a.png", "more/a.bmp"], "would both become 'a.png'"),
        (["empty"], "must hold image files"),
        ([], "Missing argument"),
    ],
)
def test_what_is_refused_leaves_nothing(folder, kgan, model, arguments, message):
    drawing(folder / "a.png")
    drawing(folder / "more" / "a.bmp")
    drawing(folder / "small.png", 20, 7)
    (folder / "broken.png").write_bytes(b"no image")
    (folder / "empty").mkdir()
    result = kgan("translate", model, *arguments, "--out", "out")
    assert result.exit_code == 2 and message in result.output
    assert not (folder / "out").exists() and "\n" not in result.output.strip()


def test_a_folder_that_holds_something_is_kept(folder, kgan, model):
    drawing(folder / "a.png")
    (folder / "out").mkdir()
    (folder / "out" / "mine").touch()
    result = kgan("translate", model, "a.png", "--out", "out")
    assert result.exit_code == 2 and "expected a new or empty folder" in result.output


def test_a_gan_translates_nothing(folder, kgan, tiny_gan):
    drawing(folder / "a.png")
    tiny_gan.save(folder / "gan.keras")
    result = kgan("translate", "gan.keras", "a.png", "--out", "out")
    assert result.exit_code == 2 and "is a DCGAN, which cannot translate" in result.output
    assert not (folder / "out").exists()


@pytest.mark.slow
def test_back_is_the_other_way_where_there_is_one(folder, kgan, model):
    import kgan as package

    networks = package.networks.ResNetTranslator(width=4, blocks=1)
    gan = package.CycleGAN((32, 32, 3), generator_network=networks)
    gan.save(folder / "cycle.keras")
    pixels = np.random.RandomState(0).randint(0, 256, (32, 40, 3), np.uint8)
    Image.fromarray(pixels).save(folder / "a.png")
    images = pixels[np.newaxis].astype("float32") / 127.5 - 1
    for option, method in (((), gan.translate), (("--back",), gan.translate_back)):
        result = kgan("translate", "cycle.keras", "a.png", "--out", f"out{len(option)}", *option)
        assert result.exit_code == 0, result.output
        made = np.asarray(Image.open(folder / f"out{len(option)}" / "a.png"))
        assert np.abs(made - (method(images)[0] + 1) * 127.5).max() < 1
    result = kgan("translate", model, "a.png", "--out", "other", "--back")
    assert result.exit_code == 2 and "which cannot translate back" in result.output


def test_a_wrong_path_is_told_without_tensorflow():
    program = (
        "import sys\n"
        "from kgan.cli.main import run\n"
        "try: run()\n"
        "finally: print('tensorflow' in sys.modules)\n"
    )
    arguments = ["translate", "dcgan_fashion_mnist", "nothing.png", "--out", "out"]
    child = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True
    )
    assert child.returncode == 2 and "nothing.png" in child.stderr
    assert child.stdout.splitlines()[-1] == "False"
