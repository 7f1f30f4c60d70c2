"""`kgan train`: a recipe's training run, which can be killed and resumed at any moment."""

from __future__ import annotations

import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kgan.checks import PRECISIONS
from kgan.cli.evaluate import Metrics
from kgan.cli.main import COUNTS, Interrupted, OneOf, import_tensorflow
from kgan.cli.terminal import printable, say
from kgan.plurals import counted
from kgan.runs import plan as plans
from kgan.runs.cluster import STRATEGIES
from kgan.runs.session import Session, session
from kgan.runs.training import DEFAULT_RECIPE

if TYPE_CHECKING:
    from rich.console import Console

CONTENTS = {
    "model.keras": "the trained GAN; `kgan {entry} {out}` and `kgan export {out}` read it",
    "best.keras": "the GAN of the epoch with the best score, which best.json names",
    "samples.gif": "the samples of all epochs as an animation",
    "samples/": "a grid of samples after each epoch",
    "curves.png": "losses and logits over the epochs",
    "history.csv": "the same as numbers",
    "config.json": "everything that defines the run, versions included",
    "health.json": "what Health measured in each epoch",
    "checkpoints/": "what `kgan train --resume --out {out}` continues from",
}


@click.command(epilog="\b\nExample:\n  kgan train dcgan_fashion_mnist --epochs 5 --out runs/first")
@click.argument("recipe", required=False)
@click.option(
    "--data", metavar="NAME|FOLDER", help="A data set (`kgan data list`) or a folder of images."
)
@click.option("--epochs", type=COUNTS, metavar="N", help="Passes over the data.")
@click.option("--steps", type=COUNTS, metavar="N", help="Training steps per epoch.  [default: all]")
@click.option("--batch-size", type=COUNTS, metavar="N", help="Images per step, over all devices.")
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31 - 1),
    metavar="S",
    help="The same seed gives the same run.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The run folder.  [default: runs/RECIPE, runs/RECIPE-2, …]",
)
@click.option(
    "--resume",
    is_flag=True,
    help="Continue the run in --out, or the newest.",
)
@click.option("--precision", type=OneOf("--precision", PRECISIONS), help="[default: float32]")
@click.option(
    "--strategy",
    type=OneOf("--strategy", STRATEGIES),
    help="Several devices (mirrored) or machines (multiworker).  [default: none]",
)
@click.option(
    "--resolution",
    type=COUNTS,
    metavar="N",
    help="Height and width that images are resized to.",
)
@click.option(
    "--channels",
    type=click.IntRange(1, 4),
    metavar="N",
    help="1 grey, 3 colour, 2 and 4 with transparency.",
)
@click.option(
    "--evaluate",
    type=Metrics(),
    help="Scores to measure after each epoch (see `kgan evaluate --help`); the best model is kept.",
)
@click.option(
    "--strict",
    is_flag=True,
    default=None,
    help="Stop at an image file that cannot be read instead of skipping it.",
)
def train(recipe: str | None, out: Path | None, resume: bool, **given: Any) -> None:
    """Train RECIPE: the name of a recipe (`kgan zoo list`) or a Python file.

    The recipe says what the options leave open. The first recipe is
    dcgan_fashion_mnist: small images of garments, in a few minutes on two cores.
    """
    from rich.console import Console

    if resume:
        plan = plans.resumed(recipe, out, given)
    else:
        plan = plans.new(recipe or DEFAULT_RECIPE, out, given)
    if plan.finished:
        say(
            f"{plan.folder} has finished {counted(plan.config['trained_epochs'], 'epoch')}; "
            "--epochs N trains longer."
        )
        return
    console = Console(quiet=not plan.chief, highlight=False, markup=False, soft_wrap=True)
    try:
        with session(plan) as run:
            _train(run, console)
    except KeyboardInterrupt as error:
        raise Interrupted(
            f"interrupted; continue with `kgan train --resume --out "
            f"{shlex.quote(str(plan.folder))}`."
        ) from error


def _train(run: Session, console: Console) -> None:
    began = time.monotonic()
    console.print(f"recipe      {printable(run.config['recipe']['argument'])}")
    with console.status("loading TensorFlow"):
        import_tensorflow()
    with console.status("reading the data"):
        run.prepare()
    for line in run.description():
        console.print(printable(line))
    run.fit(console)
    console.print(
        f"\nDone in {_duration(time.monotonic() - began)}. Everything is in "
        f"{printable(run.folder)}:"
    )
    entry = next(iter(run.gan.entry_points()))
    for name, what in CONTENTS.items():
        if (run.folder / name).exists():
            line = f"  {name:<13} {what.format(out=shlex.quote(str(run.folder)), entry=entry)}"
            console.print(printable(line))


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
