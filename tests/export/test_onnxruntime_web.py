"""The files of onnxruntime-web: where they are found, and that no others are taken."""

import base64
import hashlib
from pathlib import Path

import pytest

from kgan.errors import UsageError
from kgan.export import onnxruntime_web as runtime
from kgan.metrics.extractors import weights

ROOT = Path(__file__).parents[2]
CONTENT = {"module": b"export {}", "wasm": b"\0asm"}


@pytest.fixture(autouse=True)
def files(folder, monkeypatch):
    """Small files in place of the real ones, and nothing that npm has installed."""
    for role, content in CONTENT.items():
        digest = hashlib.sha256(content).hexdigest()
        file = runtime.FILES[role]._replace(bytes=len(content), sha256=digest)
        monkeypatch.setitem(runtime.FILES, role, file)
    monkeypatch.delenv("NODE_PATH", raising=False)
    monkeypatch.setenv("KGAN_HOME", str(folder / "home"))


@pytest.fixture
def fetched(monkeypatch):
    """The addresses that were downloaded, each as the file that belongs there."""
    urls = []

    def download(url, path, otherwise):
        urls.append(url)
        (role,) = (role for role, file in runtime.FILES.items() if file.url == url)
        path.write_bytes(CONTENT[role])
        return len(CONTENT[role])

    monkeypatch.setattr(weights, "_download", download)
    return urls


def install(dist):
    dist.mkdir(parents=True)
    for role, content in CONTENT.items():
        (dist / runtime.FILES[role].name).write_bytes(content)
    return [dist / file.name for file in runtime.FILES.values()]


@pytest.mark.parametrize("inner", ["", "dist"])
def test_a_folder(folder, inner):
    expected = install(folder / "given" / inner)
    assert runtime.find(folder / "given") == expected


def test_a_folder_without_these_files_or_with_others(folder):
    with pytest.raises(UsageError, match=r"onnxruntime_web='none' must be .*npm install") as raised:
        runtime.find("none")
    assert raised.value.argument == "onnxruntime_web"
    install(folder / "given")[0].write_bytes(b"of another version")
    with pytest.raises(UsageError, match=f"{runtime.VERSION}"):
        runtime.find(folder / "given")


def test_what_npm_installed(folder, monkeypatch, fetched):
    elsewhere = install(folder / "elsewhere" / "onnxruntime-web" / "dist")
    monkeypatch.setenv("NODE_PATH", str(folder / "elsewhere"))
    assert runtime.find() == elsewhere
    here = install(folder / "node_modules" / "onnxruntime-web" / "dist")
    (folder / "below").mkdir()
    monkeypatch.chdir(folder / "below")
    assert runtime.find() == here
    assert fetched == []


def test_they_are_downloaded_once(folder, fetched):
    paths = runtime.find()
    assert runtime.find() == paths
    home = folder / "home" / f"onnxruntime-web-{runtime.VERSION}"
    assert {path.parent for path in paths} == {home}
    assert [path.read_bytes() for path in paths] == [*CONTENT.values()]
    base = f"https://cdn.jsdelivr.net/npm/onnxruntime-web@{runtime.VERSION}/dist/"
    assert fetched == [f"{base}{path.name}" for path in paths]


def test_without_a_network(monkeypatch):
    monkeypatch.setattr(runtime, "CDN", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "*")
    with pytest.raises(OSError, match=r"cannot be fetched .*onnxruntime_web=FOLDER.*cdn=True"):
        runtime.find()


def test_ci_and_the_guide_name_this_version():
    for name in (".ci/run", "docs/web.md"):
        assert f"onnxruntime-web@{runtime.VERSION}" in (ROOT / name).read_text("utf-8")


def test_the_hash_that_browsers_check():
    digest = hashlib.sha256(CONTENT["wasm"]).digest()
    assert runtime.FILES["wasm"].integrity == f"sha256-{base64.b64encode(digest).decode()}"
