"""The layout of the README's gallery."""

import numpy as np
import pytest
from PIL import Image


def flat(side, level):
    return np.full((side, side, 3), level, np.uint8)


def test_two_triples_fit_into_a_row(benchmark):
    triple = [flat(benchmark.CELL, level) for level in (10, 20, 30)]
    block = benchmark.beside("Title", "note", ["a", "b", "c"], [triple] * 3)
    pixels = np.asarray(block)
    assert block.width == benchmark.WIDTH
    margin, cell = benchmark.MARGIN, benchmark.CELL
    for level in (10, 20, 30):
        assert (pixels == level).all(-1).sum() == 3 * cell**2
    for level, left in ((10, margin), (30, benchmark.WIDTH - margin - cell)):
        assert (pixels[60, left : left + cell] == level).all()


def test_rows_end_at_the_margin(benchmark):
    pictures = [flat(64, 50)] * 10
    block = benchmark.below("Title", "note", {"first": pictures, "second": pictures})
    found = (np.asarray(block) == 50).all(-1)
    assert found.sum() == 20 * 64**2
    assert found.any(0).nonzero()[0][-1] == benchmark.WIDTH - benchmark.MARGIN - 1


def test_a_page_is_kept_below_the_limit(benchmark, tmp_path, monkeypatch):
    noise = np.random.default_rng(0).integers(0, 64, (200, 830, 3), dtype=np.uint8)
    page = benchmark.page([Image.fromarray(noise), Image.new("RGB", (830, 50))])
    assert page.size == (830, benchmark.MARGIN + 250)
    benchmark.save(page, tmp_path / "gallery.jpg")
    assert (tmp_path / "gallery.jpg").stat().st_size <= benchmark.BYTES
    monkeypatch.setattr(benchmark, "BYTES", 1000)
    with pytest.raises(SystemExit, match="would have more than 1000 bytes"):
        benchmark.save(page, tmp_path / "gallery.jpg")


def test_tasks_without_a_preset_are_left_out(benchmark, monkeypatch, capsys):
    monkeypatch.setattr(benchmark.kgan.zoo, "list_presets", lambda: [])
    models = benchmark.Models({})
    assert all(task(models, 0) is None for task in benchmark.TASKS)
    assert "left out: srgan_x4, which is no preset" in capsys.readouterr().out


def test_examples_follow_from_the_seed(benchmark):
    first = list(benchmark.chosen(0, 0, 2))
    assert len({*first, *benchmark.chosen(0, 2, 5)}) == 7
    assert list(benchmark.chosen(0, 7, 2)) == first
    assert benchmark.squares(0, 0, 2, 32).shape == (2, 32, 32, 3)


def test_marked_pixels(benchmark):
    image = np.linspace(-1, 1, 12, dtype=np.float32).reshape(2, 2, 3)
    made = benchmark.marked(image, np.array([[0, 1], [0, 0]]))
    grey = image.mean(-1)
    assert made[0, 0] == pytest.approx([grey[0, 0]] * 3)
    assert made[0, 1] == pytest.approx(0.4 * grey[0, 1] + 0.6 * benchmark.MARK)
