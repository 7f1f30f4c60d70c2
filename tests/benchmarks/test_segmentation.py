"""The segmentation benchmark: trainings go on where they stopped, and its table."""

import functools
import json
import sys

import numpy as np
import pytest

import kgan


@pytest.fixture
def small(benchmark, monkeypatch):
    """The recipe with a tiny model and two batches in an epoch."""

    def data(split="train", seed=0):
        photograph = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
        return kgan.data.composites([photograph], size=32, batch_size=2, seed=seed, split=split)

    def model(seed=0):
        gan = kgan.Segmentation(
            generator_network=kgan.networks.UNet(width=4, depth=3),
            discriminator_network=kgan.networks.PatchGAN(width=4, layers=1),
            seed=seed,
        )
        gan.compile(run_eagerly=True)
        return gan

    monkeypatch.setattr(benchmark.recipe, "data", data)
    monkeypatch.setattr(benchmark.recipe, "model", model)
    return benchmark


@pytest.mark.slow
def test_a_training_that_stopped_goes_on(small, tmp_path):
    train = functools.partial(small.trained, weight=0.1, seed=0, data=small.held_out())
    whole = train(tmp_path / "whole", epochs=2)
    assert len(whole) == 2 and all(0 <= value <= 1 for value in whole)
    assert train(tmp_path / "parts", epochs=1) == whole[:1]
    assert train(tmp_path / "parts", epochs=2) == whole
    before = (tmp_path / "parts" / "model.keras").stat().st_mtime_ns
    assert train(tmp_path / "parts", epochs=1) == whole[:1]
    assert (tmp_path / "parts" / "model.keras").stat().st_mtime_ns == before
    with pytest.raises(kgan.errors.UsageError, match="adversarial_weight was 0.1, now it is 0"):
        small.trained(tmp_path / "parts", 0.0, 0, 3, small.held_out())


@pytest.mark.slow
def test_models_alone_are_measured(small, tmp_path, monkeypatch, capsys):
    gan, path = small.recipe.model(), tmp_path / "gan.keras"
    gan.save(path)
    words = ["--models", str(path), "--json", str(tmp_path / "found.json")]
    monkeypatch.setattr(sys, "argv", ["segmentation.py", *words])
    small.main()
    images, maps = small.held_out()
    expected = kgan.metrics.segmentation.mean_iou(maps, gan.segment(images), 2)
    found = json.loads((tmp_path / "found.json").read_text())[str(path)]
    assert found["mean_iou"] == pytest.approx(expected)
    assert f"{expected:.4f}" in capsys.readouterr().out


def test_the_table(benchmark):
    lines = benchmark.table({"without": {0: [0.5, 0.75, 0.7], 1: [0.5, 0.8]}}).splitlines()
    assert lines[1].split() == ["without", "0", "0.7000", "0.7500", "2"]
    assert lines[3].split()[-6:] == ["0.7500", "±", "0.0707", "0.7750", "±", "0.0354"]
    assert len(benchmark.table({"without": {0: [0.5]}}).splitlines()) == 2
