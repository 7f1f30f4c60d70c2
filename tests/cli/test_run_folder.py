import json
import os

import pytest

from kgan.cli import run_folder
from kgan.errors import UsageError


def run(path, **config):
    config = {"recipe": {"name": "tiny"}, "arguments": {}, **config}
    run_folder.write(path, config)
    return path


def test_a_new_folder_appears_together_with_its_config(folder):
    run(folder / "runs" / "a")
    assert [path.name for path in (folder / "runs").iterdir()] == ["a"]
    assert [path.name for path in (folder / "runs" / "a").iterdir()] == ["config.json"]


def test_new_runs_are_numbered(folder):
    assert str(run_folder.new(None, "tiny")) == "runs/tiny"
    run(folder / "runs" / "tiny")
    run(folder / "runs" / "tiny-3")
    assert str(run_folder.new(None, "tiny")) == "runs/tiny-2"


def test_an_empty_folder_is_as_good_as_a_new_one(folder):
    (folder / "empty").mkdir()
    assert run_folder.new(folder / "empty", "tiny") == folder / "empty"


def test_what_is_there_is_not_touched(folder):
    (folder / "file").write_text("mine")
    (folder / "full").mkdir()
    (folder / "full" / "thesis.tex").write_text("mine")
    for name in ("file", "full"):
        with pytest.raises(UsageError, match=r"exists and is not a run; choose"):
            run_folder.new(folder / name, "tiny")
    with pytest.raises(UsageError, match="add --resume"):
        run_folder.new(run(folder / "run"), "tiny")


def test_the_newest_is_the_one_worked_on_last(folder):
    runs = folder / "runs"
    for age, name in enumerate(["tiny-2", "tiny", "tiny-10", "tiny_big", "other"]):
        path = run(runs / name) / "config.json"
        os.utime(path, (1000 - age, 1000 - age))
    assert run_folder.newest("tiny").name == "tiny-2"
    os.utime(runs / "tiny-10" / "config.json", (2000, 2000))
    os.utime(runs / "tiny_big" / "config.json", (3000, 3000))
    assert run_folder.newest("tiny").name == "tiny-10"
    with pytest.raises(UsageError, match="nothing to resume"):
        run_folder.newest("tin")


ARGUMENTS = {"epochs": 4, "batch_size": 32, "seed": 0, "resolution": None}


def given(**values):
    return {**dict.fromkeys(ARGUMENTS), **values}


def test_a_resumed_run_keeps_its_arguments():
    config = {"arguments": ARGUMENTS}
    assert run_folder.merged(given(), config) == ARGUMENTS
    assert run_folder.merged(given(batch_size=32, epochs=4), config) == ARGUMENTS
    assert run_folder.merged(given(epochs=9), config) == {**ARGUMENTS, "epochs": 9}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"batch_size": 64}, "--batch-size=64 differs from the run's, which is 32; leave it out"),
        ({"epochs": 3}, "--epochs=3 differs from the run's, which is 4; at least that many"),
        ({"seed": 1}, "--seed=1 differs from the run's, which is 0"),
        ({"resolution": 8}, "--resolution=8 differs from the run's, which is the recipe's own"),
    ],
)
def test_other_arguments_are_refused(values, message):
    with pytest.raises(UsageError, match=message):
        run_folder.merged(given(**values), {"arguments": ARGUMENTS})


@pytest.mark.parametrize("text", ["{", "[]", '{"recipe": {}}', '{"recipe": 1, "arguments": {}}'])
def test_a_config_that_is_none_is_told(folder, text):
    (folder / "config.json").write_text(text)
    with pytest.raises(UsageError, match=r"config\.json is not the config\.json of a run"):
        run_folder.read(folder)


def test_forget_removes_only_what_write_made(folder):
    fresh, empty, used = run(folder / "fresh"), folder / "empty", run(folder / "used")
    (fresh / "samples").mkdir()
    empty.mkdir()
    run(empty)
    (used / "history.csv").write_text("epoch")
    run_folder.forget(fresh, fresh=True)
    run_folder.forget(empty, fresh=False)
    run_folder.forget(used, fresh=True)
    assert not fresh.exists()
    assert list(empty.iterdir()) == []
    assert json.loads((used / "config.json").read_text())["recipe"] == {"name": "tiny"}
