"""The code blocks of each page in docs run in their order, with the epochs cut short."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
# Keras's own switches; everything else is as the reader would have it.
SHORT = {"KERAS_MAX_EPOCHS": "2", "KERAS_MAX_STEPS_PER_EPOCH": "3"}
PAGES = [page for page in sorted(DOCS.glob("*.md")) if "```python" in page.read_text("utf-8")]
PAGES = [pytest.param(page, id=page.stem) for page in PAGES]


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_the_blocks_in_their_order(page, tmp_path):
    blocks = BLOCK.findall(page.read_text("utf-8"))
    assert {language for language, _ in blocks} <= {"python", "text", "mermaid"}
    program = "\n".join(text for language, text in blocks if language == "python")
    environment = {
        **os.environ,
        **SHORT,
        "PYTHONPATH": str(DOCS.parent),
        "KGAN_HOME": str(tmp_path / "cache"),
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]


def test_the_files_that_the_architecture_names_are_there():
    text = (DOCS.parent / "ARCHITECTURE.md").read_text("utf-8")
    named = {name for name in re.findall(r"`([\w/.]+)`", text) if "/" in name}
    assert len(named) > 30
    missing = [name for name in named if not (DOCS.parent / name).exists()]
    assert not missing
