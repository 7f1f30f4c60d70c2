"""`kgan zoo`: what comes with kgan."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import click

from kgan.cli.main import Group
from kgan.cli.terminal import print_table


@click.group(cls=Group, epilog="\b\nExample:\n  kgan zoo list")
def zoo() -> None:
    """See the presets (trained), recipes (to train) and judges that come with kgan."""


@zoo.command("list", epilog="\b\nExample:\n  kgan zoo list")
def list_() -> None:
    """List presets for `kgan generate`, recipes for `kgan train`, judges for `kgan.metrics`."""
    from kgan.zoo import list_judges, list_presets, list_recipes, registry

    rows = [(n, "preset", _preset(registry.PRESETS / n, "generator")) for n in list_presets()]
    rows += [(name, "recipe", _recipe(registry.FOLDER / f"{name}.py")) for name in list_recipes()]
    rows += [(n, "judge", _preset(registry.PRESETS / n, "classifier")) for n in list_judges()]
    print_table(("name", "kind", "what it is"), rows)


def _preset(folder: Path, network: str) -> str:
    """The first paragraph of the card and the size of the network that matters."""
    paragraphs = (folder / "README.md").read_text(encoding="utf-8").split("\n\n")
    parameters = json.loads((folder / "metadata.json").read_text())["parameter_count"]
    return f"{' '.join(paragraphs[1].split())} {parameters[network]:,} parameters."


def _recipe(path: Path) -> str:
    """The first line of the file's docstring, read without running it."""
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return docstring.partition("\n")[0]
