import csv
import json
import math

import keras
import numpy as np
import pytest
import tensorflow as tf

import kgan
from kgan.callbacks import Checkpoint, Evaluate, History
from kgan.errors import UsageError
from kgan.metrics import Evaluator
from kgan.metrics.extractors import Extractor


def means():
    """An extractor of the mean of each quarter of 16x16 images."""

    def quarters(images):
        return np.asarray(images).reshape(len(images), 2, 8, 2, 8).mean((2, 4)).reshape(-1, 4)

    return Extractor("quarters", quarters, 4)


QUARTERS = means()


@pytest.fixture
def data(images):
    return kgan.data.load(images, batch_size=16)


def evaluate(data, **arguments):
    return Evaluate(data, extractor=QUARTERS, samples=64, **arguments)


class Scripted:
    """In place of an evaluator: scores that a test chooses."""

    directions = {"fd": True}

    def __init__(self, values):
        self.values = iter(values)

    def prepare(self, gan):
        pass

    def __call__(self, gan):
        score = kgan.metrics.Score("fd", (next(self.values),), kgan.metrics.Protocol("fd"))
        return kgan.metrics.Evaluation([score], {}, 0, None, None)


def scripted(data, values, **arguments):
    callback = evaluate(data, **arguments)
    callback.evaluator = Scripted(values)
    return callback


def fit(gan, data, *callbacks, epochs=2):
    return gan.fit(data, epochs=epochs, verbose=0, callbacks=list(callbacks)).history


def test_the_score_is_that_of_the_averaged_generator(make_gan, data):
    gan = make_gan()
    logs = fit(gan, data, evaluate(data, metrics=["fd", "pr"], seed=3))
    measure = Evaluator(data, ["fd", "pr"], samples=64, seed=3, repeats=1, extractor=QUARTERS)
    now = measure(gan)
    assert logs["fd"][-1] == now["fd"].value
    assert logs["recall"][-1] == now["recall"].value
    assert len(logs["fd"]) == 2
    assert logs["fd"][0] != logs["fd"][1]


@pytest.mark.slow
def test_every_few_epochs_and_after_the_last(make_gan, data, tmp_path):
    fit(make_gan(), data, History(tmp_path), evaluate(data, every_epochs=2), epochs=5)
    rows = list(csv.DictReader((tmp_path / "history.csv").read_text().splitlines()))
    assert [bool(row["fd"]) for row in rows] == [False, True, False, True, True]


def test_it_is_called_before_those_that_write_the_logs_down(make_gan, data, tmp_path):
    seen = {}
    witness = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.update(logs))
    fit(make_gan(), data, witness, evaluate(data), epochs=1)
    assert seen["fd"] > 0


def test_tensorboard_shows_it(make_gan, data, tmp_path):
    logs = fit(make_gan(), data, evaluate(data, tensorboard=tmp_path), epochs=2)
    events = [
        tf.compat.v1.Event.FromString(record)
        for file in tmp_path.glob("events*")
        for record in tf.data.TFRecordDataset(str(file)).as_numpy_iterator()
    ]
    values = {event.step: value for event in events for value in event.summary.value}
    assert [values[step].tag for step in (1, 2)] == ["fd", "fd"]
    assert [values[step].simple_value for step in (1, 2)] == pytest.approx(logs["fd"])


@pytest.mark.slow
def test_the_best_is_kept(make_gan, data, tmp_path):
    best = tmp_path / "best.keras"
    callback = scripted(data, [3.0, 1.0, 2.0], best=best)
    images = []
    after = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: images.append(gan.generate(4, seed=0))
    )
    gan = make_gan()
    fit(gan, data, callback, after, epochs=3)
    assert (callback.best_value, callback.best_epoch) == (1.0, 2)
    assert json.loads((tmp_path / "best.json").read_text()) == {
        "score": "fd",
        "value": 1.0,
        "epoch": 2,
    }
    kept = kgan.load_model(best).generate(4, seed=0)
    assert np.abs(kept - images[1]).max() < 1e-6
    assert np.abs(kept - images[2]).max() > 1e-4


def test_higher_can_be_better(make_gan, data, tmp_path):
    callback = evaluate(data, metrics=["fd", "pr"], monitor="recall", best=tmp_path / "a.keras")
    logs = fit(make_gan(), data, callback, epochs=3)
    assert callback.best_value == max(logs["recall"])


def test_patience(make_gan, data):
    values = [5.0, 4.0, 4.0, math.nan, 1.0]
    logs = fit(make_gan(), data, scripted(data, values, patience=2), epochs=5)
    assert logs["fd"][:3] == [5.0, 4.0, 4.0]
    assert len(logs["fd"]) == 4


def test_patience_counts_evaluations_not_epochs(make_gan, data):
    callback = scripted(data, [4.0, 5.0, 5.0, 5.0], patience=2, every_epochs=3)
    assert len(fit(make_gan(), data, callback, epochs=20)["generator_loss"]) == 9


def test_patience_goes_on_in_a_second_fit(make_gan, data):
    callback = scripted(data, [5.0, 4.0, 6.0, 6.0, 6.0], patience=3)
    gan = make_gan()
    fit(gan, data, callback, epochs=3)
    assert len(fit(gan, data, callback, epochs=10)["fd"]) == 2  # epoch 2 of the first is the best


