"""The README's code blocks run, word for word, with the epochs cut short.

The two that install are in `.ci/run`.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

README = Path(__file__).parents[1] / "README.md"
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", README.read_text("utf-8"), re.MULTILINE | re.DOTALL)
# Keras's own switches; everything else is as the reader would have it.
SHORT = {"KERAS_MAX_EPOCHS": "1", "KERAS_MAX_STEPS_PER_EPOCH": "3"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the reader stands: an empty folder with some photos."""
    folder = tmp_path_factory.mktemp("reader")
    (folder / "photos").mkdir()
    random = np.random.RandomState(0)
    for number in range(20):
        array = random.randint(0, 256, (40, 48, 3), "uint8")
        Image.fromarray(array).save(folder / "photos" / f"{number}.png")
    # `kgan` as the installation would put it on the path, for this interpreter.
    (folder / "bin").mkdir()
    (folder / "bin" / "kgan").write_text(f'#!/bin/sh\nexec {sys.executable} -m kgan "$@"\n')
    (folder / "bin" / "kgan").chmod(0o755)
    return folder


def run(command, folder):
    environment = {
        **os.environ,
        **SHORT,
        "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(README.parent),
        "KGAN_HOME": str(folder / "cache"),
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done


def test_there_are_only_blocks_that_are_run():
    assert {language for language, _ in BLOCKS} == {"bash", "python"}
    script = (README.parent / ".ci" / "run").read_text("utf-8")
    first, second = (text.strip() for language, text in BLOCKS if "pip install" in text)
    assert first == "pip install . && kgan train" and first in script
    assert second in script or all(part in script for part in second.split(" && "))


# What a type checker finds wrong only where it knows the names of the lazy packages.
WRONG = """
kgan.data.load("photos", batch=32)
kgan.metrics.compare("fd")
kgan.metrics.extractors.get()
"""


@pytest.mark.slow
@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_type_checkers_know_the_names(tmp_path, checker):
    command = {
        "mypy": [
            sys.executable,
            "-m",
            "mypy",
            "--ignore-missing-imports",
            "--follow-imports=silent",
        ],
        "pyright": ["pyright", "--pythonpath", sys.executable],
    }[checker]
    if checker == "pyright" and shutil.which("pyright") is None:
        pytest.skip("pyright, which needs Node.js, is not on the path")
    # As the installation puts them.
    shutil.copytree(README.parent / "kgan", tmp_path / "kgan")
    for name in ("zoo", "export"):
        shutil.copytree(README.parent / name, tmp_path / "kgan" / name)
    blocks = "".join(text for language, text in BLOCKS if language == "python")
    (tmp_path / "readme.py").write_text(blocks + WRONG)
    done = subprocess.run([*command, "readme.py"], cwd=tmp_path, capture_output=True, text=True)
    found = re.findall(r"readme\.py:(\d+):.*error", done.stdout)
    last = (blocks + WRONG).count("\n")
    assert {int(line) for line in found} == {last - 2, last - 1, last}, done.stdout + done.stderr


@pytest.mark.slow
def test_the_blocks_in_their_order(folder):
    """One Python program, which runs the shell's blocks where they stand."""
    shell = "subprocess.run(['bash', '-euc', {!r}], check=True)"
    program = [
        text if language == "python" else shell.format(text)
        for language, text in BLOCKS
        if "pip install" not in text
    ]
    run([sys.executable, "-c", "\n".join(["import subprocess", *program])], folder)
    assert Image.open(folder / "garments.png").size[0] > 200
    assert np.load(folder / "x.npz")["images"].shape == (1000, 28, 28, 1)
    run_folder = folder / "runs" / "garments"
    for name in (
        "config.json",
        "history.csv",
        "curves.png",
        "samples/epoch-0001.png",
        "samples.gif",
        "model.keras",
    ):
        assert (run_folder / name).stat().st_size > 0
    assert (folder / "preset.onnx").exists() and (folder / "preset" / "saved_model.pb").exists()
