"""`kgan translate`: images from images, by a trained model such as Pix2Pix."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from kgan.cli.options import seed_option
from kgan.cli.photos import photo_arguments, process_photos


@click.command(
    epilog="\b\nExample:\n  kgan translate runs/pix2pix_emoji drawings/ cat.png --out translated"
)
@photo_arguments
@click.option("--back", is_flag=True, help="From targets to sources, where the model does both.")
@seed_option("Of the latent, the same for all images, where the model takes one.  [default: drawn]")
def translate(
    model: str,
    recipe: Path | None,
    images: tuple[Path, ...],
    seed: int,
    back: bool,
    **options: Any,
) -> None:
    """Translate images with MODEL: a run folder, a .keras or .onnx file, a preset or its name.

    Each image keeps its height and width, and its name in DIR, those of a FOLDER their subfolders,
    too. Transparent images are laid on white, unless the model takes alpha.
    """
    entry = "translate_back" if back else "translate"
    process_photos(entry, model, recipe, images, seed=seed, **options)
