"""`kgan evaluate`: how good a trained GAN is, and what that was measured with."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kgan.cli import models
from kgan.cli.inputs import input_options, read_inputs, truncation_option
from kgan.cli.main import COUNTS, OneOf
from kgan.cli.options import seed_option
from kgan.cli.terminal import print_table, say
from kgan.errors import UsageError
from kgan.files import atomic_write
from kgan.metrics import measures
from kgan.metrics.extractors.names import NAMES as EXTRACTORS

if TYPE_CHECKING:
    from kgan.data import ImageDataset
    from kgan.metrics.protocol import Score
    from kgan.models import GAN

MOST_SEED = 2**31 - 1  # each repeat takes the next seed


class Metrics(click.ParamType):
    """Names of metrics between commas."""

    name = "metrics"

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        return "M,…"

    def convert(self, value, param, ctx) -> list[str]:
        names = value.split(",") if isinstance(value, str) else value
        try:
            return list(measures.get([name.strip() for name in names if name.strip()]))
        except UsageError as error:
            # `kgan train` has the same names under another option.
            raise UsageError(param.opts[0] + str(error).removeprefix("metrics")) from None


@click.command(
    epilog="\b\nExample:\n"
    "  kgan evaluate dcgan_fashion_mnist --metrics fd,pr --seed 1 --html report.html"
)
@models.model_argument
@click.option(
    "--data",
    metavar="NAME|FOLDER",
    help="The real images.  [default: those that the model learned from]",
)
@click.option(
    "--split",
    metavar="S",
    help="The split of a TFDS data set.  [default: the one that the model learned from, or train]",
)
@click.option(
    "--metrics",
    type=Metrics(),
    default=",".join(measures.DEFAULT),
    show_default=True,
    help=f"Of {', '.join(measures.MEASURES)}.",
)
@click.option(
    "--samples",
    type=click.IntRange(2, COUNTS.max),
    default=10_000,
    show_default=True,
    metavar="N",
    help="Generated images per repeat.",
)
@click.option(
    "--repeats",
    type=COUNTS,
    default=3,
    show_default=True,
    metavar="N",
    help="How often to measure, each time with other latents.",
)
@seed_option("Repeats the same scores; drawn and printed if not given.", most=MOST_SEED)
@click.option(
    "--extractor",
    type=OneOf("--extractor", EXTRACTORS),
    help="What turns images into features.  [default: the judge where it fits, else "
    "efficientnet_lite0]",
)
@click.option(
    "--weights",
    type=click.Path(path_type=Path),
    metavar="FILE.pth",
    help="The canonical weights of --extractor inception, if they are not to be downloaded.",
)
@click.option(
    "--reference",
    type=click.Path(path_type=Path),
    metavar="FILE.npz",
    help="The real images' features, saved earlier, in place of --data.",
)
@truncation_option
@input_options(required=True)
@click.option(
    "--json", "json_file", type=click.Path(path_type=Path), metavar="FILE", help="Write the scores."
)
@click.option(
    "--html",
    "html_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write a report with pictures, in one file.",
)
def evaluate(
    model: str,
    recipe: Path | None,
    data: str | None,
    split: str | None,
    metrics: list[str],
    samples: int,
    repeats: int,
    seed: int,
    extractor: str | None,
    weights: Path | None,
    reference: Path | None,
    truncation: float | None,
    json_file: Path | None,
    html_file: Path | None,
    **options: str | None,
) -> None:
    """Measure MODEL: a run folder, a .keras file, a preset folder or its name.

    Each score is the mean over the repeats with their standard deviation and, for some metrics, its
    standard error from their own sample, beside everything that defines it. Scores with other
    definitions are not comparable.

    `gan.evaluate` in Python is something else: it computes the losses. kgan.metrics.Evaluator
    computes these scores.
    """
    if reference is not None and (data is not None or split is not None):
        raise UsageError("--reference replaces --data and --split; give one of them.")
    if weights is not None and extractor != "inception":
        raise UsageError("--weights is for --extractor inception; leave it out.")
    for option, path in (("--json", json_file), ("--html", html_file)):
        if path is not None and path.is_dir():
            raise UsageError(f"{option}={str(path)!r} must be a file; it is a folder.")
    if json_file is not None and json_file == html_file and not json_file.is_char_device():
        raise UsageError(f"--json and --html must be two files; received {str(json_file)!r} twice.")
    found = models.find(model)
    with contextlib.ExitStack() as files:
        # A place that cannot be written is refused before anything is measured.
        json_to = None if json_file is None else files.enter_context(atomic_write(json_file))
        html_to = None if html_file is None else files.enter_context(atomic_write(html_file))
        gan = models.load(found, recipe)
        models.check_entry(gan, "generate", model)
        history = [] if html_file is None else models.history_of(found)
        from kgan.metrics import Evaluator, extractors, references, report

        chosen = extractors.inception.load(weights) if weights else extractor
        described = models.data_of(found) if data is None else {"source": data}
        if split is not None:
            if described is None:
                raise UsageError(
                    f"--split={split} needs --data: the training data of {model} are unknown."
                )
            described["split"] = split
        dataset = None if reference or described is None else _data(gan, described)
        measure = Evaluator(
            dataset,
            metrics,
            samples=samples,
            seed=seed,
            repeats=repeats,
            extractor=chosen,
            reference=None if reference is None else references.load(reference),
            truncation=truncation,
            inputs=read_inputs(gan, options),
        )
        with _progress() as progress:
            evaluation = measure(gan, progress)
        if json_to is not None:
            whole = {"model": model, "class": type(gan).__name__, **evaluation.to_json()}
            json_to.write_text(json.dumps(whole, indent=2) + "\n", encoding="utf-8")
        if html_to is not None:
            report.write(html_to, evaluation, gan, dataset, model, history)
    _print(evaluation.scores)
    say(f"seed {seed}")
    for path in (json_file, html_file):
        if path is not None:
            say(f"written: {path}")


def _data(gan: GAN, described: dict[str, Any]) -> ImageDataset:
    """The real images in the model's image shape."""
    from kgan.data import load

    height, width, channels = gan.image_shape
    resolution = height if height == width else None
    return load(**described, resolution=resolution, channels=channels, batch_size=1)


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """A bar on the terminal, which disappears at the end."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("images", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _print(scores: list[Score]) -> None:
    """A table of the scores."""
    print_table(
        ("score", "value", "deviation", "error", "", "measured with"),
        [
            (
                score.name,
                f"{score.value:.4g}",
                "" if score.deviation is None else f"{score.deviation:.2g}",
                "" if score.error is None else f"{score.error:.2g}",
                score.direction,
                str(score.protocol),
            )
            for score in scores
        ],
    )
