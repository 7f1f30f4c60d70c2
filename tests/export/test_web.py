"""The page's folder: its files, what model.json says, and what is refused."""

import hashlib
import json
import re

import numpy as np
import pytest
from PIL import Image

import kgan
from kgan import signature
from kgan.errors import UsageError
from kgan.export import onnxruntime_web, web, write_page
from kgan.zoo.registry import PRESETS

GARMENTS = PRESETS / "acgan_fashion_mnist" / "generator.onnx"
EMOJI = PRESETS / "pix2pix_emoji" / "generator.onnx"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    return write_page(GARMENTS, tmp_path_factory.mktemp("page") / "garments", cdn=True)


@pytest.fixture
def runtime(tmp_path, monkeypatch):
    """The folder of a small onnxruntime-web."""
    for role, file in onnxruntime_web.FILES.items():
        content = role.encode()
        (tmp_path / file.name).write_bytes(content)
        file = file._replace(bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
        monkeypatch.setitem(onnxruntime_web.FILES, role, file)
    return tmp_path


def facts(page):
    return json.loads((page / "model.json").read_text("utf-8"))


def test_it_holds_the_page_the_network_and_what_is_known_of_it(page):
    assert {path.name for path in page.iterdir()} == web.CONTENT
    assert (page / "model.onnx").read_bytes() == GARMENTS.read_bytes()
    about = facts(page)
    assert (about["name"], about["model"], about["entry"]) == ("generator", "ACGAN", "generate")
    assert [field["kind"] for field in about["inputs"]] == ["latent", "label"]
    assert about["inputs"][1]["names"][9] == "Ankle boot"
    assert np.shape(about["directions"]) == (5, 64) and len(about["shares"]) == 5
    assert (about["examples"], about["kgan_version"]) == ([], kgan.__version__)
    network = about["network"]
    assert network["url"] == "model.onnx" and network["bytes"] == GARMENTS.stat().st_size


def test_with_a_cdn_it_names_the_files_and_their_hashes(page):
    assert list((page / "onnxruntime-web").iterdir()) == []
    runtime = facts(page)["runtime"]
    for role, file in onnxruntime_web.FILES.items():
        assert runtime[role]["url"] == file.url
        assert runtime[role]["integrity"] == file.integrity


def test_else_it_holds_them(tmp_path, runtime):
    made = write_page(EMOJI, tmp_path / "page", "emoji", onnxruntime_web=runtime)
    about = facts(made)
    assert about["name"] == "emoji" and about["directions"] == []
    for role in onnxruntime_web.FILES:
        assert (made / about["runtime"][role]["url"]).read_text() == role
    assert about["runtime"]["bytes"] == len("module") + len("wasm")


def test_sources_become_examples(tmp_path):
    sources = np.load(EMOJI.parent / "sources.npy")
    made = write_page(EMOJI, tmp_path / "page", examples=sources, cdn=True)
    assert facts(made)["examples"] == [f"examples/{number}.png" for number in range(8)]
    example = np.asarray(Image.open(made / "examples" / "3.png"))
    assert np.array_equal(example, kgan.images.to_uint8(sources[3]))


def test_nothing_in_the_page_is_loaded_from_elsewhere():
    """But the namespace of SVG, which is no address."""
    for path in web.PAGE.rglob("*"):
        if path.suffix in (".html", ".css", ".js"):
            text = path.read_text("utf-8")
            assert not re.findall(r"(?:https?:)?//[\w-]+\.[\w.]+", text), path
            assert len(text.splitlines()) <= 300
    index = (web.PAGE / "index.html").read_text("utf-8")
    assert "default-src 'none'" in index and "unsafe" not in index
    assert not re.findall(r"<script(?![^>]*src=)|\son\w+=|\sstyle=", index)


def test_a_page_replaces_a_page_and_nothing_else(tmp_path):
    path = tmp_path / "page"
    write_page(EMOJI, path, cdn=True)
    write_page(EMOJI, path, "again", cdn=True)
    assert facts(path)["name"] == "again"
    (path / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"must be a new folder or a page.*'mine.txt'") as raised:
        write_page(EMOJI, path, cdn=True)
    assert raised.value.argument == "path" and facts(path)["name"] == "again"


def test_a_cdn_needs_no_folder(tmp_path):
    with pytest.raises(UsageError, match="onnxruntime_web='x' must be left out with cdn=True"):
        write_page(EMOJI, tmp_path / "page", cdn=True, onnxruntime_web="x")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_export_of_kgans(tmp_path):
    (tmp_path / "a.onnx").write_bytes(b"no network")
    with pytest.raises(UsageError, match="must be an ONNX file"):
        write_page(tmp_path / "a.onnx", tmp_path / "page", cdn=True)


LATENT, IMAGE = signature.Latent(4), signature.Image((8, 8, 1))
OTHER = signature.Image((8, 8, 1), "other")


@pytest.mark.parametrize(
    ("inputs", "output"),
    [
        ([IMAGE], LATENT),
        ([IMAGE], signature.Label(3)),
        ([LATENT, signature.Vector(3)], IMAGE),
        ([signature.Vector(3)], IMAGE),
        ([LATENT, signature.Latent(2, "style")], IMAGE),
        ([IMAGE, OTHER], IMAGE),
        ([IMAGE, signature.Label(3)], IMAGE),
        ([LATENT], signature.Image((8, 8, 2))),
        ([LATENT], signature.Probabilities(3)),
    ],
)
def test_what_no_page_can_show(inputs, output):
    fields = signature.Signature(*inputs), signature.Signature(output)
    with pytest.raises(UsageError, match=r"entry must be a model of latents.*format='onnx'"):
        web.check_fits("entry", "ask", *fields)


@pytest.mark.parametrize(
    ("inputs", "output"),
    [
        ([LATENT], IMAGE),
        ([LATENT, signature.Label(3), signature.Code(continuous=2)], IMAGE),
        ([IMAGE], IMAGE),
        ([IMAGE, signature.Mask((8, 8, 1)), LATENT], IMAGE),
        ([IMAGE], signature.Probabilities(3)),
    ],
)
def test_what_a_page_shows(inputs, output):
    web.check_fits("entry", "ask", signature.Signature(*inputs), signature.Signature(output))


@pytest.mark.slow
def test_a_model_becomes_a_page(make_stirred, tmp_path):
    gan = make_stirred(kgan.BiGAN)
    made = kgan.export.to_web(gan, tmp_path / "page", cdn=True)
    assert made.path == tmp_path / "page" and made.max_difference < 1e-4
    assert made.bytes == sum(file.stat().st_size for file in made.path.rglob("*") if file.is_file())
    assert facts(made.path)["name"] == "BiGAN"
    with pytest.raises(UsageError, match="entry must be a model of latents.*encode takes image"):
        kgan.export.to_web(gan, tmp_path / "other", "encode", cdn=True)
    with pytest.raises(UsageError, match="opset=13 is of ONNX files; received format='web'"):
        kgan.export.export(gan, tmp_path / "other", "web", opset=13)
    assert [path.name for path in tmp_path.iterdir()] == ["page"]
