"""`kgan generate`: images from a trained GAN."""

from __future__ import annotations

import secrets
from pathlib import Path

import click

from kgan.cli import models
from kgan.errors import UsageError
from kgan.files import replacing


@click.command(
    epilog="\b\nExample:\n  kgan generate dcgan_fashion_mnist -n 100 --seed 7 --out garments.png"
)
@click.argument("model")
@click.option(
    "-n",
    "count",
    type=click.IntRange(1),
    default=64,
    show_default=True,
    metavar="N",
    help="How many images.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    metavar="S",
    help="Repeats the same images; drawn and printed if not given.",
)
@click.option(
    "--truncation",
    type=click.FloatRange(0, min_open=True),
    metavar="T",
    help="Redraw latents beyond ±T: closer to the average, less variety.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default="samples.png",
    show_default=True,
    help="A .png file (one grid), an .npz file (`images`, uint8) or a new folder.",
)
def generate(model: str, count: int, seed: int | None, truncation: float | None, out: Path) -> None:
    """Generate images with MODEL: a run folder, a .keras file, a preset folder or its name."""
    write = _writer(out)
    found = models.find(model)
    seed = secrets.randbelow(2**32) if seed is None else seed
    # A place that cannot be written is told before the images are made.
    with replacing(out) as temporary:
        gan = models.load(found)
        write(temporary, gan.generate(count, seed=seed, truncation=truncation))
    click.echo(f"{count} images of seed {seed}: {out}")


def _writer(out: Path):
    """What writes images to `out`.

    Raises:
        UsageError: no such format, or a folder that holds something.
    """
    if out.resolve() == Path.cwd():
        raise UsageError(f"--out={str(out)!r} must not be the current folder; choose a new one.")
    if out.is_dir() or not out.suffix:
        if out.is_file() or (out.is_dir() and any(out.iterdir())):
            raise UsageError(
                f"--out={str(out)!r} exists; expected a .png or .npz file or a new or empty folder."
            )
        return _write_folder
    writers = {".png": _write_grid, ".npz": _write_arrays}
    if out.suffix not in writers:
        raise UsageError(
            f"--out={str(out)!r} must end in .png or .npz, or be a folder without a suffix; "
            f"received {out.suffix!r}."
        )
    return writers[out.suffix]


def _write_grid(path: Path, images) -> None:
    from kgan.images import save_grid

    save_grid(path, images)


def _write_arrays(path: Path, images) -> None:
    import numpy as np

    from kgan.images import to_uint8

    np.savez_compressed(path, images=to_uint8(images))


def _write_folder(path: Path, images) -> None:
    from kgan.images import to_pil

    digits = len(str(len(images) - 1))
    path.mkdir()
    for index, image in enumerate(images):
        to_pil(image).save(path / f"{index:0{digits}d}.png")
