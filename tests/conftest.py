import collections
import importlib
import os
import subprocess
import sys
import types
from pathlib import Path

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("MPLBACKEND", "Agg")

import numpy as np
import pytest


def pytest_collection_modifyitems(items):
    """Files with many slow tests first, so that no process is left with one at the end."""
    slow = collections.Counter(item.path for item in items if item.get_closest_marker("slow"))
    items.sort(key=lambda item: -slow[item.path])


@pytest.fixture(scope="session")
def oracle():
    """A function that imports a module of a reference implementation: `oracle("prdc")`."""
    # torchvision looks for its CUDA operators when it is imported; beside a torch without CUDA
    # they are missing, and no oracle here uses them.
    sys.modules.setdefault(
        "torchvision._meta_registrations", types.ModuleType("torchvision._meta_registrations")
    )
    return importlib.import_module


@pytest.fixture(scope="session")
def images():
    """Sixty-four smooth 16x16 images: blobs at random places."""
    random = np.random.RandomState(0)
    y, x = np.mgrid[:16, :16]
    centre = random.uniform(4, 12, (64, 2, 1, 1))
    distance = (y - centre[:, 0]) ** 2 + (x - centre[:, 1]) ** 2
    return (2 * np.exp(-distance / 8) - 1).astype("float32")[..., None]


@pytest.fixture(scope="session")
def sums():
    """A function that traces another and gives the numbers of inputs of its sums of gradients."""

    def trace(function, *specs):
        import tensorflow as tf

        graph = tf.function(function).get_concrete_function(*specs).graph
        return [len(node.inputs) for node in graph.get_operations() if node.type == "AddN"]

    return trace


@pytest.fixture(scope="session")
def tiny_gan():
    """A compiled DCGAN for `images`; tests must not train it."""
    return make_tiny_gan()


@pytest.fixture(scope="session")
def vivid_gan():
    """A GAN whose images differ as those of a trained one do; tests must not train it.

    With the weights that a DCGAN starts from, all pixels are almost 0.
    """
    gan = make_tiny_gan()
    for variable in gan.averaged_generator.variables:
        if len(variable.shape) > 1:
            variable.assign(10 * variable)
    return gan


@pytest.fixture(scope="session")
def make_gan():
    """A function that makes a compiled tiny DCGAN; its arguments go to `compile`."""
    return make_tiny_gan


HOLDER = """
import pathlib, sys
from kgan import locks
locks.hold(pathlib.Path(sys.argv[1]), "folder")
print("holds", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def holder():
    """Starts a second process that holds the lock of a folder until it is killed."""
    from kgan import locks

    started = []

    def start(folder):
        process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, folder],
            env={**os.environ, "PYTHONPATH": os.path.dirname(os.path.dirname(locks.__file__))},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout.readline() == "holds\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def make_tiny_gan(dtype=None, seed=0, **compile_arguments):
    import kgan

    gan = kgan.DCGAN((16, 16, 1), latent_dim=8, width=8, seed=seed, dtype=dtype)
    gan.compile(**compile_arguments)
    return gan


# -- runs and commands ------------------------------------------------------------------------

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


@pytest.fixture(scope="session")
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
        from click.testing import CliRunner

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
