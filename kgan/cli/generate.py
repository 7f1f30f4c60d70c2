"""`kgan generate`: images from a trained GAN."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kgan.cli import models
from kgan.cli.main import COUNTS
from kgan.cli.terminal import say
from kgan.errors import UsageError
from kgan.files import is_empty, is_stream, real, replacing

if TYPE_CHECKING:
    import numpy as np

    from kgan.models import GAN


class Labels(click.ParamType):
    """Classes, as numbers between commas."""

    name = "labels"

    def convert(self, value, param, ctx) -> list[int]:
        words = value.split(",") if isinstance(value, str) else value
        try:
            labels = [int(word) for word in words]
        except ValueError:
            labels = [-1]
        if min(labels) < 0:
            raise UsageError(
                f"--labels={value} must be numbers of classes, 0 or more, between commas: "
                "--labels 0,1,2, say."
            )
        return labels


truncation_option = click.option(
    "--truncation",
    type=click.FloatRange(0, min_open=True),
    metavar="T",
    help="Redraw latents beyond ±T: closer to the average, less variety.",
)

conditions_option = click.option(
    "--conditions",
    type=click.Path(path_type=Path),
    metavar="FILE.npy",
    help="The vectors that a conditional model needs, a row an image, repeated over them.",
)


@click.command(
    epilog="\b\nExample:\n"
    "  kgan generate dcgan_fashion_mnist -n 100 --seed 7 --out garments.png\n"
    "  kgan generate runs/conditional -n 30 --labels 0,1,2 --out three_classes.png"
)
@models.model_argument
@click.option(
    "-n",
    "count",
    type=COUNTS,
    metavar="N",
    help="How many images.  [default: 64, or one for each row of a file]",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    metavar="S",
    help="Repeats the same images; drawn and printed if not given.",
)
@truncation_option
@click.option(
    "--labels",
    type=Labels(),
    metavar="L,…",
    help="Numbers of the classes, repeated over the images.  [default: each class in turn]",
)
@click.option(
    "--codes",
    type=click.Path(path_type=Path),
    metavar="FILE.npy",
    help="An InfoGAN's codes, a row an image, repeated over them.  [default: drawn]",
)
@conditions_option
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default="samples.png",
    show_default=True,
    help="A .png file (one grid), an .npz file (`images`, uint8, and `labels`, `codes` or "
    "`conditions` where there are such) or a new folder.",
)
def generate(
    model: str,
    recipe: Path | None,
    count: int | None,
    seed: int | None,
    truncation: float | None,
    labels: list[int] | None,
    codes: Path | None,
    conditions: Path | None,
    out: Path,
) -> None:
    """Generate images with MODEL: a run folder, a .keras file, a preset folder or its name."""
    write = _writer(out)
    found = models.find(model)
    seed = secrets.randbelow(2**32) if seed is None else seed
    rows = {
        name: rows_of(f"--{name}", path)
        for name, path in (("codes", codes), ("conditions", conditions))
        if path is not None
    }
    if count is None:
        count = max((len(values) for values in rows.values()), default=64)
    # A place that cannot be written is told before the images are made.
    with replacing(out) as temporary:
        gan = models.load(found, recipe)
        given = _given(gan, labels, rows, count)
        inputs = gan.sample_inputs(count, seed, truncation, **given)
        further: dict[str, Any] = {f"{name}s": inputs[name] for name in gan.generator_inputs[1:]}
        images = gan.generate(count, seed=seed, truncation=truncation, **further)
        write(temporary, images, further, _columns(gan, labels, count))
    say(f"{count} images of seed {seed}: {out}")


def rows_of(option: str, path: Path) -> np.ndarray:
    """The array of a .npy file; nothing in it is run.

    Raises:
        UsageError: it is no file of rows of numbers.
    """
    import numpy as np

    problem = "holds something else"
    try:
        array = np.load(path, allow_pickle=False)
        if isinstance(array, np.ndarray) and array.dtype.kind not in "fiub":
            problem = f"holds {array.dtype}, no real numbers"
        elif isinstance(array, np.ndarray) and array.ndim == 2 and len(array):
            return array
        elif isinstance(array, np.ndarray):
            problem = f"holds an array of the shape {array.shape}"
    except OSError as error:
        problem = f"cannot be read ({error.strerror or error})"
    except (ValueError, EOFError):
        pass
    raise UsageError(
        f"{option}={str(path)!r} must be a .npy file of an array (rows, numbers), as "
        f"numpy.save writes it; this one {problem}."
    )


def _given(gan: GAN, labels: list[int] | None, rows: dict, count: int) -> dict[str, Any]:
    """The arguments of `gan.generate` that these options mean, repeated over the images.

    Raises:
        UsageError: an option that the model does not take, or lacks; another width, or no class.
    """
    import numpy as np

    from kgan.networks.check import input_shapes

    kind, takes = type(gan).__name__, gan.generator_inputs
    options = {"labels": labels, **rows}
    for name in ("label", "code", "condition"):
        if options.get(f"{name}s") is not None and name not in takes:
            what = {"label": "classes to ask for"}.get(name, f"{name}s")
            raise UsageError(f"--{name}s is not for this model: a {kind} has no {what}.")
    if "condition" in takes and "conditions" not in rows:
        raise UsageError(
            f"--conditions must be given: this {kind} makes images of vectors of "
            f"{gan.condition_dim} numbers. Write them with numpy.save, a row an image."
        )
    if labels and gan.classes and max(labels) >= gan.classes:
        raise UsageError(
            f"--labels must be 0 to {gan.classes - 1}, one of the model's {gan.classes} classes; "
            f"received {max(labels)}."
        )
    turn = np.arange(count)
    given: dict[str, Any] = {}
    if labels:
        given["labels"] = np.array(labels, np.int32)[turn % len(labels)]
    for name, values in rows.items():
        width = input_shapes(gan.generator, "latent")[name.removesuffix("s")][-1]
        if values.shape[1] != width:
            raise UsageError(
                f"--{name} must hold rows of {width} numbers for this {kind}; received the shape "
                f"{values.shape}."
            )
        given[name] = values[turn % len(values)]
    return given


def _columns(gan: GAN, labels: list[int] | None, count: int) -> int | None:
    """The columns of a grid: one for each class that comes in turn, if they are few."""
    from kgan.images import class_columns

    if "label" not in gan.generator_inputs:
        return None
    return class_columns(len(labels) if labels else gan.classes, count)


def _writer(out: Path):
    """What writes images to `out`, with what they were made of and the columns of a grid.

    Raises:
        UsageError: no such format, or a folder that holds something.
    """
    writers = {".png": _write_grid, ".npz": _write_arrays}
    if real(out) == Path.cwd():
        raise UsageError(f"--out={str(out)!r} must not be the current folder; choose a new one.")
    if is_stream(out) and out.suffix not in writers:
        return _write_grid
    if out.is_dir() or not out.suffix:
        if out.is_file() or (out.is_dir() and not is_empty(out)):
            raise UsageError(
                f"--out={str(out)!r} exists; expected a .png or .npz file or a new or empty folder."
            )
        return _write_folder
    if out.suffix not in writers:
        raise UsageError(
            f"--out={str(out)!r} must end in .png or .npz, or be a folder without a suffix; "
            f"received {out.suffix!r}."
        )
    return writers[out.suffix]


def _write_grid(path: Path, images, further, columns: int | None) -> None:
    from kgan.images import save_grid

    save_grid(path, images, columns)


def _write_arrays(path: Path, images, further, columns) -> None:
    import numpy as np

    from kgan.images import to_uint8

    np.savez_compressed(path, images=to_uint8(images), **further)


def _write_folder(path: Path, images, further, columns) -> None:
    from kgan.images import to_pil

    digits = len(str(len(images) - 1))
    path.mkdir()
    for index, image in enumerate(images):
        to_pil(image).save(path / f"{index:0{digits}d}.png")
