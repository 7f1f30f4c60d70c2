import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

RECIPE = '''
"""Noise for a DCGAN that is done at once."""

import numpy as np

import kgan

epochs = 2


def data(source="noise", batch_size=8, seed=0, channels=1):
    images = np.random.default_rng(0).uniform(-1, 1, (32, 16, 16, channels)).astype("float32")
    return kgan.data.load(images, batch_size=batch_size, seed=seed)


def model(image_shape, seed=0):
    gan = kgan.DCGAN(image_shape, latent_dim=8, width=8, seed=seed)
    gan.compile()
    return gan
'''


@pytest.fixture(scope="session", autouse=True)
def user(tmp_path_factory):
    """A KGAN_HOME that no other session of tests has written to."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KGAN_HOME", str(tmp_path_factory.mktemp("user")))
        yield


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty current directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def recipe(folder):
    """The path of a recipe that trains in a second."""
    path = folder / "tiny.py"
    path.write_text(RECIPE)
    return path


@pytest.fixture
def kgan(folder):
    """Calls the command line in this process; gives click's result, with `exit_code` and so on."""
    from kgan.cli.main import cli

    def invoke(*words):
        return CliRunner().invoke(cli, [str(word) for word in words], prog_name="kgan")

    return invoke


@pytest.fixture
def refuses(kgan):
    """Checks that a call ends with one line on stderr that holds each of the given parts."""

    def check(code, parts, *words):
        result = kgan(*words)
        assert result.exit_code == code, result.output
        (line,) = result.stderr.splitlines()
        assert line.startswith("Error: ")
        for part in parts:
            assert part in line
        return line

    return check


@pytest.fixture
def python(folder):
    """Starts a fresh Python with these arguments, TensorFlow as talkative as it is by itself."""
    from kgan import files

    inherited = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    # So that a checkout without an install is tested, too.
    root = str(Path(files.__file__).parent.parent)
    inherited["PYTHONPATH"] = os.pathsep.join([root, inherited.get("PYTHONPATH", "")])

    def start(*words, environment=None):
        return subprocess.Popen(
            [sys.executable, *map(str, words)],
            env={**inherited, **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


@pytest.fixture
def command(python):
    """Runs `kgan WORDS` in a fresh process; gives exit code, stdout and stderr."""

    def run(*words, environment=None):
        process = python("-m", "kgan", *words, environment=environment)
        stdout, stderr = process.communicate()
        return process.returncode, stdout, stderr

    return run
