"""Cut the thumbnails in the README's zoo from the presets' samples: the first eight of each."""

from pathlib import Path

from PIL import Image

FOLDER = Path(__file__).parent
PRESETS = FOLDER.parents[1] / "zoo" / "presets"
WIDTH = 265


def rows(name: str) -> int:
    """Models from images to images have their sources first, then masks where they take some, the
    results, and the true images last, which are left out; models from latents have results alone.
    """
    given = ("sources.npy", "masks.npy")
    return 1 + sum((PRESETS / name / file).exists() for file in given)


def thumbnail(name: str) -> Image.Image:
    """Eight columns of a preset's samples, garments and emoji at half their size."""
    with Image.open(PRESETS / name / "samples.png") as samples:
        # A cell of the grid and its border, in pixels.
        pitch = 58 if samples.mode == "L" else (samples.height - 2) // (rows(name) + 1)
        cut = samples.crop((0, 0, 8 * pitch + 2, rows(name) * pitch + 2))
    if cut.mode == "L":  # these samples show each pixel twice in both directions
        return cut.resize((cut.width // 2, cut.height // 2), Image.Resampling.NEAREST)
    small = WIDTH, cut.height * WIDTH // cut.width
    return cut.resize(small, Image.Resampling.LANCZOS).quantize(48, dither=Image.Dither.NONE)


def main() -> None:
    for samples in PRESETS.glob("*/samples.png"):
        name = samples.parent.name
        thumbnail(name).save(FOLDER / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
