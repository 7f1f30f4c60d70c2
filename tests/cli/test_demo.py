"""`kgan demo` and `kgan export --format web`: pages of presets and files, and their server."""

import json
import shutil
import signal
import threading
import urllib.error
import urllib.request

import pytest

from kgan.cli import demo as command, models, pages
from kgan.cli.static_server import Server
from kgan.zoo.registry import PRESETS


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def written(monkeypatch):
    """Pages without networks in place of the real ones; gives the calls."""
    calls = []

    def write(model, out, **options):
        calls.append((model, out, options))
        out.mkdir(parents=True)
        (out / "index.html").write_text(f"<p>{model}")
        return model

    monkeypatch.setattr(pages, "write", write)
    return calls


@pytest.fixture
def seen(monkeypatch):
    """The answers to the addresses that a user opens while the server runs, then Ctrl-C."""
    answers = {}
    real = Server.serve_forever

    def serve(self):
        thread = threading.Thread(target=real, args=(self, 0.01))
        thread.start()
        for name in ("", "0/", "1/"):
            try:
                with urllib.request.urlopen(f"{self.address}{name}") as answer:
                    answers[name] = answer.read().decode()
            except urllib.error.HTTPError as error:
                answers[name] = error.code
        self.shutdown()
        thread.join()
        raise KeyboardInterrupt

    monkeypatch.setattr(Server, "serve_forever", serve)
    return answers


def test_one_model(kgan, written, seen, monkeypatch):
    opened = []
    monkeypatch.setattr(command.webbrowser, "open", opened.append)
    result = kgan("demo", "garments")
    assert result.exit_code == 0, result.stderr
    ((model, out, options),) = written
    assert (model, options) == ("garments", {"onnxruntime_web": None})
    assert seen[""] == "<p>garments" and seen["0/"] == 404
    (address,) = opened
    assert result.stdout == f"{address} (Ctrl-C ends it)\n"
    assert address.startswith("http://127.0.0.1:")
    assert not out.parent.exists()


def test_several_models_get_an_index_and_stay_in_a_folder(kgan, folder, written, seen):
    words = ("demo", "one", "<two>", "--no-open", "--out", "pages", "--onnxruntime-web", "web")
    assert kgan(*words).exit_code == 0
    assert '<a href="0/">one</a>\n<a href="1/">&lt;two&gt;</a>' in seen[""]
    assert (seen["0/"], seen["1/"]) == ("<p>one", "<p><two>")
    assert {path.name for path in (folder / "pages").iterdir()} == {
        *("index.html", "style.css", "icon.svg", "0", "1")
    }
    assert written[0][2]["onnxruntime_web"].name == "web"


def test_a_folder_that_holds_something(folder, refuses, written):
    (folder / "pages").mkdir()
    (folder / "pages" / "mine.txt").write_text("mine")
    refuses(2, ["--out='pages' must be a new or empty folder"], "demo", "one", "--out", "pages")
    assert written == []


def test_an_unknown_model(refuses):
    refuses(2, ["MODEL='dcgan_fashion' is unknown", "Did you mean"], "demo", "dcgan_fashion")


def test_a_port_that_is_taken(folder, refuses, written):
    with Server(folder) as server:
        words = ("demo", "one", "--no-open", "--port", server.server_port)
        refuses(1, ["in use"], *words)


def test_the_server_sends_types_and_isolates(folder):
    types = {
        "a.js": "text/javascript; charset=utf-8",
        "a.mjs": "text/javascript; charset=utf-8",
        "a.wasm": "application/wasm",
        "a.onnx": "application/octet-stream",
        "index.html": "text/html; charset=utf-8",
    }
    for name in types:
        (folder / name).write_text(name)
    with Server(folder) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        for name, expected in types.items():
            with urllib.request.urlopen(f"{server.address}{name}") as answer:
                assert answer.headers["Content-Type"] == expected
                assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
                assert answer.headers["Cross-Origin-Embedder-Policy"] == "require-corp"
        (folder / "index.html").unlink()
        for name in ("", "../secret"):
            with pytest.raises(urllib.error.HTTPError, match="404"):
                urllib.request.urlopen(f"{server.address}{name}")
        server.shutdown()


def test_a_page_of_a_preset_needs_no_keras(kgan, folder, monkeypatch):
    monkeypatch.setattr(models, "load", None)
    words = ("export", "srresnet_x4", "--format", "web", "--cdn", "--out", "page")
    result = kgan(*words)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith("page: 1.")
    about = json.loads((folder / "page" / "model.json").read_text("utf-8"))
    assert (about["name"], about["entry"], len(about["examples"])) == ("srresnet_x4", "upscale", 8)


def test_a_page_of_an_onnx_file(kgan, folder):
    shutil.copy(PRESETS / "srresnet_x4" / "generator.onnx", folder / "mine.onnx")
    result = kgan("export", "mine.onnx", "--format", "web", "--cdn", "--out", "page")
    assert result.exit_code == 0, result.stderr
    assert json.loads((folder / "page" / "model.json").read_text("utf-8"))["name"] == "mine"


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["onnx", "--cdn"], ["--cdn is for --format web only; received --format onnx"]),
        (["bundle", "--onnxruntime-web", "a"], ["--onnxruntime-web is for --format web only"]),
        (["web", "--opset", "13"], ["--opset is for --format onnx only"]),
        (["web", "--cdn", "--onnxruntime-web", "a"], ["--onnxruntime-web='a' must be left out"]),
        (["web", "--onnxruntime-web", "a"], ["--onnxruntime-web='a' must be the folder of"]),
    ],
)
def test_wrong_use_of_the_page(refuses, words, parts):
    form, *options = words
    words = ("export", "srresnet_x4", "--format", form, "--out", "a.onnx", *options)
    refuses(2, parts, *words)


@pytest.mark.slow
def test_ctrl_c_ends_it_cleanly(python):
    """In a process of its own, from an ONNX file that needs no TensorFlow."""
    # Processes in the background of a script ignore SIGINT, and so do those that they start.
    code = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from kgan.export import onnxruntime_web
onnxruntime_web.find = lambda folder: []
sys.argv = ["kgan", "demo", "srresnet_x4", "--no-open"]
from kgan.cli.main import run
run()
"""
    process = python("-c", code)
    address = process.stdout.readline().split()[0]
    with urllib.request.urlopen(f"{address}model.json") as answer:
        assert json.load(answer)["name"] == "srresnet_x4"
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=20)
    assert (process.returncode, stderr) == (0, "")
