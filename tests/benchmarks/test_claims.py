"""The parts of the claims' benchmark that need no training."""

import json
import sys
from types import SimpleNamespace

import keras
import numpy as np
import pytest

import kgan
from kgan import zoo


def test_each_claim_has_a_recipe(benchmark):
    recipes = {f"{name.partition('-')[0]}_fashion_mnist" for name in benchmark.FIGURES}
    assert recipes == {name for name in zoo.list_recipes() if name.endswith("_fashion_mnist")}
    with_presets = {name for name in zoo.list_presets() if name.endswith("_fashion_mnist")}
    assert with_presets <= recipes


def test_a_budget_ends_before_it_is_exceeded_and_remembers(benchmark, tmp_path, monkeypatch):
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(benchmark.time, "process_time", lambda: clock.now)

    def epochs(minutes, most):
        """How many epochs of three minutes on both cores a fresh callback lets run."""
        budget = benchmark.Budget(minutes, tmp_path / "budget.json")
        budget.set_model(SimpleNamespace(stop_training=False))
        for epoch in range(most):
            clock.now += 1000  # what is measured between epochs
            budget.on_epoch_begin(epoch)
            clock.now += 3 * 60 * benchmark.CORES
            budget.on_epoch_end(epoch)
            if budget.model.stop_training:
                return epoch + 1
        return None

    assert epochs(10, most=1) is None  # cut off after one of three
    assert epochs(10, most=9) == 2
    found = json.loads((tmp_path / "budget.json").read_text())
    assert found["minutes"] == pytest.approx(9)


def test_the_critics_curve_has_a_row_for_each_quarter_of_an_epoch(benchmark, tmp_path):
    budget = benchmark.Budget(1, tmp_path / "budget.json")
    measure = SimpleNamespace(distance=lambda images: 7.0)
    curve = benchmark.CriticCurve(measure, budget, tmp_path / "critic.json")
    curve.set_params({"steps": 9})
    curve.set_model(SimpleNamespace(generate=lambda *_, **__: None))
    losses = np.arange(9.0)
    for epoch in range(2):
        for callback in (budget, curve):
            callback.on_epoch_begin(epoch)
        for step in range(9):
            logs = {"discriminator_loss": -losses[: step + 1].mean()}
            curve.on_train_batch_end(step, logs)
        curve.on_epoch_end(epoch, logs)
    expected = [0.5, 2.5, 4.5, 7.0]  # means of steps 0 and 1, 2 and 3, 4 and 5, 6 to 8
    assert [row["estimate"] for row in curve.rows] == pytest.approx(2 * expected)
    again = benchmark.CriticCurve(measure, budget, tmp_path / "critic.json")
    again.on_epoch_begin(1)  # begun anew after a stop
    assert len(again.rows) == 4


def test_the_table(benchmark):
    rows = [{"claim": "dcgan", "distance": 2.13899}, {"claim": "acgan", "agreement": 0.9782}]
    assert benchmark.table(rows).splitlines() == [
        "| claim | distance | agreement |",
        "|---|---|---|",
        "| dcgan | 2.139 |  |",
        "| acgan |  | 0.9782 |",
    ]


def test_an_unknown_claim_is_told(benchmark, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["claims.py", "began"])
    with pytest.raises(SystemExit):
        benchmark.main()
    assert "CLAIM must be one of acgan" in capsys.readouterr().err
    monkeypatch.setattr(sys, "argv", ["claims.py", "semi_supervised_gan-1000", "--preset"])
    with pytest.raises(SystemExit):
        benchmark.main()
    assert "received semi_supervised_gan-1000" in capsys.readouterr().err


def test_the_network_that_learns_from_labels_alone_gets_the_labelled_images(benchmark, monkeypatch):
    """Images and labels must be those of the data, in whatever order it brings them."""
    labels = np.repeat([0, 1], 32).astype("int32")
    images = np.where(labels == 0, -0.5, 0.5)[:, None, None, None] * np.ones((1, 8, 8, 1))
    data = kgan.data.load(
        (images.astype("float32"), labels), batch_size=16, labels=True, labelled=8
    )
    seen, original = [], keras.Model.fit

    def fit(self, batches, **arguments):
        seen.append(next(batches.as_numpy_iterator()))
        original(self, batches, **arguments)

    monkeypatch.setattr(keras.Model, "fit", fit)
    monkeypatch.setattr(benchmark, "SUPERVISED_STEPS", 40)
    gan = kgan.SemiSupervisedGAN((8, 8, 1), classes=2, latent_dim=4, width=2)
    gan.compile(augment=kgan.augment.DiffAugment(("translation",)))
    measure = benchmark.Measure.__new__(benchmark.Measure)
    measure.test_images, measure.test_labels = images, labels
    assert measure.supervised(gan, data) > 0.9  # two shades of grey
    ((found, known),) = seen
    assert set(known) == {0, 1} and len(known) == 32
    np.testing.assert_array_equal(found[:, 0, 0, 0] > 0, known == 1)


def test_other_latents_are_all_that_changes(benchmark):
    gan = zoo.recipe("sngan_fashion_mnist").model((8, 8, 1))
    twin = benchmark.with_latents(gan, 3)
    assert twin.latent_dim == 3 and twin.generate(2, seed=0).shape == (2, 8, 8, 1)
    assert twin.get_config() == gan.get_config() | {"latent_dim": 3}
    assert twin.get_compile_config() == gan.get_compile_config()


def test_the_recorded_rows_are_of_these_claims(benchmark):
    rows = json.loads(benchmark.ROWS.read_text())
    assert {row["claim"] for row in rows} <= set(benchmark.FIGURES)
    keys = [tuple(row[key] for key in benchmark.KEYS) for row in rows]
    assert len(keys) == len(set(keys))
