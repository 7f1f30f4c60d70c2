"""Recipes of stages: epochs by stage, and runs that go on within either to the same bits."""

import json
import shutil
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from kgan import runs, zoo
from kgan.callbacks import Checkpoint
from kgan.errors import UsageError
from kgan.runs import stages

RECIPE = '''
"""Noise made twice as large."""

import keras
import numpy as np

import kgan
from kgan.networks import PatchGAN, SRVGG


def data(source="noise", batch_size=4, seed=0):
    photos = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3), "uint8")
    return kgan.data.patches(photos, size=8, scale=2, batch_size=batch_size, seed=seed)


def pixels(gan):
    gan.compile(players=["generator"], generator_optimizer=keras.optimizers.SGD(0.1))


def game(gan):
    gan.compile()


def model(image_shape, seed=0):
    gan = kgan.SRGAN(
        channels=image_shape[2],
        generator_network=SRVGG(4, 1, scale=2),
        discriminator_network=PatchGAN(2, 1, "instance"),
        seed=seed,
    )
    pixels(gan)
    return gan


stages = [(pixels, 2), (game, 1)]
'''


def parts(recipe, epochs):
    return [
        (stage.number, stage.name, stage.behind, stage.last)
        for stage in stages.of_recipe(recipe, epochs)
    ]


def test_the_epochs_of_each_stage():
    def one(gan): ...

    def two(gan): ...

    def three(gan): ...

    recipe = SimpleNamespace(stages=[(one, 3), (two, 2), (three, 4)])
    assert parts(recipe, 9) == [(1, "one", 0, 3), (2, "two", 3, 5), (3, "three", 5, 9)]
    assert parts(recipe, 12)[-1] == (3, "three", 5, 12)
    assert parts(recipe, 5) == [(1, "one", 0, 3), (2, "two", 3, 5)]
    assert parts(recipe, 2) == [(1, "one", 0, 2)]
    assert parts(SimpleNamespace(), 7) == [(1, "1", 0, 7)]
    assert stages.described(stages.of_recipe(recipe, 9)) == "9 epochs (one 3, two 2, three 4)"
    assert stages.described(stages.of_recipe(SimpleNamespace(), 7)) == "7 epochs"


@pytest.mark.parametrize(
    "wrong", [[], {}, [lambda gan: None], [(lambda gan: None, 0)], [("game", 2)], 3]
)
def test_stages_that_are_none(folder, wrong):
    module = SimpleNamespace(stages=wrong, data=print, model=lambda shape, seed: None)
    with pytest.raises(UsageError, match="`stages` must be a list of pairs of a function"):
        zoo.registry._complete(module, folder / "mine.py")


@pytest.fixture
def staged(folder):
    path = folder / "staged.py"
    path.write_text(RECIPE)
    return path


def test_a_recipe_of_stages_has_the_sum_of_their_epochs(staged):
    assert zoo.recipe(staged).epochs == 3


def state(gan):
    """All that training changes but the means of the last epoch's logs."""
    found = gan.state()
    found.pop("log")
    return [variable.numpy() for part in found.values() for variable in part]


def assert_same(first, second):
    for expected, found in zip(state(first.model()), state(second.model()), strict=True):
        np.testing.assert_array_equal(found, expected)


class _Stop:
    """Ends the training at a step, as Ctrl-C does after it."""

    def __init__(self, step):
        self.step = step

    def __call__(self, callback, batch, logs=None):
        if int(callback.model.training_seeds.step) == self.step:
            raise KeyboardInterrupt


@pytest.mark.slow
def test_a_run_goes_on_within_either_stage(staged, monkeypatch, capsys):
    whole = runs.train(staged, out="whole")
    assert "epoch 2/2" in (shown := capsys.readouterr().out) and "epoch 3/3" in shown
    assert whole.finished and whole.config["stage"] == 2 == whole.config["stages"]
    history = whole.history
    assert list(history["epoch"]) == [1, 2, 3]
    np.testing.assert_array_equal(np.isnan(history["discriminator_loss"]), [True, True, False])
    assert whole.model().plays("discriminator")
    # Four steps an epoch: within the first stage, at its end, within the second.
    every, end = Checkpoint.__init__, Checkpoint.on_train_batch_end
    monkeypatch.setattr(
        Checkpoint, "__init__", lambda self, *args, **given: every(self, *args, 0.0, **given)
    )
    for step in (3, 8, 10):
        stop = _Stop(step)

        def stopped(self, batch, logs=None, stop=stop):
            end(self, batch, logs)
            stop(self, batch, logs)

        out = f"stopped {step}"
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(Checkpoint, "on_train_batch_end", stopped)
            runs.train(staged, out=out, verbose=False)
        run = runs.load(out)
        assert not run.finished and run.model().plays("discriminator") == (step > 8)
        assert_same(whole, runs.resume(out, verbose=False))
        for name, column in whole.history.items():
            if name != "seconds":
                np.testing.assert_array_equal(run.history[name], column)


@pytest.mark.slow
def test_a_kill_between_two_stages(staged, folder):
    """`config.json` says the second already, and there are checkpoints of the first alone."""
    whole = runs.train(staged, out="whole", verbose=False)
    shutil.copytree("whole", "killed")
    (folder / "killed" / "model.keras").unlink()
    for path in (folder / "killed" / "checkpoints").glob("step-*.npz"):
        path.unlink()
    config = json.loads((folder / "killed" / "config.json").read_text())
    del config["trained_epochs"]
    (folder / "killed" / "config.json").write_text(json.dumps(config))
    run = runs.load("killed")
    first = runs.train(staged, epochs=2, out="first", verbose=False)
    images = np.zeros((1, 4, 4, 3), "float32")
    np.testing.assert_array_equal(run.model().upscale(images), first.model().upscale(images))
    assert_same(whole, runs.resume("killed", verbose=False))


@pytest.mark.slow
def test_fewer_and_more_epochs(staged):
    """The first stage goes on to its own end before the second begins."""
    whole = runs.train(staged, epochs=4, out="whole", verbose=False)
    short = runs.train(staged, epochs=1, out="short", verbose=False)
    assert short.finished and not short.model().plays("discriminator")
    assert_same(whole, runs.resume("short", epochs=4, verbose=False))


@pytest.mark.slow
def test_by_hand_it_is_the_same(staged):
    """Compile, fit, compile, fit."""
    run = runs.train(staged, out="run", verbose=False)
    keras.utils.set_random_seed(0)
    recipe = zoo.recipe(staged)
    data = recipe.data()
    gan = recipe.model(data.image_shape, seed=0)
    recipe.pixels(gan)
    gan.fit(data, epochs=2, verbose=0)
    recipe.game(gan)
    gan.fit(data, epochs=3, initial_epoch=2, verbose=0)
    for expected, found in zip(state(run.model()), state(gan), strict=True):
        np.testing.assert_array_equal(found, expected)
