"""`kgan upscale`: images with more pixels, by a trained model such as SRGAN."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from kgan.cli.photos import photo_arguments, process_photos


@click.command(epilog="\b\nExample:\n  kgan upscale srgan_x4 holiday/ portrait.jpg --out large")
@photo_arguments
@click.option(
    "--scale",
    type=click.IntRange(min=1),
    metavar="K",
    help="Checked alone: an error if MODEL has another.",
)
def upscale(
    model: str, recipe: Path | None, images: tuple[Path, ...], scale: int | None, **options: Any
) -> None:
    """Enlarge images with MODEL: a run folder, a .keras or .onnx file, a preset or its name.

    Each image keeps its name in DIR, those of a FOLDER their subfolders, too; colour profile, EXIF
    and transparency are kept.
    """
    process_photos("upscale", model, recipe, images, scale=scale, **options)
