import json

import numpy as np
import pytest

import kgan as library
from kgan import runs
from kgan.errors import UsageError
from kgan.runs import folder as run_folder

HISTORY = "epoch,seconds,generator_loss,fd\n1,2.5,0.7,\n2,2.25,0.6,31\n"


@pytest.fixture
def run(folder, recipe, tiny_gan):
    """A finished run, as its folder tells."""
    run_folder.write(
        folder / "run",
        {
            "recipe": run_folder.recipe(str(recipe)),
            "arguments": {"epochs": 2, "seed": 0},
            "trained_epochs": 2,
        },
    )
    (folder / "run" / "history.csv").write_text(HISTORY)
    tiny_gan.save(folder / "run" / "model.keras")
    return runs.load("run")


def images(gan):
    return gan.generate(3, seed=1)


def test_a_run_is_what_its_folder_holds(run, tiny_gan):
    assert str(run.folder) == "run" and run.finished
    assert run.config["arguments"] == {"epochs": 2, "seed": 0}
    np.testing.assert_array_equal(images(run.model()), images(tiny_gan))
    assert repr(run) == "<Run 'run' of tiny, 2 epochs, finished>"


def test_the_history_by_column(run):
    history = run.history
    assert list(history) == ["epoch", "seconds", "generator_loss", "fd"]
    assert history["epoch"].dtype.kind == "i" and list(history["epoch"]) == [1, 2]
    assert list(history["generator_loss"]) == [0.7, 0.6]
    np.testing.assert_array_equal(history["fd"], [np.nan, 31])
    (run.folder / "history.csv").write_text("epoch,loss\none,2\n")
    with pytest.raises(UsageError, match=r"history\.csv is damaged"):
        _ = run.history
    (run.folder / "history.csv").unlink()
    assert run.history == {}


def test_the_best_model(run, make_gan):
    with pytest.raises(UsageError, match="has no best model.*evaluate="):
        run.best()
    best = make_gan(seed=5)
    best.save(run.folder / "best.keras")
    np.testing.assert_array_equal(images(run.best()), images(best))


@pytest.mark.slow
def test_a_run_that_has_not_ended(folder, recipe, monkeypatch):
    trained = []

    def stopped(self, path):
        trained.append(self)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(library.GAN, "save", stopped)
        with pytest.raises(KeyboardInterrupt):
            runs.train(recipe, epochs=1, steps=1, out="run", verbose=False)
    run = runs.load("run")
    assert not run.finished and repr(run) == "<Run 'run' of tiny, 1 epoch, not finished>"
    np.testing.assert_array_equal(images(run.model()), images(trained[0]))
    for path in (folder / "run" / "checkpoints").iterdir():
        path.unlink()
    with pytest.raises(UsageError, match=r"has no model yet.*kgan\.runs\.resume\('run'\)"):
        run.model()


def test_a_run_that_has_not_begun(folder, recipe):
    config = {"recipe": run_folder.recipe(str(recipe)), "arguments": {"epochs": None}}
    run_folder.write(folder / "run", config)
    run = runs.load(folder / "run")
    assert not run.finished and run.history == {}
    assert repr(run) == f"<Run '{folder}/run' of tiny, not finished>"
    with pytest.raises(UsageError, match="has no model yet"):
        run.model()


def test_what_is_no_run(folder, run):
    (folder / "mine").mkdir()
    for given, message in (
        ("gone", "gone is not a run"),
        ("mine", "mine is not a run"),
        ("run/model.keras", "is not a run"),
        (5, "path of a folder"),
    ):
        with pytest.raises(UsageError, match=message) as error:
            runs.load(given)
        assert error.value.argument == "folder"
    (run.folder / "config.json").write_text("{")
    with pytest.raises(UsageError, match="is not the config.json of a run"):
        _ = run.config
    assert repr(run) == "<Run 'run', damaged>"


def test_a_class_of_a_recipe_that_was_not_run_here(run, recipe):
    """The recipe is imported only where the user names it."""
    import zipfile

    witness = recipe.with_name("it ran")
    recipe.write_text(f"open({str(witness)!r}, 'w').close()\n" + recipe.read_text())
    path = run.folder / "model.keras"
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(files["config.json"])
    config.update(class_name="My", registered_name="my>My")
    files["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    with pytest.raises(UsageError, match=f"names the recipe {recipe}.*pass recipe="):
        run.model()
    assert not witness.exists()
    with pytest.raises(UsageError, match="Could not locate class 'My'"):
        run.model(recipe=recipe)
    assert witness.exists()
