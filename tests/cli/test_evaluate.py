import html.parser
import json
import os
import re
import stat

import numpy as np
import pytest
from PIL import Image

import kgan as library
from kgan.images import to_uint8
from kgan.metrics import Score, compare

QUICK = ("--samples", 300, "--repeats", 2, "--seed", 1)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("KGAN_HOME", str(tmp_path / "home"))


def scores(path):
    return {
        entry["name"]: Score.from_json(entry) for entry in json.loads(path.read_text())["scores"]
    }


@pytest.mark.slow
def test_a_preset_by_its_name_alone(folder, kgan):
    result = kgan("evaluate", "dcgan_fashion_mnist", *QUICK, "--json", "scores.json")
    assert result.exit_code == 0, result.output
    found = scores(folder / "scores.json")
    assert list(found) == ["fd", "kid", "precision", "recall", "density", "coverage"]
    for name, score in found.items():
        assert len(score.values) == 2
        line = next(line for line in result.stdout.splitlines() if line.startswith(f"{name} "))
        assert f"{score.value:.4g}" in line
        assert str(score.protocol) in line
    protocol = found["fd"].protocol
    assert protocol.data["source"] == "fashion_mnist"
    assert (protocol.num_real, protocol.num_fake) == (10_000, 300)
    assert "seed 1" in result.stdout
    # The figures are those of the library.
    judge = library.metrics.judge.load()
    gan = library.zoo.load("dcgan_fashion_mnist")
    data = library.data.load("fashion_mnist")
    fakes = judge.features(to_uint8(gan.generate(300, seed=1)) / np.float32(127.5) - 1)
    frechet = library.metrics.frechet
    expected = frechet.frechet_distance(
        frechet.statistics(judge.features(data.images)), frechet.statistics(fakes)
    )
    assert found["fd"].values[0] == pytest.approx(expected, rel=1e-4)
    words = ("evaluate", "dcgan_fashion_mnist", *QUICK, "--metrics", "fd", "--json", "b.json")
    assert kgan(*words).exit_code == 0
    assert compare(found["fd"], scores(folder / "b.json")["fd"]).difference == 0


class Pictures(html.parser.HTMLParser):
    """Counts the pictures and remembers what would be fetched."""

    def __init__(self):
        super().__init__()
        self.pictures, self.fetched, self.text = 0, [], ""

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in ("src", "href"):
                inline = value.startswith("data:image/png;base64,")
                self.pictures += inline
                if not inline:
                    self.fetched.append(value)

    def handle_data(self, data):
        self.text += data


@pytest.mark.slow
def test_the_report_of_a_run(folder, kgan):
    words = ("train", "--epochs", 2, "--steps", 3, "--out", "run")
    assert kgan(*words).exit_code == 0
    words = ("evaluate", "run", *QUICK, "--metrics", "fd,pr", "--html", "report.html")
    result = kgan(*words)
    assert result.exit_code == 0, result.output
    text = (folder / "report.html").read_text("utf-8")
    report = Pictures()
    report.feed(text)
    assert report.fetched == []
    assert "url(" not in text and "@import" not in text and "<script" not in text
    # Samples, neighbours, ways, curves.
    assert report.pictures == 4
    for heading in ("Scores", "Samples", "Nearest real images", "Classes", "Curves of the run"):
        assert heading in report.text
    assert "T-shirt/top" in report.text
    # A damaged history costs the curves alone.
    (folder / "run" / "history.csv").write_text("epoch,fd\n1,abc\n")
    result = kgan("evaluate", "run", "--samples", 20, "--metrics", "is", "--html", "b.html")
    assert result.exit_code == 0
    assert "history.csv is damaged" in result.stderr
    assert "Curves of the run" not in (folder / "b.html").read_text("utf-8")
    assert re.search(r"frechet_distance\|x=judge_fashion_mnist@[0-9a-f]{8}\|", report.text)


@pytest.mark.slow
def test_a_conditional_model_by_class(folder, kgan):
    metrics = ("--metrics", "fd,fd_class,accuracy")
    result = kgan(
        "evaluate", "conditional_gan_fashion_mnist", *QUICK, *metrics, "--json", "scores.json"
    )
    assert result.exit_code == 0, result.output
    whole = json.loads((folder / "scores.json").read_text())
    assert set(whole["by_class"]) == {"share of fakes", "share of reals", "accuracy", "fd"}
    assert whole["by_class"]["share of reals"]["0"] == pytest.approx(0.1, abs=0.01)
    found = scores(folder / "scores.json")
    assert found["accuracy"].value > 0.8
    assert np.mean(list(whole["by_class"]["accuracy"].values())) == pytest.approx(
        found["accuracy"].values[0]
    )
    assert found["fd"].protocol.sampling == {
        "bits": 8,
        "precision": "float32",
        "labels": "in turn",
    }


