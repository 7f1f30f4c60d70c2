import collections
import os
import subprocess
import sys

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
def images():
    """Sixty-four smooth 16x16 images: blobs at random places."""
    random = np.random.RandomState(0)
    y, x = np.mgrid[:16, :16]
    centre = random.uniform(4, 12, (64, 2, 1, 1))
    distance = (y - centre[:, 0]) ** 2 + (x - centre[:, 1]) ** 2
    return (2 * np.exp(-distance / 8) - 1).astype("float32")[..., None]


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
