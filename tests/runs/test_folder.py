import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kgan.errors import UsageError
from kgan.runs import folder as run_folder


def run(path, **config):
    config = {"recipe": {"name": "tiny"}, "arguments": {}, **config}
    run_folder.write(path, config)
    return path


def test_a_new_folder_appears_together_with_its_config(folder):
    run(folder / "runs" / "a")
    assert [path.name for path in (folder / "runs").iterdir()] == ["a"]
    assert [path.name for path in (folder / "runs" / "a").iterdir()] == ["config.json"]


def test_new_runs_are_numbered(folder):
    run(folder / "runs" / "tiny-3")
    made = [str(run_folder.new(None, "tiny")) for _ in range(3)]
    assert made == ["runs/tiny", "runs/tiny-2", "runs/tiny-4"]


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
    assert run_folder.newest(None).name == "tiny_big"
    with pytest.raises(UsageError, match="nothing to resume"):
        run_folder.newest("tin")


ARGUMENTS = {"epochs": 4, "batch_size": 32, "seed": 0, "resolution": None}


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"recipe": {}}', '{"recipe": {}, "arguments": {"epochs": 1}}']
)
def test_a_config_that_is_none_is_told(folder, text):
    (folder / "config.json").write_text(text)
    with pytest.raises(UsageError, match=r"MODEL: .*config\.json is not the config\.json of a run"):
        run_folder.read(folder, "MODEL")
    with pytest.raises(UsageError, match=r"--resume: nowhere is not a run; it has no config"):
        run_folder.read(Path("nowhere"), "--resume")
    with pytest.raises(UsageError, match=r"is not a run; it has no config"):
        run_folder.read(folder / "config.json", "--resume")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("recipe.argument", 3),
        ("recipe.sha256", None),
        ("arguments.epochs", "4"),
        ("arguments.epochs", True),
        ("arguments.strategy", []),
        ("arguments.seed", 0.5),
        ("arguments.evaluate", "fd"),
        ("arguments.strict", "no"),
        ("trained_epochs", None),
        ("data", []),
        ("data.source", 1),
        ("data.split", {}),
        ("model", "DCGAN"),
    ],
)
def test_a_value_of_another_type_is_named(folder, refuses, path, value):
    config = {
        "recipe": dict.fromkeys(("name", "argument", "path", "sha256"), "tiny"),
        "arguments": {**ARGUMENTS, "evaluate": ["fd"], "strict": None, "strategy": "none"},
        "trained_epochs": 2,
        "data": {"source": "emoji", "split": "train"},
        "model": {},
    }
    run_folder.write(folder / "run", config)
    assert run_folder.read(folder / "run", "MODEL") == config
    part = config
    for key in path.split(".")[:-1]:
        part = part[key]
    part[path.split(".")[-1]] = value
    run_folder.write(folder / "run", config)
    parts = ["run/config.json is not the config", f"{path} is {value!r}", "restore it"]
    refuses(2, parts, "train", "--resume", "--out", "run")


def test_runs_that_begin_together_get_a_folder_each(folder):
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: run_folder.new(None, "tiny"), range(32)))
    assert sorted(path.name for path in made) == sorted(
        ["tiny", *(f"tiny-{number}" for number in range(2, 33))]
    )


def test_sweep_removes_only_what_a_killed_write_left(folder):
    run(folder / "run")
    (folder / "elsewhere" / ".b.png.kgan-cd34efgh").mkdir(parents=True)
    (folder / "run" / "samples").symlink_to(folder / "elsewhere")
    (folder / "run" / ".ssh").symlink_to(folder / "elsewhere")
    (folder / "run" / ".c.png.kgan-cd34efgh").symlink_to(folder / "elsewhere")
    for name in (
        ".model.keras.kgan-ab12_xyz",
        "checkpoints/.step-1.npz.kgan-cd34efgh",
        ".git",
        ".venv.d.ab12cdef",
        "checkpoints/.git",
        "mine/.a.kgan-cd34efgh",
    ):
        (folder / "run" / name).mkdir(parents=True)
        (folder / "run" / name / "half").write_text("half")
    run_folder.sweep(folder / "run")
    hidden = {".c.png.kgan-cd34efgh", ".git", ".ssh", ".venv.d.ab12cdef"}
    assert set(os.listdir(folder / "run")) == hidden | {
        *("checkpoints", "config.json", "mine", "samples")
    }
    assert os.listdir(folder / "run" / "checkpoints") == [".git"]
    assert os.listdir(folder / "elsewhere") == [".b.png.kgan-cd34efgh"]
    assert os.listdir(folder / "run" / "mine") == [".a.kgan-cd34efgh"]


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
