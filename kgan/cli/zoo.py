"""`kgan zoo`: what comes with kgan."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import click


@click.group(epilog="\b\nExample:\n  kgan zoo list")
def zoo() -> None:
    """See the presets (trained) and recipes (to train) that come with kgan."""


@zoo.command("list", epilog="\b\nExample:\n  kgan zoo list")
def list_() -> None:
    """List the presets for `kgan generate` and the recipes for `kgan train`."""
    from rich.console import Console
    from rich.table import Table

    from kgan.zoo import list_presets, list_recipes, registry

    rows = [(name, "preset", _preset(registry.PRESETS / name)) for name in list_presets()]
    rows += [(name, "recipe", _recipe(registry.FOLDER / f"{name}.py")) for name in list_recipes()]
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("name", no_wrap=True)
    table.add_column("kind", no_wrap=True)
    table.add_column("what it is")
    for row in rows:
        table.add_row(*row)
    console = Console(highlight=False)
    # A name is never cut: in a narrow terminal the lines run over, and a pipe gets whole lines.
    names = max((len(name) for name, _, _ in rows), default=0)
    whole = max((len(" ".join(row)) for row in rows), default=0) + names
    wide = console.is_terminal and console.width >= names + 40
    console.print(table, width=console.width if wide else whole, crop=False, soft_wrap=not wide)


def _preset(folder: Path) -> str:
    """The first paragraph of the card and the size."""
    paragraphs = (folder / "README.md").read_text(encoding="utf-8").split("\n\n")
    parameters = json.loads((folder / "metadata.json").read_text())["parameter_count"]
    return f"{' '.join(paragraphs[1].split())} {parameters['generator']:,} parameters."


def _recipe(path: Path) -> str:
    """The first line of the file's docstring, read without running it."""
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return docstring.partition("\n")[0]
