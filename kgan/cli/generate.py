"""`kgan generate`: images from a trained GAN."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from kgan.cli import models
from kgan.cli.inputs import input_options, read_inputs, truncation_option
from kgan.cli.main import COUNTS
from kgan.cli.options import seed_option
from kgan.cli.terminal import say
from kgan.errors import UsageError
from kgan.files import atomic_write, is_empty, is_stream, real
from kgan.plurals import counted


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
    help="How many images.  [default: 64, or one per row of a file]",
)
@seed_option("Repeats the same images; drawn and printed if not given.")
@truncation_option
@input_options()
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default="samples.png",
    show_default=True,
    help="A .png file (one grid), an .npz file (`images`, uint8, and `labels`, `codes` or "
    "`conditions` if the model has them) or a new folder.",
)
def generate(
    model: str,
    recipe: Path | None,
    count: int | None,
    seed: int,
    truncation: float | None,
    out: Path,
    **options: str | None,
) -> None:
    """Generate images with MODEL: a run folder, a .keras or .onnx file, a preset or its name."""
    write = _writer(out)
    found = models.find(model, onnx=True)
    # A place that cannot be written is refused before the images are made.
    with atomic_write(out) as temporary:
        gan = models.load_to_ask(model, found, recipe, "generate")
        from kgan.images import class_columns
        from kgan.signature import in_turn

        rows = read_inputs(gan, options)
        label = gan.input_signature.label
        classes = rows.get(label.argument) if label else None
        if count is None:
            count = max((len(each) for each in rows.values() if each is not classes), default=64)
        given: dict[str, Any] = {name: in_turn(values, count) for name, values in rows.items()}
        inputs = gan.generator_inputs(count, seed, truncation, **given)
        further: dict[str, Any] = {
            field.argument: inputs[field.name] for field in gan.input_signature.conditions
        }
        images = gan.generate(count, seed, truncation, **further)
        number = len(classes) if classes is not None else label.classes if label else None
        write(temporary, images, further, class_columns(number, count))
    say(f"{counted(count, 'image')} of seed {seed}: {out}")


def _writer(out: Path):
    """The function that writes images to `out`, with their inputs, or in a grid of some columns.

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
