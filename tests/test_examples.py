"""Each public class has an example in its docstring, and all examples of the library run.

An example may use the modules of `MODULES`, the objects of `OBJECTS` and the files of `FILES`.
`fit` ends after one epoch of one step. Output is compared where the docstring shows some.
"""

import doctest
import functools
import importlib
import inspect
import math
import os
import re
import warnings
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from PIL import Image

import kgan

# Beside kgan itself: modules of kgan.models that subclasses import (docs/custom_training.md).
ROOTS = (
    "kgan",
    "kgan.models.adversarial",
    "kgan.models.entry_point",
    "kgan.models.translation",
    "kgan.models.variant",
)
MOST_STATEMENTS = 4
# Classes without an example, and why.
EXEMPT = {
    "kgan.errors.UnknownArgument": "kgan raises it",
    "kgan.errors.UsageError": "kgan raises it",
    "kgan.export.ExportError": "kgan raises it",
    "kgan.presets.PresetError": "kgan raises it",
    "kgan.models.variant.Shared": "a TypedDict, which only type checkers read",
    "kgan.signature.Bounds": "a NamedTuple that fields return",
}


# -- what is public ----------------------------------------------------------------------------


def public_modules():
    """The modules of `ROOTS`, and those that the lazy packages among them list, by name."""
    found, open_ = {}, [importlib.import_module(name) for name in ROOTS]
    while open_:
        module = open_.pop()
        found[module.__name__] = module
        if Path(module.__file__).with_suffix(".pyi").exists():
            open_ += filter(inspect.ismodule, (getattr(module, name) for name in dir(module)))
    return found


def public_objects():
    """The classes and functions of the public modules, each once, by the shortest name."""
    names = {}
    for module in public_modules().values():
        for name in dir(module):
            value = getattr(module, name)
            if name.startswith("_") or not (inspect.isclass(value) or inspect.isfunction(value)):
                continue
            # What a module imports is no part of it, unless its `__dir__` lists it.
            own = f"{value.__module__}.".startswith(f"{module.__name__}.")
            if own or ("__dir__" in vars(module) and value.__module__.startswith("kgan.")):
                names.setdefault(value, []).append(f"{module.__name__}.{name}")
    return {min(names[value], key=len): value for value in names}


PUBLIC = public_objects()
CLASSES = sorted(name for name, value in PUBLIC.items() if inspect.isclass(value))


def examples_of(value):
    # `inspect.getdoc` would give a class the docstring of its base.
    return doctest.DocTestParser().get_examples(value.__doc__ or "")


WITH_EXAMPLE = {
    name: value
    for name, value in sorted({**PUBLIC, **public_modules()}.items())
    if examples_of(value)
}


# -- what examples find ------------------------------------------------------------------------


@functools.cache
def read_garments():
    data = kgan.data.load("fashion_mnist")
    chosen = np.arange(256)
    return data.at(chosen), data.labels[chosen]


def make_generator():
    return keras.Sequential(
        [keras.Input((16,)), layers.Dense(784, "tanh"), layers.Reshape((28, 28, 1))]
    )


def make_discriminator():
    return keras.Sequential([keras.Input((28, 28, 1)), layers.Flatten(), layers.Dense(1)])


def make_gan():
    gan = kgan.GAN(make_generator(), make_discriminator())
    gan.compile()
    return gan


def make_photos():
    return np.random.RandomState(0).uniform(-1, 1, (4, 64, 64, 3)).astype("float32")


MODULES = {"kgan": kgan, "keras": keras, "math": math, "np": np, "tf": tf}
# By the name that an example uses: made anew for each example.
OBJECTS = {
    "images": lambda: read_garments()[0][:64],
    "labels": lambda: read_garments()[1][:64],
    "real": lambda: read_garments()[0],
    "real_labels": lambda: read_garments()[1],
    "fake": lambda: read_garments()[0][::-1] * np.float32(0.9),
    "fake_labels": lambda: read_garments()[1][::-1].copy(),
    "real_features": lambda: np.random.RandomState(0).normal(size=(256, 8)),
    "fake_features": lambda: np.random.RandomState(1).normal(size=(256, 8)),
    "photos": make_photos,
    "generator": make_generator,
    "discriminator": make_discriminator,
    "gan": make_gan,
}


