import json
from pathlib import Path

import numpy as np
import pytest

from kgan.errors import UsageError
from kgan.runs import arguments

ARGUMENTS = {"epochs": 4, "batch_size": 32, "seed": 0, "resolution": None}


def given(**values):
    return {**dict.fromkeys(ARGUMENTS), **values}


def test_a_resumed_run_keeps_its_arguments():
    config = {"arguments": ARGUMENTS}
    assert arguments.merged(given(), config) == ARGUMENTS
    assert arguments.merged(given(batch_size=32, epochs=4), config) == ARGUMENTS
    assert arguments.merged(given(epochs=9), config) == {**ARGUMENTS, "epochs": 9}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"batch_size": 64}, "batch_size=64 differs from the run's, which is 32; leave it out"),
        ({"epochs": 3}, "epochs=3 differs from the run's, which is 4; pass at least that many"),
        ({"seed": 1}, "seed=1 differs from the run's, which is 0"),
        ({"resolution": 8}, "resolution=8 differs from the run's, which is the recipe's own"),
    ],
)
def test_other_arguments_are_refused(values, message):
    with pytest.raises(UsageError, match=message):
        arguments.merged(given(**values), {"arguments": ARGUMENTS})


def test_what_is_given_is_as_config_json_holds_it(folder):
    (folder / "snow").mkdir()
    made = arguments.checked({"epochs": np.int64(3), "evaluate": "fd, pr,fd", "data": Path("snow")})
    assert list(made) == list(arguments.NAMES)
    assert {name: value for name, value in made.items() if value is not None} == {
        "epochs": 3,
        "evaluate": ["fd", "pr"],
        "data": str(folder / "snow"),
    }
    assert json.loads(json.dumps(made)) == made
    assert arguments.checked({"data": "fashion_mnist"})["data"] == "fashion_mnist"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        *(
            (name, 10**30, f"{name} must be an integer, 1 to 2147483647; received 1000000000000")
            for name in ("epochs", "steps", "batch_size", "resolution")
        ),
        ("epochs", 0, "epochs must be an integer, 1 to"),
        ("epochs", True, "epochs must be an integer"),
        ("steps", 1.5, "steps must be an integer"),
        ("seed", -1, "seed must be an integer, 0 to 2147483647"),
        ("channels", 5, "channels must be an integer, 1 to 4"),
        ("precision", "mixed_float61", "precision='mixed_float61' is unknown.*'mixed_float16'"),
        ("strategy", "mirorred", "strategy='mirorred' is unknown.*'mirrored'"),
        ("strategy", ["mirrored"], "strategy=.* is unknown"),
        ("evaluate", "fid", "evaluate='fid' is unknown.*'fd'"),
        ("evaluate", [], "evaluate must be a list of one or more of fd,"),
        ("evaluate", [["fd"]], "evaluate=.* is unknown"),
        ("strict", "no", "strict must be True or False"),
        ("data", "", "data='' must be the name of a data set, or a folder"),
        ("data", np.zeros((2, 8, 8, 1)), "data must be the name.*ndarray.*recipe of your own"),
    ],
)
def test_what_no_run_can_have(name, value, message):
    with pytest.raises(UsageError, match=message) as error:
        arguments.checked({name: value})
    assert error.value.argument == name
