"""`kgan inpaint`: missing parts of images, by a trained model such as Inpainting."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from kgan.cli.options import seed_option
from kgan.cli.photos import photo_arguments, process_photos


@click.command(
    epilog="\b\nExample:\n"
    "  kgan inpaint inpainting_photos wall.jpg --mask graffiti.png --out clean\n"
    "  kgan inpaint inpainting_photos scans/ --mask scratches/ --out clean"
)
@photo_arguments
@click.option(
    "--mask",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE|FOLDER",
    help="A black-and-white image of the image's size, white where pixels are to be made; or a "
    "folder with one of the same name for each image.",
)
@seed_option("Of the latent, the same for all images, where the model takes one.  [default: drawn]")
def inpaint(
    model: str,
    recipe: Path | None,
    images: tuple[Path, ...],
    mask: Path,
    seed: int,
    **options: Any,
) -> None:
    """Fill parts of images with MODEL: a run folder, a .keras or .onnx file, a preset or its name.

    The pixels that are black in the mask stay as they are, bit by bit. Each image keeps its name in
    DIR, those of a FOLDER their subfolders, too; colour profile, EXIF and transparency are kept.
    """
    process_photos("inpaint", model, recipe, images, masks=mask, seed=seed, **options)