def make_pictures(folder):
    folder.mkdir()
    random = np.random.RandomState(0)
    for number in range(64):
        pixels = random.randint(0, 256, (64, 64, 3), "uint8")
        Image.fromarray(pixels).save(folder / f"{number}.png")


def make_photo(path):
    Image.fromarray(np.random.RandomState(0).randint(0, 256, (48, 64, 3), "uint8")).save(path)


def make_mask(path):
    Image.new("L", (64, 48)).save(path)


def make_alexnet(path):
    """A file like torchvision's, with random weights."""
    torch = pytest.importorskip("torch")
    shapes = {
        0: (64, 3, 11, 11),
        3: (192, 64, 5, 5),
        6: (384, 192, 3, 3),
        8: (256, 384, 3, 3),
        10: (256, 256, 3, 3),
    }
    state = {f"features.{number}.weight": torch.randn(shape) for number, shape in shapes.items()}
    state |= {f"features.{number}.bias": torch.zeros(shape[0]) for number, shape in shapes.items()}
    torch.save(state, path)


def make_heads(path):
    torch = pytest.importorskip("torch")
    channels = (64, 192, 384, 256, 256)
    torch.save(
        {f"lin{at}.model.1.weight": torch.rand(1, n, 1, 1) for at, n in enumerate(channels)}, path
    )


def make_run(folder):
    kgan.runs.train("dcgan_fashion_mnist", epochs=1, out=folder, verbose=False)


# Files and folders of the current directory, made where an example names them.
FILES = {
    "photos": make_pictures,
    "maps": make_pictures,
    "photo.jpg": make_photo,
    "mask.png": make_mask,
    "alexnet.pth": make_alexnet,
    "alex.pth": make_heads,
    "runs/dcgan_fashion_mnist": make_run,
    "my_preset": lambda folder: make_gan().save_to_preset(folder),
}


@pytest.fixture
def short():
    """Ends each `fit` after one epoch of one step, without a graph, which takes long to trace."""
    keras.config.set_max_epochs(1)
    keras.config.set_max_steps_per_epoch(1)
    tf.config.run_functions_eagerly(True)
    yield
    keras.config.set_max_epochs(None)
    keras.config.set_max_steps_per_epoch(None)
    tf.config.run_functions_eagerly(False)


class Checker(doctest.OutputChecker):
    """Compares output only where the docstring shows some."""

    def check_output(self, want, got, flags):
        return not want or super().check_output(want, got, flags)


def run(name, value):
    """What failed when the examples of an object ran, as text; empty if nothing did."""
    examples = examples_of(value)
    source = "".join(example.source for example in examples)
    for path, make in FILES.items():
        if f'"{path}"' in source:
            make(Path(path))
    namespace = {"__name__": "__main__", **MODULES}
    for word in sorted({*re.findall(r"\w+", source)} & {*OBJECTS}):
        namespace[word] = OBJECTS[word]()
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    runner = doctest.DocTestRunner(Checker(), verbose=False, optionflags=flags)
    report = []
    runner.run(doctest.DocTest(examples, namespace, name, None, 0, None), out=report.append)
    return "".join(report)


# -- the tests ---------------------------------------------------------------------------------


def test_the_public_classes_are_found():
    assert {"kgan.GAN", "kgan.losses.Hinge", "kgan.signature.Latent"} <= {*CLASSES}
    assert {*EXEMPT} <= {*CLASSES}


@pytest.mark.parametrize("name", CLASSES)
def test_a_public_class_has_a_short_example(name):
    found = examples_of(PUBLIC[name])
    if name in EXEMPT:
        assert not found, "it has an example: remove it from EXEMPT"
    else:
        assert 1 <= len(found) <= MOST_STATEMENTS


@pytest.mark.slow
@pytest.mark.parametrize("name", WITH_EXAMPLE)
def test_an_example_runs(name, folder, short, monkeypatch):
    monkeypatch.setenv("KGAN_HOME", os.fspath(folder / "home"))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Limiting|Even though the `tf.config")  # of `short`
        report = run(name, WITH_EXAMPLE[name])
    assert not report, report
