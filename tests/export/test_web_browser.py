"""The pages in a real Chromium: pixels of Python, every control, accessibility, no request outside.

Skipped where Chromium or a package of npm that they need is missing; `.ci/run` installs both.
"""

import base64
import io
import json
import shutil
import subprocess
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import kgan
from kgan.cli.static_server import Server
from kgan.export import onnxruntime_web, write_page
from kgan.images import to_uint8
from kgan.zoo.registry import PRESETS

pytestmark = pytest.mark.slow

SCENARIOS = Path(__file__).parent / "browser"
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
SECONDS = 30  # to the first image: one or two where the machine has nothing else to do


@pytest.fixture(scope="module")
def visit(tmp_path_factory):
    """A function that exports an ONNX file as a page and gives the report of a scenario on it."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not on the path")
    needed = "require.resolve('playwright-core'), require.resolve('axe-core')"
    if shutil.which("node") is None or subprocess.run(["node", "-e", needed]).returncode:
        pytest.skip("Node.js does not find playwright-core and axe-core; NODE_PATH says where")
    if onnxruntime_web.installed() is None:
        pytest.skip(f"npm has not installed onnxruntime-web {onnxruntime_web.VERSION}")

    def run(network, scenario, examples=None, cdn=False, further=()):
        name = network.parent.name
        page = write_page(network, tmp_path_factory.mktemp("page") / name, name, examples, cdn)
        with Server(page) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            command = ["node", SCENARIOS / f"{scenario}.mjs", server.address, CHROMIUM, *further]
            done = subprocess.run(command, capture_output=True, text=True)
            server.shutdown()
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def _check(report):
    """What holds for every page."""
    assert report["outside"] == []
    assert report["console"] == []
    assert report["violations"] == []
    assert [name for name, changed in report["changes"].items() if not changed] == []
    assert report["seconds"] < SECONDS


def _rgba(encoded, shape):
    pixels = np.frombuffer(base64.b64decode(encoded), np.uint8).astype(int)
    return pixels.reshape(*shape, 4)


def _close(received, expected):
    """Whether pixels differ by one level at most."""
    expected = to_uint8(expected).astype(int)
    return np.abs(received[..., : expected.shape[-1]] - expected).max() <= 1


@pytest.mark.parametrize(
    ("preset", "count", "controls"),
    [
        ("dcgan_fashion_mnist", 16, {"Direction 5"}),
        ("acgan_fashion_mnist", 20, {"T-shirt/top", "Ankle boot", "Direction 1"}),
        ("info_gan_fashion_mnist", 16, {"9", "Continuous code 6", "Direction 4"}),
    ],
)
def test_the_page_of_a_generator(visit, preset, count, controls):
    report = visit(PRESETS / preset / "generator.onnx", "generator")
    _check(report)
    model = kgan.runtime.load(preset)
    images = model.generate(count, seed=7)
    received = np.stack([_rgba(each, (28, 28)) for each in report["images"]])
    assert _close(received, images)
    # The download is the file of `kgan generate --seed 7`.
    columns = 10 if preset == "acgan_fashion_mnist" else 4
    sheet = Image.open(io.BytesIO(base64.b64decode(report["sheet"]["bytes"]))).convert("L")
    expected = kgan.images.grid(images, columns)
    assert report["sheet"]["name"] == f"{preset}-7.png" and sheet.size == expected.size
    assert np.abs(np.asarray(sheet, int) - np.asarray(expected, int)).max() <= 1
    changed = {name.partition(" (")[0] for name in report["changes"]}
    assert {"seed", "shuffle", "count", "truncation", "position", *controls} <= changed
    assert report["start"][0] == report["start"][1] and report["end"][0] == report["end"][1]
    assert (report["picked"], report["stopped"], report["value"]) == (3, "Play", "0.9")
    assert report["files"] == [f"{preset}-path.png", f"{preset}-sum.png"]
    # A − B + C, of the images 0, 1 and 3.
    inputs = model.generator_inputs(report["count"], seed=7)
    latents = inputs.pop("latent")
    given = {model.input_signature[name].argument: rows[:1] for name, rows in inputs.items()}
    total = kgan.latent.arithmetic(latents[:1], latents[1:2], latents[3:4])
    (made,) = model.generate(latents=total[None], **given)
    assert _close(_rgba(report["sum"][0], (28, 28)), made)


@pytest.mark.parametrize("preset", ["pix2pix_emoji", "srresnet_x4", "segmentation_emoji"])
def test_the_page_of_a_model_from_images_to_images(visit, preset):
    sources = np.load(PRESETS / preset / "sources.npy")
    report = visit(PRESETS / preset / "generator.onnx", "photo", sources)
    _check(report)
    model = kgan.runtime.load(preset)
    made = getattr(model, model.entry)(to_uint8(sources[:1]) / np.float32(127.5) - np.float32(1))
    if model.entry == "segment":
        made = kgan.images.class_colors(2)[made]
    before, after = report["images"]
    assert _close(_rgba(before, sources.shape[1:3]), sources[0])
    assert _close(_rgba(after, made.shape[1:3]), made[0])
    assert report["result"]["name"] == f"{preset}-result.png"
    assert {"example", "file", "divider"} <= report["changes"].keys()


def test_the_page_of_a_model_that_fills_holes(visit, tmp_path):
    network = kgan.networks.Gated(width=8, dilations=(2,))
    gan = kgan.Inpainting(channels=3, generator_network=network, seed=0)
    file = gan.export(tmp_path / "inpainting" / "model.onnx").path
    sources = np.load(PRESETS / "emoji_to_3d" / "sources.npy")[:1]
    report = visit(file, "photo", sources)
    _check(report)
    before, after = (_rgba(each, (128, 128)) for each in report["images"])
    painted = _rgba(report["mask"][0], (128, 128))
    masks = (painted == before).all(-1).astype("float32")
    assert 0.8 < masks.mean() < 0.99
    model = kgan.runtime.load(file)
    given = to_uint8(sources) / np.float32(127.5) - np.float32(1)
    assert _close(before, sources[0])
    assert _close(after, model.inpaint(given, masks)[0])
    assert {"mask", "mask by keyboard"} <= report["changes"].keys()


def test_a_runtime_from_elsewhere_is_run_only_if_its_hash_is_right(visit):
    (folder,) = {file.parent for file in onnxruntime_web.installed()}
    network = PRESETS / "dcgan_fashion_mnist" / "generator.onnx"
    report = visit(network, "cdn", cdn=True, further=[folder])
    urls = {file.url for file in onnxruntime_web.FILES.values()}
    assert urls == set(report["requests"])
    first, second = report["texts"]
    assert first == "16 images of seed 7"
    assert second.startswith("The model cannot run here: https://cdn.jsdelivr.net/")
    assert "is not the file that was exported" in second
