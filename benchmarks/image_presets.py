"""Make a preset from a run of a recipe from images to images: samples, card, weights in float32.

The samples are of held-out data and follow from seed 0: emoji evenly over Unicode's order, and
the most textured of sixteen random crops of each packaged test photograph in turn, chosen by the
original alone. A run in half precision becomes a model in float32 with the same weights.

    kgan train cut_emoji --seed 0 --out runs/cut_emoji
    python benchmarks/image_presets.py cut_emoji runs/cut_emoji --minutes "25 on two cores"
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

import keras
import numpy as np
from colorization import grey
from pictures import OTHERS, crops, energy, floats, load, photographs
from translations import drawings

import kgan
from kgan.models.stored_model import StoredModel
from kgan.zoo import registry

CARDS = Path(__file__).with_name("image_presets.json")
SIZE = 96  # pixels of the patches of photographs
TRIES = 16  # crops from which the most textured one is taken

Inputs = dict[str, np.ndarray]


def emoji(pairs: str, n: int) -> Inputs:
    """Held-out pairs, evenly over Unicode's order."""
    data = kgan.data.pairs(pairs, split="test", channels=3, batch_size=1)
    sources = data.images[np.linspace(0, data.num_images - 1, n).astype(int)]
    drawn, targets = drawings(pairs, "test")
    which = [np.abs(drawn - source).sum((1, 2, 3)).argmin() for source in sources]
    return {"sources": sources, "targets": targets[which]}


def patches(n: int, size: int) -> np.ndarray:
    """Crops of the packaged test photographs in turn, uint8 `(n, size, size, 3)`."""
    pictures = {name: image for name, image in photographs().items() if name not in OTHERS}
    names, found = list(pictures), []
    for number in range(n):
        name = names[number % len(names)]
        _, cut = crops({name: pictures[name]}, size, TRIES, seed=number)
        found.append(cut[energy(cut).argmax()])
    return np.stack(found)


def enlarged() -> Inputs:
    real = patches(8, 128)
    low = np.stack([kgan.data.shrink(image, 4) for image in real])
    return {"sources": floats(low), "targets": floats(real)}


def inpainted() -> Inputs:
    real = floats(patches(8, SIZE))
    masks = kgan.data.free_form_masks(8, (SIZE, SIZE), seed=0, shares=(0.22, 0.28))
    return {"sources": np.where(masks == 1, real, 0), "masks": masks, "targets": real}


def colored() -> Inputs:
    """Large crops, made smaller: colour follows from what is seen."""
    real = np.stack([kgan.data.shrink(image, 2) for image in patches(8, 320)])
    return {"sources": floats(np.stack(list(map(grey, real)))), "targets": floats(real)}


def segmented() -> Inputs:
    data = kgan.zoo.recipe("segmentation_emoji").data(split="test", batch_size=8, seed=0)
    images, maps = next(iter(data.as_numpy_iterator()))
    return {"sources": images, "targets": np.eye(2, dtype=np.float32)[maps]}


EXAMPLES: dict[str, Callable[[], Inputs]] = {
    "cyclegan_emoji": lambda: emoji("emoji", 16),
    "cut_emoji": lambda: emoji("emoji", 16),
    "emoji_to_3d": lambda: emoji("emoji_3d", 8),
    "srgan_x4": enlarged,
    "inpainting_photos": inpainted,
    "colorization_photos": colored,
    "segmentation_emoji": segmented,
}


def in_float32(name: str, gan: StoredModel) -> StoredModel:
    """The recipe's model with the weights of another, whatever that one's precision."""
    keras.config.set_dtype_policy("float32")
    twin = kgan.zoo.recipe(name).model()
    twin.set_class_names(gan.class_names)
    for network in gan.networks_by_name:
        for prefix in ("", "averaged_"):
            if hasattr(gan, prefix + network):
                values = getattr(gan, prefix + network).get_weights()
                getattr(twin, prefix + network).set_weights(values)
    return twin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("name", choices=EXAMPLES)
    parser.add_argument("run", help="the run, or its .keras file")
    parser.add_argument("--minutes", help="of the training, and on what, for the card")
    parser.add_argument("--out", type=Path, help="default: the preset's folder in zoo/presets")
    arguments = parser.parse_args()

    told = json.loads(CARDS.read_text(encoding="utf-8")).get(arguments.name, {})
    gan = in_float32(arguments.name, load(arguments.run))
    card = kgan.presets.Card(**told, seed=0, minutes=arguments.minutes)
    folder = arguments.out or registry.PRESETS / arguments.name
    kgan.presets.save(gan, folder, card, inputs=EXAMPLES[arguments.name]())
    size = sum(path.stat().st_size for path in folder.iterdir())
    print(f"{folder}: {size / 2**20:.1f} MiB")


if __name__ == "__main__":
    main()
