"""Cut the thumbnails in the README's zoo from the presets' samples: the first eight of each."""

from pathlib import Path

from PIL import Image

FOLDER = Path(__file__).parent
PRESETS = FOLDER.parents[1] / "zoo" / "presets"
# Models from images to images have their sources in the first row, then masks where they take some,
# the results, and the true images in the last row, which is left out here.
OF_IMAGES = (
    *("colorization_photos", "cut_emoji", "cyclegan_emoji", "emoji_to_3d", "pix2pix_emoji"),
    *("segmentation_emoji", "srresnet_x4"),
)
ROWS = dict.fromkeys(OF_IMAGES, 2) | {"inpainting_photos": 3}
WIDTH = 265


def thumbnail(name: str) -> Image.Image:
    """Eight columns of a preset's samples, garments and emoji at half their size."""
    with Image.open(PRESETS / name / "samples.png") as samples:
        # A cell of the grid and its border, in pixels.
        pitch = 58 if samples.mode == "L" else (samples.height - 2) // (ROWS[name] + 1)
        cut = samples.crop((0, 0, 8 * pitch + 2, ROWS.get(name, 1) * pitch + 2))
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
