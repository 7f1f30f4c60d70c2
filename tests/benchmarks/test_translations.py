"""The parts of the benchmark of translations that have a known answer."""

import json
import sys
import types

import numpy as np
import pytest
from PIL import Image

from kgan.metrics.extractors import Extractor

PIXELS = Extractor("pixels", lambda images: images.reshape(len(images), -1))


def made(count, side=8, seed=0):
    """Random images of 8 bits."""
    pixels = np.random.default_rng(seed).integers(0, 256, (count, side, side, 3), "uint8")
    return pixels / np.float32(127.5) - 1


class Judge:
    """Calls 3D what is dark in the mean."""

    def predict(self, images, **_):
        means = images.mean((1, 2, 3))
        return np.stack([means, -means], axis=1)


class Translator:
    """Gives the targets of known sources; back come images that are darker."""

    def __init__(self, sources, targets, darker=None):
        self.known = {
            image.tobytes(): target for image, target in zip(sources, targets, strict=True)
        }
        self.darker = darker

    def translate(self, images):
        return np.stack([self.known[image.tobytes()] for image in images])

    def translate_back(self, images):
        return images - self.darker

    def entry_points(self):
        return {"translate": None, **({} if self.darker is None else {"translate_back": None})}


def test_perfect_translations_and_copies(benchmark):
    sources, targets = made(5), made(5, seed=1)
    found = benchmark.figures(sources, targets, targets, PIXELS)
    assert found == {"l1": 0.0, "retrieval": 1.0, "copied_share": 0.0}
    found = benchmark.figures(sources, targets, sources, PIXELS)
    assert found["copied_share"] == 1.0
    assert found["l1"] == pytest.approx(np.abs(sources - targets).mean())
    near = [np.square(targets - source).sum((1, 2, 3)).argmin() for source in sources]
    assert found["retrieval"] == np.mean(near == np.arange(5))


def test_the_share_that_judges_call_3d(benchmark):
    images = np.concatenate([np.full((3, 4, 4, 3), -0.5), np.full((1, 4, 4, 3), 0.5)])
    assert benchmark.solid_share([Judge(), Judge()], images.astype("float32")) == [0.75, 0.75]


def test_accuracy_counts_both_kinds_the_same(benchmark, monkeypatch):
    """Of six flat ones two are called 3D, of the only 3D one it is right."""
    greys = np.float32([0.5, 0.5, 0.5, 0.5, -0.5, -0.5, -0.5])
    images = np.broadcast_to(greys[:, None, None, None], (7, 8, 8, 3))
    classes = np.array([benchmark.FLAT] * 6 + [benchmark.SOLID])
    monkeypatch.setattr(benchmark, "labelled", lambda split: (images, classes))
    found = benchmark.judged([Judge()])
    assert found["accuracy"] == [pytest.approx((4 / 6 + 1) / 2)]
    assert found["flat"] == found["flat_blurred"] == [pytest.approx(2 / 6)]
    assert found["3d"] == found["3d_blurred"] == [1.0]
    line = benchmark.judges_line({"seeds": [0], "epochs": 1, **found})
    assert "right about 83.3% of the" in line and "33.3% of the flat ones" in line


def test_a_blur_keeps_the_mean_and_leaves_images_and_channels_apart(benchmark):
    images = np.zeros((2, 33, 33, 3), "float32")
    images[0, 16, 16, 1] = 1.0
    blurred = benchmark.blurred(images, 1.0)
    assert blurred[0, ..., 1].sum() == pytest.approx(1.0, abs=1e-4)
    assert blurred[0, 16, 16, 1] == pytest.approx(1 / (2 * np.pi), abs=1e-3)
    assert not blurred[1].any() and not blurred[0, ..., ::2].any()


def test_a_judge_sees_images_mirrored_moved_and_blurred(benchmark, monkeypatch):
    monkeypatch.setattr(benchmark, "BLUR", 0.0)
    image = made(1, 64)[0]
    padded = np.pad(image, ((4, 4), (4, 4), (0, 0)), constant_values=1)
    mirrored = np.pad(image[:, ::-1], ((4, 4), (4, 4), (0, 0)), constant_values=1)
    candidates = {
        whole[down : down + 64, right : right + 64].tobytes(): (flip, down, right)
        for flip, whole in enumerate((padded, mirrored))
        for down in range(9)
        for right in range(9)
    }
    images = np.stack([image] * 20)
    seen = {
        candidates[one.tobytes()] for one in benchmark.changed(images, np.random.default_rng(0))
    }
    assert len(seen) > 10 and {flip for flip, *_ in seen} == {0, 1}


def test_what_a_judge_learns_from(benchmark, monkeypatch):
    def drawings(name, split, **options):
        assert split == "train" and options == ({"resolution": 128} if name == "emoji" else {})
        google, others = (3, 0.0), ((4, 0.25) if name == "emoji" else (3, 0.5))
        return tuple(np.full((n, 128, 128, 3), grey, "float32") for n, grey in (google, others))

    monkeypatch.setattr(benchmark, "drawings", drawings)
    images, classes = benchmark.labelled("train")
    assert images.shape == (10, 64, 64, 3) and images.dtype == np.float32
    assert classes.tolist() == [0] * 7 + [1] * 3
    np.testing.assert_allclose(images[:, 9, 9, 0], [0] * 3 + [0.25] * 4 + [0.5] * 3, atol=0.005)


