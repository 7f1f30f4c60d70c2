import math

import numpy as np
import pytest

from kgan.checks import (
    check_flag,
    check_integer,
    check_number,
    check_path,
    check_precision,
    integers,
)
from kgan.errors import UsageError


def test_integers():
    assert check_integer("seed", np.int64(3), 0) == 3
    for value in (-1, 1.5, "1", True, None):
        with pytest.raises(UsageError, match=r"seed must be an integer of at least 0; received"):
            check_integer("seed", value, 0)
    with pytest.raises(UsageError, match=r"channels must be an integer, 1 to 4; received 5"):
        check_integer("channels", 5, 1, 4)


def test_several_integers():
    assert integers([np.int64(3), 4]) == (3, 4) == integers((3, 4))
    for values in ([3, True], [3, 1.0], "34", 3, None):
        assert integers(values) == ()


def test_numbers():
    for value in (2, 2.0, np.float32(2), np.int64(2)):
        assert check_number("weight", value, 2) == 2.0
    for value in (1.9, math.nan, math.inf, "2", True, None, [2]):
        with pytest.raises(UsageError, match=r"weight must be a number of images of at least 2;"):
            check_number("weight", value, 2, " of images")


def test_flags():
    assert check_flag("strict", True) is True
    for value in ("no", 1, None):
        with pytest.raises(UsageError, match="strict must be True or False; received"):
            check_flag("strict", value)


def test_paths(monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    assert str(check_path("source", "~/a")) == "/home/me/a"
    for value in ("", None, 3, "~no_such_user/a"):
        with pytest.raises(UsageError, match="source must be the path of a folder"):
            check_path("source", value)


def test_precisions():
    assert check_precision("dtype", "mixed_float16") == "mixed_float16"
    with pytest.raises(UsageError, match="dtype=.* Did you mean 'mixed_float16'"):
        check_precision("dtype", "mixed_flot16")
    with pytest.raises(UsageError, match="expected one of float32, mixed_bfloat16, mixed_float16"):
        check_precision("dtype", "float64")
