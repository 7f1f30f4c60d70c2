"""Errors name their argument, in words and as an attribute."""

import ast
import copy
import pickle
import re
from pathlib import Path

import pytest

import kgan
from kgan.errors import UnknownArgument, UsageError, older_kgan, unknown_name
from kgan.version import __version__

PACKAGE = Path(kgan.__file__).parent
FILES = [file for file in sorted(PACKAGE.glob("**/*.py")) if file.parent.name != "cli"]
# "x must", "x='a'", "x and y must", "real images must", "{argument} must", "{names[0]} must"
BEGINS = re.compile(
    r"[a-z_][a-z0-9_]*( (and|or) [a-z_]+)?( images| points)?( must|=| are )|"
    r"\{(kind|given|self\._given|names\[0\]|(argument or )?(field\.|self\.)?argument)\}"
)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_a_message_that_begins_with_an_argument_passes_it(file):
    text = file.read_text("utf-8")
    for node in ast.walk(ast.parse(text)):
        if not (isinstance(node, ast.Call) and ast.unparse(node.func) == "UsageError"):
            continue
        message, *argument = node.args
        written = ast.unparse(message).lstrip("f").strip("'\"")
        if isinstance(message, (ast.Constant, ast.JoinedStr)) and BEGINS.match(written):
            assert argument, f"{file}:{node.lineno}"


@pytest.mark.parametrize("again", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))])
def test_the_argument_is_an_attribute_and_survives_a_copy(again):
    error = again(UsageError("n must be at least 1; received 0.", "n"))
    assert (error.argument, str(error)) == ("n", "n must be at least 1; received 0.")
    assert again(UsageError("Compile first.")).argument is None


def test_the_error_of_an_unknown_name_has_its_argument():
    error = unknown_name("loss", "hing", ("hinge", "wasserstein"))
    assert error.argument == "loss"
    assert str(error).endswith("Did you mean 'hinge'?")


@pytest.mark.parametrize(
    ("error", "stop"),
    [
        (UnknownArgument("width=3 is unknown. Did you mean 'depth'?"), ""),
        (UnknownArgument("width is unknown."), ""),
        (AttributeError("module 'kgan' has no attribute 'families'"), "."),
    ],
)
def test_an_older_kgan_is_a_sentence_of_its_own(error, stop):
    expected = f"{error}{stop} This is kgan {__version__}. If it was written for an older kgan, "
    assert f"{error}{older_kgan(error)}".startswith(expected)
    assert older_kgan(ValueError("shape?")) == ""