@pytest.mark.slow
def test_a_reference_in_place_of_the_data(folder, kgan):
    judge, data = library.metrics.judge.load(), library.data.load("fashion_mnist")
    references = library.metrics.references
    references.of(data, judge, samples=500).save("real.npz")
    words = ("evaluate", "dcgan_fashion_mnist", *QUICK, "--metrics", "fd")
    assert kgan(*words, "--reference", "real.npz", "--json", "a.json").exit_code == 0
    assert scores(folder / "a.json")["fd"].protocol.num_real == 500


@pytest.mark.slow
def test_scores_and_report_go_to_devices_and_pipes(folder, kgan, tiny_gan):
    tiny_gan.save("gan.keras")
    pixels = np.random.default_rng(0).integers(0, 256, (24, 16, 16), np.uint8)
    (folder / "photos").mkdir()
    for number, image in enumerate(pixels):
        Image.fromarray(image).save(f"photos/{number}.png")
    os.mkfifo("pipe")
    words = ("evaluate", "gan.keras", "--data", "photos", "--metrics", "pr", "--samples", 24)
    with open(os.open("pipe", os.O_RDONLY | os.O_NONBLOCK)) as reader:
        result = kgan(*words, "--repeats", 1, "--json", "pipe", "--html", "/dev/null")
        assert result.exit_code == 0, result.output
        assert json.load(reader)["model"] == "gan.keras"
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    assert stat.S_ISFIFO(os.stat("pipe").st_mode)


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (("dcgan_fashion",), ["MODEL='dcgan_fashion' is unknown", "Did you mean 'dcgan_f"]),
        (("--metrics", "fid"), ["metrics='fid' is unknown", "Did you mean 'fd'"]),
        (("--metrics", ","), ["--metrics must be a list of one or more of fd"]),
        (("--extractor", "vgg"), ["--extractor='vgg' is unknown"]),
        (("--weights", "a.pth"), ["--weights is for --extractor inception"]),
        (("--reference", "a.npz", "--data", "emoji"), ["--reference replaces --data"]),
        (("--json", "a", "--html", "a"), ["--json and --html must be two files"]),
        (("--html", "."), ["--html='.' must be a file; it is a folder"]),
        (("--samples", 1), ["1 is not in the range 2<=x<=2147483647"]),
        (("--conditions", "a.npy"), ["--conditions='a.npy' must be a .npy file"]),
    ],
)
def test_bad_words_are_told_before_tensorflow(folder, refuses, words, parts):
    model = () if words[0].startswith("dcgan") else ("dcgan_fashion_mnist",)
    refuses(2, parts, "evaluate", *model, *words)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (("--metrics", "accuracy"), ["--metrics='accuracy' needs a model", "DCGAN takes none"]),
        (("--reference", "none.npz"), ["--reference='none.npz' must be a file"]),
        (("--data", "nothing_here"), ["nothing_here"]),
        (("--metrics", "pr", "--samples", 3), ["--samples must be at least 4 for 'pr'"]),
    ],
)
def test_what_cannot_be_measured_leaves_no_file(folder, refuses, words, parts):
    files = ("--json", "a.json", "--html", "a.html")
    refuses(2, parts, "evaluate", "dcgan_fashion_mnist", *words, *files)
    assert not list(folder.glob("*.json")) and not list(folder.glob("*.html"))


@pytest.mark.slow
def test_a_run_on_transparent_images_is_scored(folder, kgan, monkeypatch):
    """While it trains and afterwards, by an extractor of three channels in EfficientNet's place."""
    from kgan.metrics.extractors import Extractor, names

    means = Extractor(
        "means", lambda x: x.mean((1, 2)), 3, image_shape=(None, None, 3), sha256=64 * "a"
    )
    monkeypatch.setitem(names.LOADERS, "efficientnet_lite0", lambda: means)
    (folder / "photos").mkdir()
    for number, pixels in enumerate(np.random.default_rng(0).integers(0, 256, (16, 8, 8, 4))):
        Image.fromarray(pixels.astype(np.uint8)).save(folder / "photos" / f"{number}.png")
    words = ("--data", "photos", "--resolution", 8, "--channels", 4, "--batch-size", 8)
    result = kgan("train", *words, "--epochs", 1, "--evaluate", "fd", "--out", "run")
    assert result.exit_code == 0, result.output
    words = ("--samples", 20, "--repeats", 1, "--metrics", "fd", "--json", "scores.json")
    result = kgan("evaluate", "run", *words)
    assert result.exit_code == 0, result.output
    protocol = scores(folder / "scores.json")["fd"].protocol
    assert protocol.extractor["background"] == "white" and protocol.data["shape"] == [8, 8, 4]
