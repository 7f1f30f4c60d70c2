"""`kgan demo`: models in the browser of this machine."""

from __future__ import annotations

import contextlib
import functools
import html
import shutil
import tempfile
import webbrowser
from collections.abc import Iterator
from pathlib import Path

import click

from kgan.cli import pages
from kgan.cli.static_server import Server
from kgan.cli.terminal import say
from kgan.errors import UsageError
from kgan.files import is_empty

_INDEX = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>kgan demo</title>
<link rel="icon" href="icon.svg">
<link rel="stylesheet" href="style.css">
</head>
<body>
<header>
<h1>kgan demo</h1>
<p>Each model runs in your browser.</p>
</header>
<main class="models">
{links}
</main>
</body>
</html>
"""


@click.command(
    epilog="\b\nExample:\n"
    "  kgan demo dcgan_fashion_mnist\n"
    "  kgan demo acgan_fashion_mnist emoji_to_3d srresnet_x4 --out pages"
)
@click.argument("models", nargs=-1, required=True, metavar="MODEL…")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="A new folder that keeps the pages.  [default: a temporary one]",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    metavar="N",
    help="The port on 127.0.0.1.  [default: a free one]",
)
@click.option("--no-open", is_flag=True, help="Only print the address; open no browser.")
@pages.runtime_option
def demo(
    models: tuple[str, ...],
    out: Path | None,
    port: int,
    no_open: bool,
    onnxruntime_web: Path | None,
) -> None:
    """Show MODEL… in the browser: run folders, .keras or .onnx files, presets or their names.

    Each gets the page that `kgan export --format web` writes; several get an index. The server
    answers this machine only, until Ctrl-C.
    """
    if out is not None and out.exists() and not (out.is_dir() and is_empty(out)):
        raise UsageError(f"--out={str(out)!r} must be a new or empty folder; it holds something.")
    with _folder(out) as folder:
        write = functools.partial(pages.write, onnxruntime_web=onnxruntime_web)
        if len(models) == 1:
            folder /= "page"
            write(models[0], folder)
        else:
            _write_index(folder, [write(model, folder / f"{n}") for n, model in enumerate(models)])
        with Server(folder, port) as server:
            say(f"{server.address} (Ctrl-C ends it)")
            if not no_open:
                webbrowser.open(server.address)
            with contextlib.suppress(KeyboardInterrupt):
                server.serve_forever()


@contextlib.contextmanager
def _folder(out: Path | None) -> Iterator[Path]:
    """The folder of the pages; a temporary one for None."""
    if out is not None:
        yield out
        return
    with tempfile.TemporaryDirectory(prefix="kgan-demo-") as folder:
        yield Path(folder)


def _write_index(folder: Path, names: list[str]) -> None:
    """A page with links to the pages of models of these names, in the folders 0, 1, …"""
    from kgan.export import web

    for file in ("style.css", "icon.svg"):
        shutil.copyfile(web.PAGE / file, folder / file)
    links = (f'<a href="{n}/">{html.escape(name)}</a>' for n, name in enumerate(names))
    text = _INDEX.format(links="\n".join(links))
    (folder / "index.html").write_text(text, encoding="utf-8")
