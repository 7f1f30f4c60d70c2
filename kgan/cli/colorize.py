"""`kgan colorize`: colours for grey images, by a trained model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from kgan.cli.options import seed_option
from kgan.cli.photos import photo_arguments, process_photos


@click.command(
    epilog="\b\nExample:\n  kgan colorize colorization_photos album/ --out coloured --format jpg"
)
@photo_arguments
@seed_option("Of the latent, the same for all images, where the model takes one.  [default: drawn]")
def colorize(
    model: str, recipe: Path | None, images: tuple[Path, ...], seed: int, **options: Any
) -> None:
    """Colour images with MODEL: a run folder, a .keras or .onnx file, a preset or its name.

    Of images in colour the luminance alone is used. Each image keeps its name in DIR, those of a
    FOLDER their subfolders, too; EXIF and transparency are kept.
    """
    process_photos("colorize", model, recipe, images, seed=seed, **options)
