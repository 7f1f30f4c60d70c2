"""Colourisation of seven held-out photographs: kgan's preset, grey and one mean colour.

Models get the photographs as 8-bit grey images (Pillow's luma): as a whole, and four crops of each
of 256x256 pixels at random places. The error is the mean distance in a* and b* (CIE Lab), less is
better; the colourfulness is Hasler & Süsstrunk's, its share that of the originals' mean
(`kgan.metrics.color`), both of 8-bit images. The mean colour has the lightness of the grey image
and the mean a* and b* of all pixels of the packaged training photographs.

    pip install scikit-image
    python benchmarks/colorization.py --json colorization.json
"""

from __future__ import annotations

import argparse
import json
import os
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

import numpy as np
from pictures import crops, floats, load, photographs
from PIL import Image

import kgan
from kgan.data.photographs import packaged
from kgan.metrics.color import ab_error, colorfulness, lab

Method = Callable[[np.ndarray], np.ndarray]  # from grey to RGB pixels, uint8


def grey(picture: np.ndarray) -> np.ndarray:
    """The luma of a picture, `(height, width, 1)`."""
    return np.asarray(Image.fromarray(picture).convert("L"))[..., np.newaxis]


def neutral(pixels: np.ndarray) -> np.ndarray:
    """Grey pixels as RGB."""
    return np.repeat(pixels, 3, axis=-1)


def mean_color(pictures: Iterable[np.ndarray]) -> np.ndarray:
    """The mean a* and b* of all pixels of pictures, `(2,)`."""
    planes = [lab(floats(picture[np.newaxis]))[..., 1:].reshape(-1, 2) for picture in pictures]
    return np.concatenate(planes).mean(0)


def tinted(color: np.ndarray) -> Method:
    """The method that gives every pixel the same a* and b*."""
    from skimage.color import lab2rgb

    def colorize(pixels: np.ndarray) -> np.ndarray:
        places = lab(floats(neutral(pixels)[np.newaxis]))[0]
        places[..., 1:] = color
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of colours that RGB does not have, which are clipped
            return np.rint(255 * lab2rgb(places).clip(0, 1)).astype(np.uint8)

    return colorize


def by(model: str) -> Method:
    """The method that a model is."""
    gan = load(model)
    return lambda pixels: kgan.images.to_uint8(gan.colorize(floats(pixels[np.newaxis]), seed=0)[0])


def scores(pictures: Iterable[np.ndarray], colorize: Method) -> np.ndarray:
    """The ab error and the colourfulness of each picture's colours, `(n, 2)`."""
    rows = []
    for picture in pictures:
        real, made = floats(picture[np.newaxis]), floats(colorize(grey(picture))[np.newaxis])
        rows.append([ab_error(real, made)[0], colorfulness(made)[0]])
    return np.array(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--models", nargs="*", default=["colorization_photos"])
    parser.add_argument("--size", type=int, default=256, help="pixels of a crop's side")
    parser.add_argument("--crops", type=int, default=4, help="crops of a photograph")
    parser.add_argument("--seed", type=int, default=0, help="of the places")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", ".*should lie in")  # of bright pictures

    whole = photographs()
    names, cut = crops(whole, arguments.size, arguments.crops, arguments.seed)
    sets = {"photographs": list(whole.values()), "crops": list(cut)}
    color = mean_color(packaged("photos", "train", 3).images)
    methods: dict[str, Method] = {"grey": neutral, "mean colour": tinted(color)}
    methods |= {Path(model).name: by(model) for model in arguments.models}
    settings = {"size": arguments.size, "crops": arguments.crops, "seed": arguments.seed}
    record: dict[str, Any] = {"settings": settings, "mean_color": color.tolist()}
    record["names"] = {"photographs": list(whole), "crops": names}
    for title, pictures in sets.items():
        real = np.array([colorfulness(floats(each[np.newaxis]))[0] for each in pictures])
        print(
            f"{len(pictures):<2d} {title:23s} {'ab error':>8s} {'colourfulness':>14s} {'share':>6s}"
        )
        print(f"{'originals':26s} {0:8.2f} {real.mean():14.1f} {1:6.0%}")
        record[title] = {"originals": {"colorfulness": real.tolist()}}
        for method, colorize in methods.items():
            error, colorful = scores(pictures, colorize).T
            share = colorful.mean() / real.mean()
            print(f"{method:26s} {error.mean():8.2f} {colorful.mean():14.1f} {share:6.0%}")
            record[title][method] = {
                "mean": {"ab_error": error.mean(), "share": share},
                "ab_error": error.tolist(),
                "colorfulness": colorful.tolist(),
            }
        print()
    if arguments.json:
        arguments.json.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
