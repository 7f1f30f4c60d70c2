"""The README's gallery: sources, results and true images of each task, on held-out data.

Examples follow from --seed alone: emoji, composites, masks and photographs. Super-resolution shows
the crop of a photograph with the largest gradients, of 16 at random places. Inpainting and
colourisation show its middle square, made 128 pixels wide for the one; for the other 256, of which
the picture has half. All else is shown pixel for pixel. A task whose preset is missing is left out.

    pip install scikit-image
    python benchmarks/gallery.py --out docs/gallery.jpg
    python benchmarks/gallery.py --out draft.jpg --model srgan_x4=runs/srgan_x4
"""

from __future__ import annotations

import argparse
import io
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

import numpy as np
from pictures import crops, energy, floats, load, photographs
from PIL import Image, ImageDraw, ImageFont

import kgan
from kgan.files import atomic_write

WIDTH = 830  # pixels, as GitHub shows a README
MARGIN, GAP, APART = 10, 6, 18  # around all, between pictures, between examples
TITLE, LABEL = (ImageFont.load_default(size) for size in (18, 13))
BLACK, GREY = (31, 35, 40), (89, 99, 110)
CELL, WIDE = 128, 196  # sides of pictures: of triples, of super-resolution
MARK = np.array([0.9, -0.8, 0.5], np.float32)  # of holes and of emoji's pixels, a pink
BYTES = 400_000

Pictures = Sequence[np.ndarray]


class Models:
    """The models by name, loaded once; None where there is none."""

    def __init__(self, given: dict[str, str]):
        self._given = given
        self._found: dict[str, Any] = {}

    def __call__(self, name: str) -> Any:
        if name not in self._found:
            there = name in self._given or name in kgan.zoo.list_presets()
            self._found[name] = load(self._given.get(name, name)) if there else None
            if not there:
                print(f"left out: {name}, which is no preset")
        return self._found[name]

    def several(self, names: dict[str, str]) -> dict[str, Any]:
        """Those of the names, by title, that there are."""
        found = {title: self(name) for title, name in names.items()}
        return {title: model for title, model in found.items() if model is not None}


# -- the page ----------------------------------------------------------------------------------


def titled(title: str, note: str, height: int) -> tuple[Image.Image, ImageDraw.ImageDraw, int]:
    """A white block with a title, its pen, and the line below which there is room."""
    block = Image.new("RGB", (WIDTH, height + 34), "white")
    pen = ImageDraw.Draw(block)
    pen.text((MARGIN, 18), title, BLACK, TITLE, "ls")
    pen.text((MARGIN + pen.textlength(title, TITLE) + 10, 18), note, GREY, LABEL, "ls")
    return block, pen, 28