@pytest.mark.slow
def test_a_judge_learns(benchmark):
    random = np.random.default_rng(0)
    classes = np.repeat([0, 1], 64)
    stripes = np.where(np.arange(64) // 8 % 2, 1, -1)[:, None, None]
    noise = random.uniform(-0.5, 0.5, (128, 64, 64, 3))
    images = (noise + 0.5 * stripes * classes[:, None, None, None]).astype("float32")
    judge = benchmark.train(images, classes, seed=0, epochs=4)
    shares = [benchmark.solid_share([judge], images[classes == kind])[0] for kind in (0, 1)]
    assert shares == [0.0, 1.0]


def test_the_rows_and_pictures_of_translators(benchmark, tmp_path, monkeypatch):
    sources, targets = made(5), np.clip(made(5, seed=1), -0.5, 1)
    monkeypatch.setattr(benchmark, "drawings", lambda name, split: (sources, targets))
    drawn = benchmark.rounded(targets)
    translators = {
        "runs/right": Translator(sources, targets),
        "back": Translator(sources, drawn, darker=0.25),
    }
    monkeypatch.setattr(benchmark, "COLUMNS", 5)
    rows = benchmark.rows_of("emoji", translators, [], PIXELS, tmp_path)
    assert [row["model"] for row in rows] == ["source", "runs/right", "back"]
    assert rows[0] == {"model": "source", "data": "emoji", "images": 5} | benchmark.figures(
        sources, targets, sources, PIXELS
    )
    assert rows[1]["l1"] < 0.5 / 127.5 and rows[1]["retrieval"] == 1
    assert "cycle_error" not in rows[1]
    expected = np.abs(benchmark.rounded(drawn - 0.25) - sources).mean()
    assert rows[2]["cycle_error"] == pytest.approx(expected)
    for name in ("runs_right.png", "back.png"):
        with Image.open(tmp_path / name) as picture:
            assert picture.width / picture.height == pytest.approx(5 / 3, abs=0.02)
    (row,) = benchmark.rows_of("emoji", {}, [Judge()], PIXELS, tmp_path)
    assert 0 <= row["solid_share"][0] <= 1


def test_the_table(benchmark):
    figures = {"data": "emoji", "l1": 0.34, "retrieval": 0.25, "copied_share": 1.0}
    better = {"l1": 0.25, "retrieval": 0.5, "copied_share": 0.0, "cycle_error": 0.125}
    rows = [
        {"model": "source", **figures},
        {"model": "cyclegan_emoji", **figures, **better},
        {"model": "source", **figures, "data": "emoji_3d", "solid_share": [0.0, 0.0]},
        {"model": "runs/x", **figures, "data": "emoji_3d", "solid_share": [0.5, 0.75]},
    ]
    lines = [line.split() for line in benchmark.table(rows).splitlines()]
    assert lines[0] == ["L1", "retrieval", "ratio", "copies", "cycle", "3D"]
    assert lines[1] == ["emoji,", "untranslated", "0.340", "25.0%", "1.00", "100.0%", "–", "–"]
    assert lines[2] == ["cyclegan_emoji", "0.250", "50.0%", "2.00", "0.0%", "0.125", "–"]
    assert lines[3][-1] == "0.0%" and lines[4][-1] == "62.5%"


def test_a_model_knows_its_data_or_is_told(benchmark, monkeypatch):
    gan = types.SimpleNamespace(entry_points=lambda: {"translate": None})
    monkeypatch.setattr(benchmark.models, "find", lambda model: model)
    monkeypatch.setattr(benchmark.models, "load", lambda where: gan)
    known = {"run": {"source": "emoji_3d"}, "photos": {"source": "photos"}}
    monkeypatch.setattr(benchmark.models, "data_of", known.get)
    assert benchmark.found("run", None) == (gan, "emoji_3d")
    assert benchmark.found("run", "emoji") == (gan, "emoji")
    for model in ("photos", "x.keras"):
        with pytest.raises(SystemExit, match=f"{model} .* add --data"):
            benchmark.found(model, None)


@pytest.mark.slow
def test_the_script_on_a_preset(benchmark, monkeypatch, tmp_path, capsys):
    words = [
        "--models",
        "pix2pix_emoji",
        "--out",
        str(tmp_path),
        "--json",
        str(tmp_path / "x.json"),
    ]
    monkeypatch.setattr(sys, "argv", ["translations.py", *words])
    monkeypatch.setattr(benchmark.kgan.metrics.extractors, "get", lambda name: PIXELS)
    benchmark.main()
    assert "pix2pix_emoji" in capsys.readouterr().out
    source, preset = json.loads((tmp_path / "x.json").read_text())["rows"]
    # The card's figures.
    assert source["l1"] == pytest.approx(0.340, abs=5e-4)
    assert preset["l1"] == pytest.approx(0.273, abs=5e-4) and preset["images"] == 178
    assert (tmp_path / "pix2pix_emoji.png").exists()
