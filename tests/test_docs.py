"""The code blocks of the README and of the pages in docs run, with the epochs cut short.

The README's two that install are in `.ci/run`.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
BLOCKS = {
    page.stem: BLOCK.findall(page.read_text("utf-8"))
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
}
RUN = [page for page, blocks in BLOCKS.items() if {"bash", "python"} & {kind for kind, _ in blocks}]
# Keras's own switches; everything else is as the reader would have it.
SHORT = {"KERAS_MAX_EPOCHS": "2", "KERAS_MAX_STEPS_PER_EPOCH": "3"}
# What a page leaves behind.
LEFT = {
    "README": (
        "dcgan.onnx samples.gif x.png preset.onnx preset/saved_model.pb scores.json report.html "
        "runs/photos/model.keras drawn/0.png"
    ),
    "evaluation": "scores.json report.html best.keras",
    "export": "encoder.onnx preset/saved_model.pb my_preset/generator.onnx",
    "latent": "ways.gif darker_t_shirt.png edited.png",
    "models": "three.png",
    "photographs": "drawn/0.png 0.png all_drawn/19.jpg",
    "serving": "garments.png large.png",
    "training": (
        "runs/garments/config.json runs/garments/history.csv runs/garments/curves.png "
        "runs/garments/samples/epoch-0001.png runs/garments/samples.gif runs/garments/model.keras"
    ),
    "translation": "drawn/0.png",
    "web": "page/model.onnx garments/model.json copy/index.html",
}


@pytest.fixture
def folder(tmp_path):
    """Where the reader stands: an empty folder with some photos."""
    folder = tmp_path / "reader"
    (folder / "photos").mkdir(parents=True)
    random = np.random.RandomState(0)
    for number in range(20):
        array = random.randint(0, 256, (72, 80, 3), "uint8")
        Image.fromarray(array).save(folder / "photos" / f"{number}.png")
    # `kgan` as the installation would put it on the path, for this interpreter.
    (folder / "bin").mkdir()
    (folder / "bin" / "kgan").write_text(f'#!/bin/sh\nexec {sys.executable} -m kgan "$@"\n')
    (folder / "bin" / "kgan").chmod(0o755)
    yield folder
    if (folder / "serve.pid").exists():  # a page that failed did not end its server
        with contextlib.suppress(ProcessLookupError):
            os.kill(int((folder / "serve.pid").read_text()), signal.SIGTERM)


def test_there_are_only_blocks_that_are_run():
    """Of the rest, "text" and "mermaid", nothing would run."""
    kinds = {kind for blocks in BLOCKS.values() for kind, _ in blocks}
    assert kinds <= {"bash", "python", "text", "mermaid"}
    assert {kind for kind, _ in BLOCKS["README"]} == {"bash", "python"}
    assert set(LEFT) <= set(RUN)


@pytest.mark.slow
@pytest.mark.parametrize("page", RUN)
def test_the_blocks_in_their_order(page, folder):
    """One Python program, which runs the shell's blocks where they stand."""
    shell = "subprocess.run(['bash', '-euc', {!r}], check=True)"
    program = [
        text if kind == "python" else shell.format(text)
        for kind, text in BLOCKS[page]
        if kind in ("bash", "python") and "pip install" not in text
    ]
    environment = {
        **os.environ,
        **SHORT,
        "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "KGAN_HOME": str(folder / "cache"),
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(["import subprocess", *program])],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    for name in LEFT.get(page, "").split():
        assert (folder / name).stat().st_size > 0, name
    if (folder / "garments.png").exists():
        assert Image.open(folder / "garments.png").size[0] > 200
    if (folder / "x.npz").exists():
        assert np.load(folder / "x.npz")["images"].shape == (1000, 28, 28, 1)


# What a type checker finds wrong only where it knows the names of the lazy packages.
WRONG = """
kgan.data.load("photos", batch=32)
kgan.metrics.compare("fd")
kgan.metrics.extractors.get()
"""
# What a checker must accept besides.
RIGHT = """
import keras

network: keras.Model = keras.Sequential()
kgan.WGANGP(network, network, seed=1)
"""


@pytest.mark.slow
@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_type_checkers_know_the_names(tmp_path, checker):
    """Of pages whose blocks are calls; docs/custom_training.md overrides untyped methods."""
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
    shutil.copytree(ROOT / "kgan", tmp_path / "kgan")
    for name in ("zoo", "export"):
        shutil.copytree(ROOT / name, tmp_path / "kgan" / name)
    files = {}
    for page in RUN:
        if page != "custom_training":
            text = "".join(text for kind, text in BLOCKS[page] if kind == "python")
            files[page] = text + (RIGHT + WRONG) * (page == "README")
            (tmp_path / f"{page}.py").write_text(files[page])
    names = [f"{page}.py" for page in files]
    done = subprocess.run([*command, *names], cwd=tmp_path, capture_output=True, text=True)
    found = re.findall(r"(\w+)\.py:(\d+):.*error", done.stdout)
    last = files["README"].count("\n")
    expected = {("README", str(line)) for line in (last - 2, last - 1, last)}
    assert set(found) == expected, done.stdout + done.stderr


def test_the_files_that_the_architecture_names_are_there():
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    named = {name for name in re.findall(r"`([\w/.]+)`", text) if "/" in name}
    assert len(named) > 30
    missing = [name for name in named if not (ROOT / name).exists()]
    assert not missing