@pytest.mark.slow
def test_a_resumed_run_goes_on_from_the_best(make_gan, data, tmp_path):
    best = tmp_path / "best.keras"
    saved = tmp_path / "checkpoints"
    fit(make_gan(), data, scripted(data, [1.0, 2.0], best=best), Checkpoint(saved), epochs=2)
    again = scripted(data, [3.0], best=best, patience=2)
    logs = fit(make_gan(), data, again, Checkpoint(saved, resume=True), epochs=5)
    assert logs["fd"] == [3.0]  # the second without a better one: the patience is at its end
    assert (again.best_value, again.best_epoch) == (1.0, 1)
    fresh = scripted(data, [7.0], best=best)
    fit(make_gan(), data, fresh, epochs=1)
    assert fresh.best_value == 7.0


@pytest.mark.parametrize("text", ["", "[]", '{"score": "fd"}', '{"score": "fd", "value": "x"}'])
def test_a_damaged_record_is_told(make_gan, data, tmp_path, text):
    callback = scripted(data, [], best=tmp_path / "best.keras")
    (tmp_path / "best.json").write_text(text)
    (tmp_path / "best.keras").touch()
    callback.set_model(make_gan())
    callback.on_train_begin()
    with pytest.warns(UserWarning, match="damaged.*ignored"):
        callback.on_epoch_begin(3)
    assert callback.best_value == math.inf


@pytest.mark.parametrize(
    ("value", "message"),
    [(np.nan, "Epoch 1 has no score: images must be finite"), (0.0, "no score: .* must vary")],
)
def test_a_generator_that_has_broken_scores_nan(make_gan, data, value, message):
    gan = make_gan()
    callback = evaluate(data, metrics=["kid"], patience=1)
    callback.set_model(gan)
    callback.set_params({"epochs": 1})
    callback.on_train_begin()
    for variable in gan.averaged_generator.weights:
        variable.assign(np.full(variable.shape, value))
    logs = {}
    with pytest.warns(UserWarning, match=message):
        callback.on_epoch_end(0, logs)
    assert math.isnan(logs["kid"])
    assert callback.best_epoch == 0
    assert gan.stop_training


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"metrics": ["fid"]}, "metrics='fid' is unknown.*Did you mean 'fd'"),
        ({"monitor": "kid"}, "monitor='kid' is unknown; expected one of fd"),
        ({"best": 5}, "best must be the path"),
        ({"monitor": ["fd"]}, "monitor=.* is unknown"),
        ({"best": "best.h5"}, "best='best.h5' must end in .keras"),
        ({"every_epochs": 0}, "every_epochs must be an integer of at least 1"),
        ({"patience": 0}, "patience must be an integer of at least 1"),
        ({"metrics": ["diversity"], "patience": 1}, "monitor='diversity' has no better direction"),
        ({"metrics": 5}, "metrics must be a list"),
        ({"tensorboard": 5}, "tensorboard must be the path of a folder"),
        ({"best": ""}, "best must be the path of a .keras file"),
    ],
)
def test_bad_input(data, arguments, message):
    with pytest.raises(UsageError, match=message):
        evaluate(data, **arguments)


def test_the_first_score_with_a_direction_is_monitored(data):
    assert evaluate(data, metrics=["diversity", "pr"], patience=3).monitor == "precision"


def test_a_second_fit_keeps_a_better_one(make_gan, data, tmp_path):
    callback = scripted(data, [1.0, 2.0], best=tmp_path / "best.keras")
    gan = make_gan()
    fit(gan, data, callback, epochs=1)
    fit(gan, data, callback, epochs=1)
    assert json.loads((tmp_path / "best.json").read_text())["value"] == 1.0


@pytest.mark.parametrize(("metric", "least"), [("fd_inf", 24), ("kid", 4), ("dc", 6)])
def test_too_few_samples_are_told_before_the_training(make_gan, data, metric, least):
    callback = Evaluate(data, [metric], samples=3, extractor=means())
    with pytest.raises(UsageError, match=f"samples must be at least {least} for '{metric}'"):
        fit(make_gan(), data, callback)


@pytest.mark.parametrize(("metric", "least"), [("kid", 4), ("pr", 4), ("dc", 6), ("fd", 2)])
def test_too_few_real_images_are_told_before_the_training(make_gan, images, metric, least):
    callback = evaluate(kgan.data.load(images[: least - 1], batch_size=1), metrics=[metric])
    with pytest.raises(UsageError, match=f"data must hold at least {least} images.* {least - 1}"):
        fit(make_gan(), kgan.data.load(images, batch_size=16), callback)


def test_vectors_are_asked_for_before_the_training(data):
    gan = kgan.ConditionalGAN((16, 16, 1), condition_dim=3, latent_dim=8, width=8)
    callback = evaluate(data)
    callback.set_model(gan)
    with pytest.raises(UsageError, match="conditions must be given"):
        callback.on_train_begin()


def test_a_model_of_another_shape(data):
    gan = kgan.DCGAN((28, 28, 1), latent_dim=8, width=8)
    gan.compile()
    with pytest.raises(UsageError, match="data must have the model's image shape"):
        fit(gan, kgan.data.load("fashion_mnist"), evaluate(data))
