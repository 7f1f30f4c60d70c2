"""Options that several commands have."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from kgan.cli.main import MOST_COUNT
from kgan.errors import UsageError

MOST_SEED = 2**32 - 1  # NumPy's
SEED = click.IntRange(0, MOST_SEED)

_NUMBER = re.compile(r"[0-9]{1,9}")
label_option = click.option(
    "--label",
    callback=lambda context, option, text: int(text) if _NUMBER.fullmatch(text or "") else text,
    metavar="K",
    help="The class by number or name, for a model with classes.  [default: 0]",
)


def seed_option(
    text: str, drawn: bool = True, required: bool = False, most: int = MOST_SEED
) -> Callable[[Any], Any]:
    """The option --seed, an integer from 0 to `most`; a random one by default if it is `drawn`."""
    # click takes a default of None for a value that was given.
    default: dict[str, Any] = (
        {"default": lambda: random_seed(most)} if drawn and not required else {}
    )
    kind = click.IntRange(0, most)
    return click.option("--seed", type=kind, metavar="S", required=required, help=text, **default)


def random_seed(most: int = MOST_SEED) -> int:
    """A seed from 0 to `most`, another one each time."""
    return secrets.randbelow(most + 1)


def count_option(
    option: str, default: int | None, text: str, least: int = 1, most: int = MOST_COUNT
) -> Callable[[Any], Any]:
    """An option for an integer from `least` to `most`."""
    kind = click.IntRange(least, most)
    return click.option(
        option, type=kind, default=default, show_default=True, metavar="N", help=text
    )


def file_option(
    option: str, suffixes: Sequence[str], default: str | None, text: str
) -> Callable[[Any], Any]:
    """An option for a file to write; another suffix or a folder is refused before any work."""

    def check(context: click.Context, option: click.Parameter, path: Path | None) -> Path | None:
        if path is not None and (path.suffix not in suffixes or path.is_dir()):
            raise UsageError(
                f"{option.opts[0]}={str(path)!r} must be a file whose name ends in "
                f"{' or '.join(suffixes)}."
            )
        return path

    kind = click.Path(path_type=Path)
    return click.option(
        option,
        type=kind,
        metavar="FILE",
        default=default,
        show_default=True,
        callback=check,
        help=text,
    )


class Indices(click.ParamType):
    """Indices of images, from 0, separated by commas."""

    name = "indices"

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        return "I,J,…"

    def convert(self, value: str, param: Any, ctx: click.Context | None) -> list[int]:
        try:
            return [int(index) for index in value.split(",")]
        except ValueError:
            raise UsageError(
                f"{param.opts[0]}={value!r} must be whole numbers separated by commas, such as "
                "1,4,7."
            ) from None


def indices_option(option: str, text: str) -> Callable[[Any], Any]:
    """A required option for indices of images."""
    return click.option(option, type=Indices(), required=True, help=text)
