"""Which hyperparameters the default recipe should have, within a newcomer's three minutes.

Every candidate trains on the packaged 10,000 images for the same processor time, so that a slower
network sees fewer images. The figure is the Fréchet distance between 10,000 generated images and
the 10,000 of the Fashion-MNIST test split, in the 64 features of a small classifier that this
script trains on the full training split first: not those of the judge in `kgan.metrics.judge`, for
the figures in RESULTS.md are older. It needs the full data set:

    kgan data prepare fashion_mnist --from /usr/share/datasets/fashion-mnist
    python benchmarks/default_recipe.py --cpu-seconds 120 --json default_recipe.json
    python benchmarks/default_recipe.py --score dcgan_fashion_mnist runs/dcgan_fashion_mnist
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf

import kgan
from kgan.batches import in_batches
from kgan.cli import models
from kgan.metrics import frechet

BASE = {"width": 32, "latent_dim": 64, "batch_size": 64, "lr": 1e-3, "ema": 10_000}
NEAR = {"lr": 2e-3, "batch_size": 32, "latent_dim": 32}
RECIPE = NEAR | {"loss": {"loss": "hinge"}}
CANDIDATES = {
    "width 64, lr 2e-4": {"width": 64, "lr": 2e-4},
    "width 64, lr 5e-4": {"width": 64, "lr": 5e-4},
    "width 64": {"width": 64},
    "width 32, lr 2e-4": {"lr": 2e-4},
    "width 32, lr 5e-4": {"lr": 5e-4},
    "width 32": {},
    "lr 2e-3": {"lr": 2e-3},
    "width 48": {"width": 48},
    "width 24": {"width": 24},
    "batch 32": {"batch_size": 32},
    "batch 128, lr 2e-3": {"batch_size": 128, "lr": 2e-3},
    "ema 2,000": {"ema": 2_000},
    "ema 40,000": {"ema": 40_000},
    "latent 32": {"latent_dim": 32},
    "latent 128": {"latent_dim": 128},
    "cosine to 10 %": {"decay": 0.1},
    "lr 2e-3, cosine to 10 %": {"lr": 2e-3, "decay": 0.1},
    "beta_1 0": {"beta_1": 0.0},
    "hinge": {"loss": {"loss": "hinge"}},
    "least squares": {"loss": {"loss": "least_squares"}},
    "relativistic": {"loss": {"loss": "relativistic"}},
    "r1 0.1": {"loss": {"penalties": [kgan.penalties.R1(0.1)]}},
    "r1 1 every 8": {"loss": {"penalties": [kgan.penalties.R1(1.0, interval=8)]}},
    "diffaugment": {"loss": {"augment": "diffaugment"}},
    "lr 2e-3, batch 32, latent 32": NEAR,
    "near, beta_1 0": NEAR | {"beta_1": 0.0},
    "near, width 24": NEAR | {"width": 24},
    "near, lr 4e-3": NEAR | {"lr": 4e-3},
    "near, hinge = recipe": RECIPE,
    "recipe, width 48": RECIPE | {"width": 48},
    "recipe, ema 40,000": RECIPE | {"ema": 40_000},
    "recipe, cosine to 10 %": RECIPE | {"decay": 0.1},
    "label smoothing 0.1": {"loss": {"loss": kgan.losses.NonSaturating(0.1)}},
}


def arrays(split: str) -> tuple[np.ndarray, np.ndarray]:
    data = kgan.data.load("tfds:fashion_mnist", split=split)
    return data.images, data.labels


def classifier(path: Path) -> keras.Model:
    """The feature extractor: a small CNN without the last layer, and its test accuracy."""
    if not path.exists():
        keras.utils.set_random_seed(0)
        layers = keras.layers
        model = keras.Sequential(
            [
                keras.Input((28, 28, 1)),
                layers.Conv2D(32, 3, padding="same", activation="relu"),
                layers.Conv2D(32, 3, strides=2, padding="same", activation="relu"),
                layers.BatchNormalization(),
                layers.Conv2D(64, 3, padding="same", activation="relu"),
                layers.Conv2D(64, 3, strides=2, padding="same", activation="relu"),
                layers.BatchNormalization(),
                layers.Flatten(),
                layers.Dropout(0.3),
                layers.Dense(64, activation="relu", name="features"),
                layers.Dense(10),
            ]
        )
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        schedule = keras.optimizers.schedules.CosineDecay(2e-3, 4 * 468)
        model.compile(
            keras.optimizers.Adam(schedule), loss, metrics=["accuracy"], jit_compile=False
        )
        model.fit(*arrays("train"), batch_size=128, epochs=4, verbose=2)
        _, accuracy = model.evaluate(*arrays("test"), verbose=0)
        print(f"classifier: {accuracy:.2%} of the test split")
        model.save(path)
    model = keras.saving.load_model(path)
    return keras.Model(model.inputs, model.get_layer("features").output)


def statistics(extractor: keras.Model, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return frechet.statistics(in_batches(extractor, images, 500))


def train(settings: dict, cpu_seconds: float, seed: int) -> tuple[kgan.GAN, int]:
    """A GAN trained for that processor time, and the number of its epochs' images."""
    data = kgan.data.load("fashion_mnist", batch_size=settings["batch_size"], seed=seed)
    warm_up, measured = 10, 60

    def build(steps: int) -> kgan.GAN:
        keras.utils.set_random_seed(seed)
        gan = kgan.DCGAN(
            (28, 28, 1),
            latent_dim=settings["latent_dim"],
            width=settings["width"],
            ema_halflife_images=settings["ema"],
            seed=seed,
        )
        rate = settings["lr"]
        if settings.get("decay"):
            rate = keras.optimizers.schedules.CosineDecay(rate, steps, alpha=settings["decay"])
        optimizer = keras.optimizers.Adam(rate, settings.get("beta_1", 0.5))
        gan.compile(
            generator_optimizer=optimizer,
            discriminator_optimizer=optimizer,
            **settings.get("loss", {}),
        )
        return gan

    gan = build(1000)
    gan.fit(data, epochs=1, steps_per_epoch=warm_up, verbose=0)
    begin = time.process_time()
    gan.fit(data, epochs=1, steps_per_epoch=measured, verbose=0)
    steps = int(cpu_seconds / (time.process_time() - begin) * measured)
    gan = build(steps)
    gan.fit(data, epochs=1, steps_per_epoch=steps, verbose=0)
    return gan, steps * settings["batch_size"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cpu-seconds", type=float, default=260, help="for each candidate")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--only", nargs="*", choices=list(CANDIDATES))
    parser.add_argument("--score", nargs="+", help="models to score instead of training")
    parser.add_argument("--classifier", type=Path, default=Path("fashion_classifier.keras"))
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()

    extractor = classifier(arguments.classifier)
    test = statistics(extractor, arrays("test")[0])
    train_split = statistics(extractor, arrays("train")[0][:10_000])
    print(f"10,000 real training images: {frechet.frechet_distance(train_split, test):.2f}")

    def distance(gan: kgan.GAN) -> float:
        images = gan.generate(10_000, seed=1, batch_size=500)
        return frechet.frechet_distance(statistics(extractor, images), test)

    for name in arguments.score or ():
        print(f"{name:44s} {distance(models.load(models.find(name))):8.2f}")
    if arguments.score:
        return
    rows = []
    for name in arguments.only or CANDIDATES:
        for seed in range(arguments.seeds):
            keras.backend.clear_session()
            gan, images = train(BASE | CANDIDATES[name], arguments.cpu_seconds, seed)
            value = distance(gan)
            rows.append({"name": name, "seed": seed, "images": images, "distance": value})
            print(f"{name:44s} seed {seed}  {images:8d} images  {value:8.2f}", flush=True)
            if arguments.json:
                record = {
                    "cpu_seconds": arguments.cpu_seconds,
                    "tensorflow": tf.__version__,
                    "rows": rows,
                }
                arguments.json.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
