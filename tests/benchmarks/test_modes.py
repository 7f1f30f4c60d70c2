"""The parts of the missing-modes benchmark that have a known answer."""

import dataclasses
import itertools
import json
import sys

import numpy as np
import pytest
import tensorflow as tf


@pytest.mark.parametrize("name", ["ring", "grid"])
def test_real_samples_score_as_the_closed_form_says(benchmark, name):
    data = benchmark.SETS[name]
    images = data.draw(benchmark.REALS, seed=0)
    assert images.shape == (benchmark.REALS, 1, 1, 2) and images.dtype == np.float32
    assert np.abs(images).max() < 1
    scores = data.scores(images)
    assert scores["modes"] == len(data.centres)
    assert scores["high_quality"] == pytest.approx(1 - np.exp(-4.5), abs=0.001)
    assert scores["reverse_kl"] < 0.001


def test_a_training_that_diverged_scores_nothing(benchmark):
    scores = benchmark.SETS["ring"].scores(np.full((4, 1, 1, 2), np.nan, "float32"))
    assert scores == {"modes": 0, "high_quality": 0.0, "reverse_kl": None}


class Classes:
    """A judge of images that are all of one grey, the class over ten."""

    def classify(self, images):
        return np.rint(10 * images[:, 0, 0, 0]).astype(int)


def test_stacked_modes_are_triples_of_classes(benchmark, monkeypatch):
    monkeypatch.setattr(benchmark.judge, "load", Classes)
    data = benchmark.SETS["stacked"]
    triples = np.array(list(itertools.product(range(10), repeat=3)))
    images = (triples[:, None, None] / 10).astype("float32")
    assert data.scores(images) == {"modes": 1000, "high_quality": None, "reverse_kl": 0.0}
    scores = data.scores(images[:500])
    assert scores["modes"] == 500
    assert scores["reverse_kl"] == pytest.approx(np.log(2))
    assert data.scores(np.full_like(images, np.nan))["modes"] == 0


def test_stacked_images_are_three_of_the_data_in_turn(benchmark, monkeypatch):
    greys = np.linspace(-1, 1, 96, dtype="float32")
    images = np.broadcast_to(greys[:, None, None, None], (96, 28, 28, 1))
    source = tf.data.Dataset.from_tensor_slices(images).batch(10)
    monkeypatch.setattr(benchmark.kgan.data, "load", lambda *_, **__: source)
    data = benchmark.SETS["stacked"]
    (batch,) = data.data(seed=0).take(1).as_numpy_iterator()
    assert batch.shape == (data.recipe.batch_size, 28, 28, 3)
    assert np.array_equal(np.sort(batch[:, 0, 0].ravel()), greys)
    assert np.ptp(batch, axis=(1, 2)).max() == 0


@pytest.mark.slow
def test_a_run_of_the_stacked_set(benchmark, monkeypatch):
    images = np.random.RandomState(0).uniform(-1, 1, (96, 28, 28, 1)).astype("float32")
    source = tf.data.Dataset.from_tensor_slices(images).batch(48)
    monkeypatch.setattr(benchmark.kgan.data, "load", lambda *_, **__: source)
    monkeypatch.setattr(benchmark.Stacked, "SAMPLES", 50)
    data = benchmark.SETS["stacked"]
    data = dataclasses.replace(data, recipe=dataclasses.replace(data.recipe, steps=25))
    scores = benchmark.run(data, "non_saturating, R1 + R2", seed=0)
    assert 1 <= scores["modes"] <= 50 and 0 <= scores["reverse_kl"] <= np.log(1000)


def test_densities_integrate_to_one(benchmark):
    x = np.linspace(-1, 1, 2001)[:, None]
    for duel in benchmark.DUELS.values():
        for mixture in (duel.data, duel.model):
            assert mixture.density(x).sum() * 0.001 == pytest.approx(1, abs=1e-4)


def test_the_known_generator_has_the_density_of_its_mixture(benchmark):
    for duel in benchmark.DUELS.values():
        latents = np.random.RandomState(0).standard_normal((100_000, 2)).astype("float32")
        points = np.asarray(duel.generator()(latents)).ravel()
        counts, edges = np.histogram(points, bins=40, range=(-1, 1), density=True)
        middle = (edges[1:] + edges[:-1])[:, None] / 2
        assert np.abs(counts - duel.model.density(middle)).max() < 0.1


@pytest.mark.slow
def test_the_minimax_discriminator_becomes_the_optimal_one(benchmark):
    """D = p_data / (p_data + p_model): arXiv:1406.2661, proposition 1."""
    for duel in benchmark.DUELS.values():
        data = dataclasses.replace(
            duel.data, recipe=dataclasses.replace(duel.data.recipe, steps=300)
        )
        duel = dataclasses.replace(duel, data=data)
        assert max(benchmark.optimality(duel).values()) < 0.05


def test_the_table(benchmark):
    name = next(iter(benchmark.CONFIGURATIONS))
    rows = [
        {"set": "ring", "configuration": name, "seed": seed, "modes": modes} | scores
        for seed, modes, scores in [
            (0, 8, {"high_quality": 0.9, "reverse_kl": 0.01}),
            (1, 6, {"high_quality": 1.0, "reverse_kl": 0.03}),
        ]
    ]
    lines = benchmark.table(rows, "ring").splitlines()
    assert lines[2] == f"| {name} | 2 | 7.0 ± 1.4 | 95.0 ± 7.1 | 0.0200 ± 0.0141 |"
    assert "| published: PacGAN2 | | 7.9 | 95.6 | 0.07 |" in lines
    assert benchmark.table(rows[:1], "ring").splitlines()[2].endswith("| 8.0 | 90.0 | 0.0100 |")
    rows[1]["reverse_kl"] = None
    assert benchmark.table(rows, "ring").splitlines()[2].endswith("95.0 ± 7.1 | – |")


def test_runs_are_kept_and_not_run_again(benchmark, tmp_path, monkeypatch, capsys):
    path = tmp_path / "modes.json"
    name = next(iter(benchmark.CONFIGURATIONS))
    words = ["--json", str(path), "--set", "ring", "--only", name]
    ran = []

    def run(data, name, seed):
        if len(ran) == 2:
            raise KeyboardInterrupt
        ran.append(seed)
        return {"modes": 8, "high_quality": 1.0, "reverse_kl": 0.0}

    def main(*more):
        monkeypatch.setattr(sys, "argv", ["modes.py", *words, *more])
        benchmark.main()

    monkeypatch.setattr(benchmark, "run", run)
    with pytest.raises(KeyboardInterrupt):
        main("--seeds", "4")
    assert [row["seed"] for row in json.loads(path.read_text())["rows"]] == [0, 1]
    main("--seeds", "2")
    main("--table")
    assert ran == [0, 1]
    assert f"| {name} | 2 | 8.0 ± 0.0 |" in capsys.readouterr().out
    record = json.loads(path.read_text())
    record["recipes"]["ring"]["steps"] = 2
    path.write_text(json.dumps(record))
    with pytest.raises(SystemExit, match=r"--json .* must hold runs of the recipe .*'steps': 2"):
        main("--seeds", "4")
