"""The options of commands that stand for fields. Loads no NumPy, as `--help` must not."""

from __future__ import annotations

from typing import NamedTuple


class Option(NamedTuple):
    """How a command's help shows a field's option."""

    metavar: str
    help: str
    is_file: bool = False
    # Whether the field has no default.
    required: bool = False


_FILE = "FILE.npy"

OPTIONS = {
    "labels": Option("L,…", "Classes by number or name, in turn.  [default: each class in turn]"),
    "codes": Option(
        _FILE, "An InfoGAN's codes, one row per image, in turn.  [default: drawn]", True
    ),
    "conditions": Option(
        _FILE, "The vectors that a conditional model needs, one row per image.", True, True
    ),
}
"""By a field's `argument`."""
