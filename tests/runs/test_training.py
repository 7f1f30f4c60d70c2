import json
import signal

import keras
import numpy as np
import pytest

import kgan as library
from kgan import runs
from kgan.callbacks import History
from kgan.errors import UsageError
from kgan.runs.training import train


def assert_same(first, second):
    for part, variables in first.model().state().items():
        for one, other in zip(variables, second.model().state()[part], strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_a_run_from_python_is_that_of_the_command_bit_by_bit(folder, recipe, kgan, capsys):
    assert kgan("train", recipe, "--seed", 3, "--out", "command").exit_code == 0
    capsys.readouterr()
    run = runs.train(recipe, seed=3, out="python", verbose=False)
    assert capsys.readouterr() == ("", "")
    theirs = runs.load("command")
    assert_same(theirs, run)
    assert run.folder.resolve() == folder / "python"
    # Keras numbers the names of the models that a process makes.
    assert {**run.config, "model": None} == {**theirs.config, "model": None}
    names = {path.relative_to(run.folder) for path in run.folder.glob("*")}
    assert names == {path.relative_to(theirs.folder) for path in theirs.folder.glob("*")}
    # Trained again to where it was, it is at its end; a folder is held only while it trains.
    assert runs.resume("python", verbose=False).finished
    assert_same(theirs, runs.load("python"))


OWN_STEP = """

class Own(kgan.DCGAN):
    def train_step(self, data):
        super().train_step(data)
        return {"g_loss": keras.ops.mean(data)}
"""


@pytest.mark.slow
def test_a_recipe_whose_step_logs_its_own_names(recipe):
    text = recipe.read_text().replace("import kgan\n", "import keras\nimport kgan\n" + OWN_STEP)
    recipe.write_text(text.replace("gan = kgan.DCGAN", "gan = Own"))
    run = runs.train(recipe, out="own", verbose=False)
    assert run.finished and {"g_loss", "health_diversity"} <= run.history.keys()
    assert "discriminator_loss" not in run.history
    snapshots = json.loads((run.folder / "health.json").read_text())
    assert [snapshot["epoch"] for snapshot in snapshots] == [1, 2]


@pytest.mark.slow
def test_a_run_goes_on_to_the_same_end(recipe, capsys):
    whole = runs.train(str(recipe), steps=2, out="whole", verbose=False)
    run = runs.train(recipe, steps=2, epochs=1)
    assert "epoch 1/1" in capsys.readouterr().out
    assert str(run.folder) == "runs/tiny" and run.finished
    run = runs.resume(epochs=2, verbose=False)
    assert str(run.folder) == "runs/tiny"
    assert_same(whole, run)
    for name, column in whole.history.items():
        if name != "seconds":
            np.testing.assert_array_equal(run.history[name], column)
    with pytest.raises(UsageError, match="epochs=1 differs from the run's, which is 2"):
        runs.resume("runs/tiny", epochs=1)


@pytest.mark.slow
def test_ctrl_c_waits_for_the_end_of_a_step_and_says_how_to_go_on(
    recipe, monkeypatch, interruptible
):
    end = History.on_epoch_end

    def press(self, epoch, logs=None):
        end(self, epoch, logs)
        signal.raise_signal(signal.SIGINT)  # raises nothing here

    with monkeypatch.context() as patch:
        patch.setattr(History, "on_epoch_end", press)
        with pytest.raises(KeyboardInterrupt, match=r"kgan\.runs\.resume\('run'\)"):
            runs.train(recipe, epochs=3, out="run", verbose=False)
    assert signal.getsignal(signal.SIGINT) is interruptible
    run = runs.load("run")
    assert not run.finished and not list(run.folder.glob(".*"))
    assert list(run.history["epoch"]) == [1]
    again = runs.resume("run", verbose=False)
    assert again.finished and list(run.history["epoch"]) == [1, 2, 3]
    assert_same(runs.train(recipe, epochs=3, out="whole", verbose=False), again)


@pytest.mark.slow
def test_a_run_leaves_the_precision_as_it_was(recipe):
    run = runs.train(recipe, precision="mixed_bfloat16", epochs=1, steps=1, verbose=False)
    assert keras.config.dtype_policy().name == "float32"
    assert run.model().precision == "mixed_bfloat16"


def test_a_run_that_fails_leaves_nothing(folder, recipe):
    recipe.write_text(recipe.read_text().replace("uniform(-1, 1", "uniform(0, 255"))
    for out in ("run", None):
        with pytest.raises(UsageError, match=r"\[-1, 1\]"):
            runs.train(recipe, out=out, verbose=False)
    assert list(folder.iterdir()) == [recipe]


@pytest.mark.parametrize(
    ("arguments", "argument", "message"),
    [
        ({"recipe": "dcgan_fashion_mnits"}, "recipe", "Did you mean 'dcgan_fashion_mnist'"),
        ({"recipe": "gone.py"}, "recipe", "must be a Python file"),
        ({"recipe": library}, "recipe", "name of a recipe, or the path of a Python file"),
        ({"epochs": 10**30}, "epochs", "1 to 2147483647"),
        ({"out": ""}, "out", "path of a folder"),
        ({"out": "full"}, "out", "out=full exists and is not a run"),
        ({"strategy": "multiworker"}, "out", "a folder that all workers see"),
        ({"strategy": "multiworker", "out": "run"}, "strategy", "TF_CONFIG"),
        ({"verbose": 2}, "verbose", "True or False"),
    ],
)
def test_wrong_arguments_leave_nothing(folder, monkeypatch, arguments, argument, message):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    (folder / "full").mkdir()
    (folder / "full" / "thesis.tex").write_text("mine")
    with pytest.raises(UsageError, match=message) as error:
        runs.train(**arguments)
    assert error.value.argument == argument
    assert [path.name for path in folder.iterdir()] == ["full"]


@pytest.mark.slow
def test_a_run_is_not_trained_over_nor_by_two_processes(folder, recipe, holder):
    run = runs.train(recipe, epochs=1, steps=1, out="run", verbose=False)
    with pytest.raises(UsageError, match=r"out=run is a run; .*kgan\.runs\.resume\('run'\)"):
        runs.train(recipe, out="run")
    holder(folder / "run")
    for call, argument in (
        (lambda: runs.train(recipe, out="run"), "out"),
        (lambda: runs.resume("run", epochs=2), "folder"),
    ):
        with pytest.raises(UsageError, match=f"{argument}='run' is in use by process") as error:
            call()
        assert error.value.argument == argument
    assert run.finished


def test_nothing_to_resume(folder):
    (folder / "mine").mkdir()
    for given, message in (
        (None, "folder must be given: there is nothing to resume"),
        ("gone", "folder=gone does not exist"),
        ("mine", "mine is not a run"),
        ("", "path of a folder"),
    ):
        with pytest.raises(UsageError, match=message) as error:
            runs.resume(given)
        assert error.value.argument == "folder"


@pytest.mark.slow
def test_another_recipe_is_refused_and_a_strangers_is_not_run_unasked(folder, recipe):
    run = runs.train(recipe, epochs=1, steps=1, out="run", verbose=False)
    other = recipe.with_name("other.py")
    other.write_text(recipe.read_text())
    with pytest.raises(UsageError, match=r"recipe=.*other\.py' differs from the run's"):
        runs.resume("run", recipe=other)
    witness = folder / "it ran"
    recipe.write_text(f"open({str(witness)!r}, 'w').close()\n" + recipe.read_text())
    config = run.config
    config["recipe"]["sha256"] = "0" * 64
    (folder / "run" / "config.json").write_text(json.dumps(config))
    with pytest.raises(UsageError, match="has not been run on this machine") as error:
        runs.resume("run", epochs=2)
    assert error.value.argument == "recipe" and not witness.exists()
    with pytest.warns(UserWarning, match=r"tiny\.py has changed since the run began"):
        runs.resume("run", epochs=2, recipe=recipe, verbose=False)
    assert witness.exists()


@pytest.mark.slow
def test_the_room_needs_no_tensorflow_before_it_trains(folder, recipe, python):
    runs.train(recipe, epochs=1, steps=1, out="run", verbose=False)
    code = (
        "import sys; from kgan import runs\n"
        "runs.train; runs.resume; run = runs.load('run')\n"
        "print(run.finished, sorted({'tensorflow', 'keras'} & set(sys.modules)), run)"
    )
    output = python("-c", code).communicate()[0]
    assert output == "True [] <Run 'run' of tiny, 1 epoch, finished>\n"


def test_the_names_of_the_arguments_are_those_of_a_run():
    import inspect

    from kgan.runs.arguments import NAMES

    assert set(inspect.signature(train).parameters) == {*NAMES, "recipe", "out", "verbose"}
