"""The share of a training step that waits for data: recipes from images to images.

Each recipe trains on its own pipeline and on one batch that lies in memory, in turn. The share is
the difference of a step's seconds: time in which the step waits, and time that the pipeline takes
from the same cores. The median of the rounds counts.

    python benchmarks/data_wait.py --json data_wait.json

Nothing else may run.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

import keras
import tensorflow as tf
from train_step import timed_fit

from kgan import zoo

RECIPES = (
    "srresnet_x4",
    "pix2pix_emoji",
    "cyclegan_emoji",
    "cut_emoji",
    "emoji_to_3d",
    "inpainting_photos",
    "colorization_photos",
    "segmentation_emoji",
)


def step_seconds(gan: keras.Model, data: tf.data.Dataset, steps: int) -> float:
    """The mean of `steps` steps of `fit` after the first, which waits for the pipeline's start."""
    _, seconds = timed_fit(gan, data, steps)
    return seconds / steps


def measure(name: str, rounds: int, steps: int) -> dict[str, float]:
    """Milliseconds of a step with either data, and the share that the pipeline takes."""
    recipe = zoo.recipe(name)
    data = recipe.data()
    gan = recipe.model(data.image_shape)
    held = tf.data.Dataset.from_tensors(next(iter(data))).repeat()
    sides = {"pipeline": data.repeat(), "held": held}
    for side in sides.values():  # compiles
        step_seconds(gan, side, 2)
    seconds: dict[str, list[float]] = {side: [] for side in sides}
    for _ in range(rounds):
        for side, batches in sides.items():
            seconds[side].append(step_seconds(gan, batches, steps))
    medians = {side: statistics.median(values) for side, values in seconds.items()}
    return {
        "step_ms": 1000 * medians["pipeline"],
        "held_step_ms": 1000 * medians["held"],
        "share": 1 - medians["held"] / medians["pipeline"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recipes", nargs="+", default=RECIPES, help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=40, help="of a round")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows = {}
    for name in options.recipes:
        rows[name] = row = measure(name, options.rounds, options.steps)
        print(f"{name:20} {row['step_ms']:7.1f} ms  {row['share']:6.1%}", flush=True)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
