"""`kgan segment`: the class of each pixel, by a trained model such as Segmentation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from kgan.cli.photos import photo_arguments, process_photos


@click.command(epilog="\b\nExample:\n  kgan segment segmentation_emoji street/ --out classes")
@photo_arguments
def segment(model: str, recipe: Path | None, images: tuple[Path, ...], **options: Any) -> None:
    """Segment images with MODEL: a run folder, a .keras or .onnx file, a preset or its name.

    The results are images with a palette, whose values are the numbers of the classes. Each image
    keeps its name in DIR, those of a FOLDER their subfolders, too. Transparent images are laid on
    white.
    """
    process_photos("segment", model, recipe, images, **options)
