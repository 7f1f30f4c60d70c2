"""Segmentation of held-out emoji on held-out photographs, trained with and without the adversary.

Trains the recipe `segmentation_emoji` once per seed with its adversarial weight, 0.02, and once
with 0, where the adversary watches only. After each epoch the mean IoU of the averaged generator is
measured on the 280 images of `data(split="test", seed=0)` of the recipe: of all pixels, the mean of
emoji and background. The table has the last epoch's and the best one's, chosen on the same images.
Each training has a folder below --out: one that has all epochs is not run again, another goes on
from its checkpoint. With --models nothing is trained; the models are measured.

    python benchmarks/segmentation.py --out runs/segmentation --json segmentation.json
    python benchmarks/segmentation.py --models segmentation_emoji
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

# As `import kgan` would, which must come before TensorFlow.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

import keras
import numpy as np
from pictures import load

import kgan
from kgan.callbacks import Checkpoint, History, history
from kgan.metrics.segmentation import confusion, iou, mean_of
from kgan.zoo import segmentation_emoji as recipe

VARIANTS = {"with the adversary": 0.02, "without": 0.0}  # adversarial_weight


def held_out() -> tuple[np.ndarray, np.ndarray]:
    """Images and label maps that no training saw."""
    images, maps = zip(*recipe.data(split="test", seed=0).as_numpy_iterator(), strict=True)
    return np.concatenate(images), np.concatenate(maps)


def measured(gan: kgan.Segmentation, images: np.ndarray, maps: np.ndarray) -> np.ndarray:
    """The counts of `kgan.metrics.segmentation.confusion`."""
    return confusion(maps, gan.segment(images), gan.classes)


class Score(keras.callbacks.Callback):
    """Logs the mean IoU on held-out images after each epoch."""

    adds_logs = True  # `fit` calls it before History

    def __init__(self, images: np.ndarray, maps: np.ndarray):
        super().__init__()
        self._held_out = images, maps

    def on_epoch_end(self, epoch, logs=None):
        logs["mean_iou"] = mean_of(measured(self.model, *self._held_out))


def trained(
    folder: Path, weight: float, seed: int, epochs: int, data: tuple[np.ndarray, np.ndarray]
) -> list[float]:
    """The mean IoU after each epoch; the folder's training goes on as far as it lacks some."""
    model, rows = folder / "model.keras", written(folder)
    if len(rows) < epochs or not model.is_file():
        keras.backend.clear_session()
        keras.utils.set_random_seed(seed)
        gan = recipe.model(seed=seed)
        gan.adversarial_weight = weight
        listeners = [
            Score(*data),
            History(folder),
            Checkpoint(folder / "checkpoints", resume=True),
        ]
        gan.fit(recipe.data(seed=seed), epochs=epochs, callbacks=listeners, verbose=2)
        gan.save(model)
        rows = written(folder)
    return rows[:epochs]


def written(folder: Path) -> list[float]:
    """The scores of the epochs that a folder's training has behind it."""
    path = folder / "history.csv"
    return [row["mean_iou"] for row in history.read(path)] if path.is_file() else []


def table(found: dict[str, dict[int, list[float]]]) -> str:
    """The last epoch and the best of each training, and their means over the seeds."""
    lines = [f"{'mean IoU':20s} {'seed':>12s} {'last':>15s} {'best':>15s} {'epoch':>6s}"]
    for variant, runs in found.items():
        for seed, values in runs.items():
            best = int(np.argmax(values))
            figures = f"{values[-1]:15.4f} {values[best]:15.4f} {best + 1:6d}"
            lines.append(f"{variant:20s} {seed:12d} {figures}")
        if len(runs) > 1:
            ends = np.array([[values[-1], max(values)] for values in runs.values()])
            both = zip(ends.mean(0), ends.std(0, ddof=1), strict=True)
            figures = "".join(f" {mean:6.4f} ± {spread:6.4f}" for mean, spread in both)
            lines.append(f"{variant:20s} {f'mean of {len(runs)}':>12s}{figures}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("runs/segmentation"))
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2])
    parser.add_argument("--epochs", type=int, default=recipe.epochs)
    parser.add_argument("--models", nargs="*", help="measure these presets, runs or files alone")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()

    data, record = held_out(), {}
    if arguments.models:
        print(f"{'IoU':26s} {'mean':>10s} {'background':>10s} {'emoji':>10s}")
        for name in arguments.models:
            counts = measured(load(name), *data)
            classes = iou(counts).tolist()
            figures = "".join(f" {value:10.4f}" for value in (mean_of(counts), *classes))
            print(f"{Path(name).name:26s}{figures}")
            record[name] = {"mean_iou": mean_of(counts), "iou": classes}
    else:
        # A seed of both, then the next, so that an early end leaves pairs.
        found: dict[str, dict[int, list[float]]] = {variant: {} for variant in VARIANTS}
        for seed in arguments.seeds:
            for variant, weight in VARIANTS.items():
                folder = arguments.out / f"weight-{weight:g}-seed-{seed}"
                print(f"{folder}: {variant}", flush=True)
                found[variant][seed] = trained(folder, weight, seed, arguments.epochs, data)
        print(table(found))
        record = {"epochs": arguments.epochs, "mean_iou": found}
    if arguments.json:
        arguments.json.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