def beside(title: str, note: str, heads: Sequence[str], examples: Sequence[Pictures]):
    """A block with the pictures of an example beside each other, each below its head.

    As many examples as fit are in a row.
    """
    side, count = len(examples[0][0]), len(heads)
    wide = count * side + (count - 1) * GAP
    fit = max((WIDTH - 2 * MARGIN + APART) // (wide + APART), 1)
    rows = -(-len(examples) // fit)
    block, pen, top = titled(title, note, 20 + rows * (side + GAP))
    for number, pictures in enumerate(examples):
        row, column = divmod(number, fit)
        for place, (head, picture) in enumerate(zip(heads, pictures, strict=True)):
            left = MARGIN + column * (wide + APART) + place * (side + GAP)
            if row == 0:
                pen.text((left, top + 12), head, GREY, LABEL, "ls")
            block.paste(kgan.images.to_pil(picture), (left, top + 20 + row * (side + GAP)))
    return block


def below(title: str, note: str, rows: dict[str, Pictures]) -> Image.Image:
    """A block with a named row of small pictures for each of `rows`."""
    side = len(next(iter(rows.values()))[0])
    block, pen, top = titled(title, note, len(rows) * (side + GAP))
    for name, pictures in rows.items():
        pen.text((MARGIN, top + side // 2), name, GREY, LABEL, "lm")
        right = WIDTH - MARGIN - len(pictures) * (side + GAP) + GAP
        for number, picture in enumerate(pictures):
            block.paste(kgan.images.to_pil(picture), (right + number * (side + GAP), top))
        top += side + GAP
    return block


def page(blocks: Sequence[Image.Image]) -> Image.Image:
    """The blocks below each other."""
    whole = Image.new("RGB", (WIDTH, MARGIN + sum(block.height for block in blocks)), "white")
    top = MARGIN
    for block in blocks:
        whole.paste(block, (0, top))
        top += block.height
    return whole


def save(picture: Image.Image, path: Path) -> None:
    """A JPEG file of the best quality that BYTES allow."""
    for quality in range(95, 50, -1):
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=quality, subsampling=0, optimize=True)
        if file.tell() <= BYTES:
            with atomic_write(path) as temporary:
                temporary.write_bytes(file.getvalue())
            print(f"{path}: {picture.width}x{picture.height}, {file.tell()} bytes")
            return
    raise SystemExit(f"{path} would have more than {BYTES} bytes")


# -- the tasks ---------------------------------------------------------------------------------


def chosen(seed: int, first: int, n: int) -> dict[str, np.ndarray]:
    """n of the held-out photographs in an order by seed, from one on; other tasks have others."""
    found = photographs(4)
    names = np.roll(np.random.default_rng(seed).permutation(sorted(found)), -first)[:n]
    return {str(name): found[str(name)] for name in names}


def squares(seed: int, first: int, n: int, side: int) -> np.ndarray:
    """The middle squares of photographs, made `side` pixels wide, float32."""
    made = []
    for picture in chosen(seed, first, n).values():
        height, width = picture.shape[:2]
        least = min(height, width)
        left, top = (width - least) // 2, (height - least) // 2
        middle = Image.fromarray(picture).crop((left, top, left + least, top + least))
        made.append(np.asarray(middle.resize((side, side), Image.Resampling.BICUBIC)))
    return floats(np.stack(made))


def super_resolution(models: Models, seed: int) -> Image.Image | None:
    """Crops of photographs, four times smaller and large again."""
    found = models.several({"SRResNet": "srresnet_x4", "SRGAN": "srgan_x4"})
    if not found:
        return None
    examples = []
    for name, picture in chosen(seed, 0, 2).items():
        _, cut = crops({name: picture}, WIDE, 16, seed)
        real = cut[energy(cut).argmax()]
        low = kgan.data.shrink(real, 4)
        bicubic = Image.fromarray(low).resize(real.shape[1::-1], Image.Resampling.BICUBIC)
        made = [gan.upscale(floats(low[np.newaxis]))[0] for gan in found.values()]
        examples.append([np.asarray(bicubic), *made, real])
    heads = ["bicubic", *found, "original"]
    return beside("Super-resolution 4x", "crops of photographs", heads, examples)


def translations(models: Models, seed: int) -> Image.Image | None:
    """Emoji that Google drew as Twitter would."""
    names = {"Pix2Pix": "pix2pix_emoji", "CycleGAN": "cyclegan_emoji", "CUT": "cut_emoji"}
    found = models.several(names)
    if not found:
        return None
    data = kgan.data.pairs("emoji", split="test", channels=3, batch_size=10, seed=seed)
    sources, targets = next(iter(data.as_numpy_iterator()))
    rows = {"source (Google)": sources}
    rows |= {title: gan.translate(sources) for title, gan in found.items()}
    note = "emoji in Twitter's style; Pix2Pix learned from pairs, CycleGAN and CUT without"
    return below("Translation", note, {**rows, "truth (Twitter)": targets})


def in_3d(models: Models, seed: int) -> Image.Image | None:
    """Flat emoji as solids."""
    gan = models("emoji_to_3d")
    if gan is None:
        return None
    data = kgan.data.pairs("emoji_3d", split="test", channels=3, batch_size=4, seed=seed)
    sources, targets = next(iter(data.as_numpy_iterator()))
    triples = zip(sources, gan.translate(sources), targets, strict=True)
    heads = ["source (Google)", "made", "truth (Microsoft)"]
    return beside("Translation to 3D", "flat emoji, learned from pairs", heads, list(triples))


def inpainting(models: Models, seed: int) -> Image.Image | None:
    """Crops of photographs with holes of each kind."""
    gan = models("inpainting_photos")
    if gan is None:
        return None
    real = squares(seed, 2, 4, CELL)
    masks = kgan.data.free_form_masks(4, (CELL, CELL), seed=seed, shares=(0.22, 0.28))
    holes = np.where(masks == 1, real, MARK)
    triples = list(zip(holes, gan.inpaint(real, masks), real, strict=True))
    note = "holes cover a quarter of a photograph; here they are pink"
    return beside("Inpainting", note, ["with holes", "filled", "original"], triples)


def colorization(models: Models, seed: int) -> Image.Image | None:
    """Photographs without their colours."""
    gan = models("colorization_photos")
    if gan is None:
        return None
    real = squares(seed, 6, 4, 2 * CELL)
    luma = [kgan.images.to_pil(picture).convert("L") for picture in real]
    grey = floats(np.stack([np.asarray(each) for each in luma])[..., np.newaxis])
    triples = zip(np.repeat(grey, 3, -1), gan.colorize(grey, seed=0), real, strict=True)
    shown = [[halved(picture) for picture in triple] for triple in triples]
    return beside("Colourisation", "photographs", ["grey", "coloured", "original"], shown)


def segmentation(models: Models, seed: int) -> Image.Image | None:
    """Emoji on photographs, found by their pixels."""
    gan = models("segmentation_emoji")
    if gan is None:
        return None
    recipe = kgan.zoo.recipe("segmentation_emoji")
    data = recipe.data(split="test", batch_size=4, seed=seed, resolution=CELL)
    images, maps = next(iter(data.as_numpy_iterator()))
    triples = [
        [image, marked(image, made), marked(image, real)]
        for image, made, real in zip(images, gan.segment(images), maps, strict=True)
    ]
    return beside("Segmentation", "emoji on photographs", ["image", "found", "truth"], triples)


def halved(picture: np.ndarray) -> np.ndarray:
    """A picture of half the height and width."""
    return kgan.data.shrink(kgan.images.to_uint8(picture), 2)


def marked(image: np.ndarray, label_map: np.ndarray) -> np.ndarray:
    """An image in grey, in which the pixels of an emoji are tinted."""
    grey = image.mean(-1, keepdims=True)
    return np.where(label_map[..., np.newaxis] > 0, 0.4 * grey + 0.6 * MARK, grey)


TASKS: tuple[Callable[[Models, int], Image.Image | None], ...] = (
    super_resolution,
    translations,
    in_3d,
    inpainting,
    colorization,
    segmentation,
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("docs/gallery.jpg"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--model",
        action="append",
        default=[],
        metavar="NAME=MODEL",
        help="a preset's folder, a run or a file in place of the preset of this name",
    )
    arguments = parser.parse_args()

    models = Models(dict(given.split("=", 1) for given in arguments.model))
    blocks = [task(models, arguments.seed) for task in TASKS]
    save(page([block for block in blocks if block is not None]), arguments.out)


if __name__ == "__main__":
    main()
