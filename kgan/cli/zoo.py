"""`kgan zoo`: what comes with kgan."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import click

from kgan.cli.main import print_table


@click.group(epilog="\b\nExample:\n  kgan zoo list")
def zoo() -> None:
    """See the presets (trained) and recipes (to train) that come with kgan."""


@zoo.command("list", epilog="\b\nExample:\n  kgan zoo list")
def list_() -> None:
    """List the presets for `kgan generate` and the recipes for `kgan train`."""
    from kgan.zoo import list_presets, list_recipes, registry

    rows = [(name, "preset", _preset(registry.PRESETS / name)) for name in list_presets()]
    rows += [(name, "recipe", _recipe(registry.FOLDER / f"{name}.py")) for name in list_recipes()]
    print_table(("name", "kind", "what it is"), rows)


def _preset(folder: Path) -> str:
    """The first paragraph of the card and the size."""
    paragraphs = (folder / "README.md").read_text(encoding="utf-8").split("\n\n")
    parameters = json.loads((folder / "metadata.json").read_text())["parameter_count"]
    return f"{' '.join(paragraphs[1].split())} {parameters['generator']:,} parameters."


def _recipe(path: Path) -> str:
    """The first line of the file's docstring, read without running it."""
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return docstring.partition("\n")[0]
