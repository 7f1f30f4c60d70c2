"""What imports what: arrows point down only."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]


def _files():
    """Every file of the library by its module's name, once installed."""
    found = {}
    for folder in ("kgan", "zoo", "export"):
        for file in (ROOT / folder).rglob("*.py"):
            parts = file.relative_to(ROOT).with_suffix("").parts
            parts = parts if folder == "kgan" else ("kgan", *parts)
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


def _imported(name, file, modules):
    """The modules that a file imports while it is imported itself."""
    package = name if file.name == "__init__.py" else name.rpartition(".")[0]
    pending = list(ast.parse(file.read_text("utf-8")).body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names if each.name in modules)
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")[: len(package.split(".")) - node.level + 1]
            base = ".".join([*(parts if node.level else []), *filter(None, [node.module])])
            for each in node.names:
                inner = f"{base}.{each.name}"
                if inner in modules or base in modules:
                    yield inner if inner in modules else base
        elif isinstance(node, (ast.If, ast.Try, ast.With)):
            test = ast.unparse(node.test) if isinstance(node, ast.If) else ""
            pending += [] if test == "TYPE_CHECKING" else node.body


def test_no_module_imports_itself_in_a_circle():
    files = _files()
    assert len(files) > 200
    graph = {name: set(_imported(name, file, files)) - {name} for name, file in files.items()}
    assert "kgan.models.variant" in graph["kgan.models.dcgan"]
    while True:  # take away what imports nothing that is left
        ends = [name for name, imports in graph.items() if not imports & graph.keys()]
        if not ends:
            break
        for name in ends:
            del graph[name]
    # What is left lies on a circle, or imports one.
    assert not {name: sorted(imports & graph.keys()) for name, imports in graph.items()}
