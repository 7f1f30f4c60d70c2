"""`kgan translate`: images from images, by a trained model such as Pix2Pix."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from kgan.cli import models
from kgan.cli.inputs import read_image
from kgan.cli.options import seed_option
from kgan.cli.terminal import printable, say
from kgan.errors import UsageError
from kgan.files import atomic_write, is_empty


@click.command(
    epilog="\b\nExample:\n  kgan translate runs/pix2pix_emoji drawings/ cat.png --out translated"
)
@models.model_argument
@click.argument("images", nargs=-1, required=True, metavar="IMAGE|FOLDER…", type=Path)
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, metavar="DIR", help="A new folder."
)
@seed_option("Of the latent, the same for all images, where the model takes one.  [default: drawn]")
def translate(
    model: str, recipe: Path | None, images: Sequence[Path], out: Path, seed: int
) -> None:
    """Translate images with MODEL: a run folder, a .keras file, a preset folder or its name.

    Each image keeps its height and width, and its name in DIR, as a PNG file. Those of a FOLDER
    keep their subfolders, too.
    """
    if out.is_file() or (out.is_dir() and not is_empty(out)):
        raise UsageError(f"--out={str(out)!r} exists; expected a new or empty folder.")
    files = _files(images)
    found = models.find(model)
    # A place that cannot be written is refused before the images are made.
    with atomic_write(out) as temporary:
        gan = models.load(found, recipe)
        models.check_entry(gan, "translate", model)
        source = next(iter(gan.entry_points()["translate"].inputs.values()))
        temporary.mkdir()
        for name, file in files.items():
            made = _translated(gan, file, source.shape[-1], seed)
            (temporary / name).parent.mkdir(parents=True, exist_ok=True)
            made.save(temporary / name)
    say(f"{len(files)} image{'s' if len(files) > 1 else ''}: {printable(out)}")


def _files(images: Sequence[Path]) -> dict[str, Path]:
    """The image files by the names that their translations get.

    Raises:
        UsageError: there is no such file, or two would get one name.
    """
    from kgan.data.decode import FORMATS
    from kgan.data.folder import image_files

    files: dict[str, Path] = {}
    for path in images:
        if not path.exists():
            raise UsageError(f"IMAGE={str(path)!r} does not exist; check the path.")
        root, found = (path, image_files(path, FORMATS)) if path.is_dir() else (path.parent, [path])
        for file in found:
            name = file.relative_to(root).with_suffix(".png").as_posix()
            if name in files:
                raise UsageError(
                    f"IMAGE={str(file)!r} and {str(files[name])!r} would both become {name!r}; "
                    "translate them into two folders."
                )
            files[name] = file
    return files


def _translated(gan, file: Path, channels: int, seed: int):
    """The translation of an image file, a Pillow image.

    Raises:
        UsageError: the file cannot be decoded, or is too small for the networks.
    """
    import numpy as np

    from kgan.images import to_pil

    image = read_image("IMAGE", file, None, channels)
    try:
        return to_pil(gan.translate(image[np.newaxis], seed=seed)[0])
    except UsageError as error:
        raise UsageError(f"IMAGE={str(file)!r}: {error}") from None
