"""What `kgan` writes to the terminal: tables and lines, in which no file name can send commands."""

from __future__ import annotations

import os
from collections.abc import Sequence

import click


def printable(text: object) -> str:
    """The text with escape sequences and other unprintable characters spelled out: `\\x1b`.

    Names of files and classes come from others; a terminal would obey what they hold.
    """
    return "".join(
        char if char.isprintable() or char in "\n\t" else char.encode("unicode_escape").decode()
        for char in str(text)
    )


def say(text: object, err: bool = False) -> None:
    """Print a line to stdout, or to stderr."""
    click.echo(printable(text), err=err)


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table whose last column wraps; nothing else is ever cut or broken.

    Where the terminal is too narrow for that, and in a pipe, each row is one whole line.
    """
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, no_wrap=heading != headings[-1])
    rows = [[printable(cell) for cell in row] for row in rows]
    for row in rows:
        table.add_row(*row)
    widths = [max(map(len, column)) + 2 for column in zip(headings, *rows, strict=True)]
    console = Console(highlight=False, markup=False)
    if not console.is_terminal or console.width < sum(widths[:-1]) + 30:
        console = Console(highlight=False, markup=False, width=sum(widths))
    console.print(table)


def open_closed_streams() -> None:
    """Open the null device for the standard streams that the shell closed (`>&-`).

    Otherwise the next file that is opened gets the number of a closed stream, and its output.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            # The lowest free number is this one, since those below are open.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
