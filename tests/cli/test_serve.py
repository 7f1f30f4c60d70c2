"""`kgan serve`: what it refuses before it listens."""

import importlib.util
import shutil
import socket
from pathlib import Path

import pytest

from kgan.cli.serve import TOKEN, read_token
from kgan.errors import UsageError
from kgan.zoo import registry


@pytest.fixture
def model(folder):
    source = registry.PRESETS / "dcgan_fashion_mnist" / "generator.onnx"
    return shutil.copy(source, folder / "faces.onnx")


def test_a_model_that_cannot_be_served_is_refused(folder, model, refuses):
    refuses(2, ["model='dcgan' is unknown", "dcgan_fashion_mnist"], "serve", "dcgan")
    refuses(2, ["MODEL='none.onnx' must be an ONNX file; there is none"], "serve", "none.onnx")
    refuses(2, ["must be a GAN, but is a judge"], "serve", "judge_fashion_mnist")
    refuses(2, ["Missing argument 'MODEL…'"], "serve")


def test_two_models_of_one_name_need_another(model, refuses):
    parts = ["must have a name of its own", "'faces' is taken. Write NAME=MODEL"]
    refuses(2, parts, "serve", model, "faces.onnx")
    refuses(2, ["must have a name of letters", "received 'a b'"], "serve", "a b=faces.onnx")
    refuses(2, ["must have a name of letters", "received ''"], "serve", "=faces.onnx")


def test_an_address_that_is_taken_is_refused(model, refuses):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refuses(2, [f"--port={port} of the host '127.0.0.1'"], "serve", model, "--port", port)
    refuses(2, ["of the host '192.0.2.1'"], "serve", model, "--host", "192.0.2.1")


def test_without_its_packages_it_says_what_to_install(model, refuses, monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "fastapi" else found(name)
    )
    refuses(2, ['kgan serve needs fastapi: pip install "kgan[serve]"'], "serve", model)


def test_the_token_comes_from_a_file_or_the_environment(folder, monkeypatch):
    monkeypatch.delenv(TOKEN, raising=False)
    assert read_token(None) is None
    monkeypatch.setenv(TOKEN, "of-the-environment")
    assert read_token(None) == "of-the-environment"
    (folder / "token").write_text("of-the-file\n")
    assert read_token(folder / "token") == "of-the-file"
    for wrong in ("", "short", "schlüsselwort", "a b\tc d e f"):
        (folder / "token").write_text(wrong)
        with pytest.raises(UsageError, match="at least 8 printable ASCII characters"):
            read_token(folder / "token")
    with pytest.raises(UsageError, match="--token-file='nothing' must be a text file"):
        read_token(Path("nothing"))
    monkeypatch.setenv(TOKEN, "")
    with pytest.raises(UsageError, match=f"{TOKEN} must hold a token"):
        read_token(None)
