"""Cut the thumbnails in the README's zoo from the presets' samples: the first eight of each."""

import io
from pathlib import Path

from PIL import Image

FOLDER = Path(__file__).parent
PRESETS = FOLDER.parents[1] / "zoo" / "presets"
WIDTH = 265
BYTES = 10_000  # of a thumbnail, at most
COLOURS = (48, 24, 12)  # the first of these numbers whose file is small enough


def rows(name: str) -> int:
    """Models from images to images have their sources first, then masks where they take some, the
    results, and the true images last, which are left out; models from latents have results alone.
    """
    given = ("sources.npy", "masks.npy")
    return 1 + sum((PRESETS / name / file).exists() for file in given)


def thumbnail(name: str) -> bytes:
    """A PNG file of eight columns of a preset's samples, garments and emoji at half their size."""
    with Image.open(PRESETS / name / "samples.png") as samples:
        # A cell of the grid and its border, in pixels.
        pitch = 58 if samples.mode == "L" else (samples.height - 2) // (rows(name) + 1)
        cut = samples.crop((0, 0, 8 * pitch + 2, rows(name) * pitch + 2))
    if cut.mode == "L":  # these samples show each pixel twice in both directions
        return png(cut.resize((cut.width // 2, cut.height // 2), Image.Resampling.NEAREST))
    small = cut.resize((WIDTH, cut.height * WIDTH // cut.width), Image.Resampling.LANCZOS)
    files = (png(small.quantize(count, dither=Image.Dither.NONE)) for count in COLOURS)
    return next(file for file in files if len(file) < BYTES)


def png(image: Image.Image) -> bytes:
    """The image as a PNG file."""
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()


def main() -> None:
    for samples in PRESETS.glob("*/samples.png"):
        name = samples.parent.name
        (FOLDER / f"{name}.png").write_bytes(thumbnail(name))


if __name__ == "__main__":
    main()
