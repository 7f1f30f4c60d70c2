"""The README's commands, zoo and links; tests/test_docs.py runs its blocks."""

import importlib.util
import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kgan import zoo

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
ROW = re.compile(
    r"^\| !\[samples\]\((\S+)\) \| \[`(\w+)`\]\((\S+)\)<br>.* \| ([\d.]*) ?\| (\S+) \|$"
)
ROWS = {row[2]: row for row in map(ROW.match, README.splitlines()) if row}


def test_the_commands_that_install_are_those_of_ci():
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    blocks = re.findall(r"^```bash\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    first, second = (text.strip() for text in blocks if "pip install" in text)
    assert first == "pip install . && kgan train" and first in script
    assert second == 'pip install -e ".[test]" && pytest'
    assert all(part in script for part in second.split(" && "))


def test_the_zoo_has_a_row_for_each_preset():
    assert sorted(ROWS) == zoo.list_presets()


@pytest.mark.parametrize("name", ROWS)
def test_a_row_says_what_the_preset_says(name):
    thumbnail, _, card, distance, size = ROWS[name].groups()
    preset = ROOT / "zoo" / "presets" / name
    assert (thumbnail, ROOT / card) == (f"docs/thumbnails/{name}.png", preset / "README.md")
    assert float(size) == round((preset / "generator.onnx").stat().st_size / 1e6, 1)
    stated = re.search(r"Fréchet distance ([\d.]+)", (preset / "README.md").read_text("utf-8"))
    assert bool(distance) == bool(stated)
    if stated:
        digits = len(distance.partition(".")[2])
        assert float(distance) == pytest.approx(float(stated[1]), abs=0.51 * 10**-digits)


@pytest.mark.parametrize("name", ROWS)
def test_a_thumbnail_is_cut_from_the_samples(name):
    """If not, run `python docs/thumbnails/make.py`."""
    script = ROOT / "docs" / "thumbnails" / "make.py"
    spec = importlib.util.spec_from_file_location("_make_thumbnails", script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    files = script.with_name(f"{name}.png"), io.BytesIO(module.thumbnail(name))
    kept, made = (np.asarray(Image.open(file).convert("RGB"), int) for file in files)
    assert kept.shape == made.shape and np.abs(kept - made).mean() < 2
    assert script.with_name(f"{name}.png").stat().st_size < 10_000


def anchors(page):
    """The anchors that GitHub gives the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_links_lead_somewhere(page):
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link
