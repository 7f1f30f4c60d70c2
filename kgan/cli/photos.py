"""What the commands share that process photographs: arguments, the network, the report."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kgan.cli import models
from kgan.cli.main import MOST_COUNT, OneOf
from kgan.cli.terminal import printable, say
from kgan.errors import UsageError

if TYPE_CHECKING:
    from kgan.photos import Network, Report

FORMATS = ("png", "jpg", "webp", "tif")  # those of kgan.photos.saving, without importing Pillow


def photo_arguments(command: Callable) -> Callable:
    """MODEL, the images and the options that each of these commands has."""
    for decorate in (
        click.option(
            "--format",
            type=OneOf("--format", FORMATS),
            default="png",
            show_default=True,
            help="Of the results; jpg and webp lose a little.",
        ),
        click.option(
            "--tile",
            type=click.IntRange(1, MOST_COUNT),
            metavar="N",
            help="Process N x N pixels at a time, with what the network sees around them. The "
            "result is the same; smaller tiles take less memory.  [default: by the network]",
        ),
        click.option(
            "--out",
            type=click.Path(path_type=Path),
            required=True,
            metavar="DIR",
            help="A new folder.",
        ),
        click.argument("images", nargs=-1, required=True, metavar="IMAGE|FOLDER…", type=Path),
        models.model_argument,
    ):
        command = decorate(command)
    return command


def process_photos(
    entry: str,
    model: str,
    recipe: Path | None,
    images: Sequence[Path],
    out: Path,
    tile: int | None,
    format: str,
    *,
    seed: int = 0,
    scale: int | None = None,
    masks: Path | None = None,
) -> None:
    """Process image files and folders, and say what became of them.

    Raises:
        UsageError: a wrong argument; or the only image cannot be processed.
        click.ClickException: some images were skipped.
        OSError: a result could not be written; those before it stay.
    """
    from kgan.photos import files, folders, tiles

    if entry == "segment" and format in ("jpg", "webp"):
        raise UsageError(f"--format={format} holds no classes; use png or tif.")
    # A place that cannot be written is refused before the model is loaded.
    work = folders.jobs(images, out, format, masks)
    with files.made(out):
        network = find_network(model, entry, recipe)
        if scale not in (None, network.scale):
            raise UsageError(
                f"--scale={scale} must be {network.scale}, the only one that MODEL={model!r} has; "
                "leave it out, or choose another model."
            )
        tiles.tiling(network.field, network.source.smallest, tile, f"MODEL={model!r}")
        with _bars(len(work)) as progress:
            report = files.run(network, work, out, seed, tile, progress)
    _tell(report, out, len(work))


def find_network(model: str, entry: str, recipe: Path | None) -> Network:
    """The network of MODEL: its ONNX file where it has one, else Keras.

    Raises:
        UsageError: there is no such model, or it has no such entry point.
    """
    from kgan.photos import loading

    if model.endswith(".onnx"):
        return loading.load(model, entry)
    found = models.find(model)
    if models.is_preset(found):
        network = loading.of_preset(model, isinstance(found, str), entry)
        if network is not None:
            return network
    gan = models.load(found, recipe)
    models.check_entry(gan, entry, model)
    from kgan.photos import KerasNetwork

    return KerasNetwork(gan, entry, model)


def _tell(report: Report, out: Path, total: int) -> None:
    """Say what is done, what was skipped and what was not reached, and end with the exit code."""
    from kgan.photos.folders import listed

    problems = {
        file: f"IMAGE={str(file)!r}{' ' if why.startswith('cannot') else ': '}{why}"
        for file, why in report.failed.items()
    }
    if total == 1 and problems:
        raise UsageError(next(iter(problems.values())))
    for file, note in report.notes.items():
        say(f"{file}: {note}", err=True)
    for problem in problems.values():
        say(f"skipped: {' '.join(problem.split())}", err=True)
    if report.stopped is not None:
        if report.done:
            say(f"done, in {out}: {listed(report.done)}", err=True)
        say(f"not done: {listed([str(file) for file in report.left])}", err=True)
        raise report.stopped
    if report.done:
        say(f"{len(report.done)} image{'s' * (len(report.done) > 1)}: {printable(out)}")
    if problems:
        raise click.ClickException(f"{len(problems)} of {total} images were skipped.")


@contextlib.contextmanager
def _bars(total: int) -> Iterator[Callable[[int, int, int, int], None]]:
    """Bars of the images and of one's tiles on the terminal, which disappear at the end."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bars:
        images = bars.add_task("images", total=total, visible=total > 1)
        tiles = bars.add_task("tiles", total=None)

        def update(done: int, count: int, tiles_done: int, tiles_count: int) -> None:
            share = tiles_done / tiles_count if tiles_count else 0
            bars.update(images, completed=done + share, total=count)
            bars.update(tiles, completed=tiles_done, total=tiles_count or None)

        yield update
