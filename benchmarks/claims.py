"""What each variant's paper claims, measured on Fashion-MNIST with the judge's eyes.

Each claim trains its recipe (`kgan.zoo`) on the full training split for some minutes of two cores,
counted as processor time, or for some epochs, the same on every machine, and adds a row with seed,
time and figures to a JSON file. The images are judged by the packaged classifier
`judge_fashion_mnist`, which no training sees. It needs the data:

    kgan data prepare fashion_mnist --from /usr/share/datasets/fashion-mnist
    python benchmarks/claims.py dcgan sngan r3gan --minutes 10
    python benchmarks/claims.py --table

A run that is cut off goes on where it was when the same command is given again.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf

import kgan
from kgan import zoo
from kgan.augment import Augment
from kgan.ema import ExponentialMovingAverage, untrained_copy
from kgan.files import atomic_write
from kgan.metrics import assignment, diversity, frechet, judge, neighbours
from kgan.signature import Label

CORES = 2
SAMPLES = 10_000
SUPERVISED_STEPS = 2000  # of the network that sees the labelled images alone
ROWS = Path(__file__).with_name("claims.json")
KEYS = ("claim", "seed", "epochs")  # of a row; a new one takes its place


def fashion_mnist(split: str) -> tuple[np.ndarray, np.ndarray]:
    data = kgan.data.load("tfds:fashion_mnist", split=split)
    return data.images, data.labels


class Budget(keras.callbacks.Callback):
    """Ends the training at the epoch that would exceed the minutes; remembers them on the disk."""

    def __init__(self, minutes: float, file: Path):
        super().__init__()
        self.minutes = minutes
        self.file = file
        self.used = json.loads(file.read_text())["minutes"] if file.exists() else 0.0

    def on_epoch_begin(self, epoch, logs=None):
        self._began = time.process_time()

    def on_epoch_end(self, epoch, logs=None):
        last = (time.process_time() - self._began) / 60 / CORES
        self.used += last
        self.file.write_text(json.dumps({"minutes": self.used, "epochs": epoch + 1}))
        self.model.stop_training = self.used + last > self.minutes

    @contextlib.contextmanager
    def paused(self):
        """What is done meanwhile does not count."""
        began = time.process_time()
        yield
        self._began += time.process_time() - began


class CriticCurve(keras.callbacks.Callback):
    """The critic's mean estimate over each quarter of an epoch, and the distance at its end.

    The estimate is of the generator in training, the distance of its average.
    """

    QUARTERS = 4

    def __init__(self, measure: Measure, budget: Budget, file: Path):
        super().__init__()
        self.measure = measure
        self.budget = budget
        self.file = file
        self.rows = json.loads(file.read_text()) if file.exists() else []

    def on_epoch_begin(self, epoch, logs=None):
        self.rows = self.rows[: self.QUARTERS * epoch]
        self._seen, self._sum = 0, 0.0

    def on_train_batch_end(self, batch, logs=None):
        steps = batch + 1
        if steps % (self.params["steps"] // self.QUARTERS) or len(self.rows) % self.QUARTERS == 3:
            return
        self._add(steps, logs)

    def on_epoch_end(self, epoch, logs=None):
        self._add(self.params["steps"], logs)
        self.file.write_text(json.dumps(self.rows))

    def _add(self, steps: int, logs) -> None:
        """A row; the logs hold the mean since the epoch's beginning."""
        with self.budget.paused():
            total = -steps * float(logs["discriminator_loss"])
            images = self.model.generate(2000, seed=1, batch_size=500)
            row = {
                "estimate": (total - self._sum) / (steps - self._seen),
                "distance": self.measure.distance(images),
            }
        self.rows.append(row)
        self._seen, self._sum = steps, total


class Augmented(keras.layers.Layer):
    """A GAN's augmentation, if it has one, while a network trains by itself."""

    def __init__(self, augment: Augment | None, seed: int):
        super().__init__()
        self.augment = None if augment is None else type(augment).from_config(augment.get_config())
        if self.augment is not None:
            self.augment.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, inputs, training=False):
        return self.augment(inputs) if training and self.augment is not None else inputs


class Measure:
    """The figures, each of a trained GAN; the real side is computed once."""

    def __init__(self) -> None:
        self.judge = judge.load()
        self.test_images, self.test_labels = fashion_mnist("test")
        self.test_features = self.judge.features(self.test_images)
        self.test = frechet.statistics(self.test_features)

    def distance(self, images: np.ndarray) -> float:
        return frechet.frechet_distance(frechet.statistics(self.judge.features(images)), self.test)

    def quality(self, gan: kgan.GAN) -> dict[str, float]:
        return {"distance": self.distance(gan.generate(SAMPLES, seed=1, batch_size=500))}

    def classes(self, gan: kgan.GAN) -> dict[str, float]:
        """How often the judge agrees with the asked class, and the diversity within classes."""
        labels = Label(10).default(SAMPLES, None)
        images = gan.generate(SAMPLES, seed=1, labels=labels, batch_size=500)
        features = self.judge.features(images)
        found = diversity.diversity_by_class(features, labels)
        real = diversity.diversity_by_class(self.test_features, self.test_labels)
        ratios = [found[label] / real[label] for label in real]
        return {
            "agreement": float((self.judge.classify(images) == labels).mean()),
            "diversity": float(np.mean(ratios)),
            "distance": self.distance(images),
        }

    def codes(self, gan: kgan.InfoGAN) -> dict[str, float]:
        """The categorical code of test images, after the best assignment; k-means on pixels."""
        found = gan.encode(self.test_images, batch_size=500)[:, :10].argmax(1)
        pixels = self.test_images.reshape(len(self.test_images), -1)
        clusters = assignment.kmeans(pixels, 10, seed=0)
        return {
            "code accuracy": assignment.assignment_accuracy(found, self.test_labels),
            "k-means accuracy": assignment.assignment_accuracy(clusters, self.test_labels),
            **self.quality(gan),
        }

    def encoder(self, gan: kgan.BiGAN) -> dict[str, float]:
        train_images, train_labels = fashion_mnist("train")
        accuracy = neighbours.one_nearest_neighbour_accuracy(
            gan.features(train_images, batch_size=500),
            train_labels,
            gan.features(self.test_images, batch_size=500),
            self.test_labels,
        )
        rebuilt = gan.reconstruct(self.test_images, batch_size=500)
        random = gan.generate(len(self.test_images), seed=1, batch_size=500)
        error = float(np.square(rebuilt - self.test_images).mean())
        chance = float(np.square(random - self.test_images).mean())
        return {"1-NN accuracy": accuracy, "error / random": error / chance, **self.quality(gan)}

    def classifier(
        self, gan: kgan.SemiSupervisedGAN, data: kgan.data.ImageDataset
    ) -> dict[str, float]:
        """Test accuracy, and that of the same network trained on the labelled images alone."""
        found = gan.classify(self.test_images, batch_size=500)
        baseline = self.supervised(gan, data)
        return {
            "accuracy": float((found == self.test_labels).mean()),
            "labels alone": baseline,
            **self.quality(gan),
        }

    def supervised(self, gan: kgan.SemiSupervisedGAN, data: kgan.data.ImageDataset) -> float:
        """Test accuracy of the same network by the labels alone, augmented and averaged alike."""
        known = data.labels >= 0
        twin = kgan.SemiSupervisedGAN.from_config(gan.get_config()).discriminator
        network = keras.Model(twin.input, twin.output["class_logits"])
        trained = keras.Sequential([Augmented(gan.augment, gan.seed), network])
        trained.compile(
            keras.optimizers.Adam(3e-4, beta_1=0.5),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            jit_compile=False,
        )
        average = untrained_copy(network)
        moving = ExponentialMovingAverage(network, average)

        def move(batch, logs):
            moving.update(32, gan.halflife(32 * (batch + 1)))

        few = tf.data.Dataset.from_tensor_slices((data.images[known], data.labels[known]))
        # Whole batches, for a normalisation over a few images would be another.
        batches = few.shuffle(int(known.sum())).repeat().batch(32)
        trained.fit(
            batches,
            steps_per_epoch=SUPERVISED_STEPS,
            verbose=0,
            callbacks=[keras.callbacks.LambdaCallback(on_train_batch_end=move)],
        )
        found = average.predict(self.test_images, batch_size=500, verbose=0).argmax(1)
        return float((found == self.test_labels).mean())


SUFFIX = "_fashion_mnist"
RECIPES = [name.removesuffix(SUFFIX) for name in zoo.list_recipes() if name.endswith(SUFFIX)]
FIGURES: dict[str, Callable[..., dict[str, float]]] = {
    **dict.fromkeys(RECIPES, Measure.quality),
    "conditional_gan": Measure.classes,
    "projection_gan": Measure.classes,
    "acgan": Measure.classes,
    "info_gan": Measure.codes,
    "bigan": Measure.encoder,
    "semi_supervised_gan": Measure.classifier,
    # A number is that of the labels, or else of the latents.
    "semi_supervised_gan-1000": Measure.classifier,
    "sngan-32": Measure.quality,
    "vanilla_dcgan-32": Measure.quality,
}


def with_latents(gan: kgan.GAN, latent_dim: int) -> kgan.GAN:
    """The same GAN, compiled alike, with latents of another length."""
    twin = type(gan).from_config(gan.get_config() | {"latent_dim": latent_dim})
    twin.compile_from_config(gan.get_compile_config())
    return twin


def run(
    name: str, minutes: float, epochs: int, seed: int, folder: Path, measure: Measure
) -> dict[str, Any]:
    """Train the recipe of `name` in `folder` and measure it; the row."""
    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    name_of_recipe, _, number = name.partition("-")
    recipe = zoo.recipe(name_of_recipe + SUFFIX)
    labelled = number and FIGURES[name] is Measure.classifier
    settings = {"labelled": int(number)} if labelled else {}
    data = recipe.data("tfds:fashion_mnist", seed=seed, **settings)
    gan = recipe.model(data.image_shape, seed=seed)
    if number and not labelled:
        gan = with_latents(gan, int(number))
    folder.mkdir(parents=True, exist_ok=True)
    budget = Budget(minutes, folder / "budget.json")
    curve = CriticCurve(measure, budget, folder / "critic.json")
    followed = [curve] if gan.two_player_loss.__class__ is kgan.losses.Wasserstein else []
    if not (folder / "model.keras").exists():
        gan.fit(
            data,
            epochs=epochs,
            verbose=2,
            callbacks=[
                kgan.callbacks.StopOnNaN(),
                budget,  # before what only measures
                kgan.callbacks.SampleGrid(folder / "samples", every_epochs=5),
                *followed,
                # At the ends of epochs alone, as the budget does.
                kgan.callbacks.Checkpoint(folder / "checkpoints", every_seconds=1e9, resume=True),
            ],
        )
        gan.save(folder / "model.keras")
    described = gan.fingerprint()
    gan = kgan.load_model(folder / "model.keras")
    if gan.fingerprint() != described:
        raise SystemExit(f"{folder} holds a model of another recipe; use another --runs folder.")
    used = json.loads((folder / "budget.json").read_text())
    row = {"claim": name, "seed": seed, "minutes": round(used["minutes"], 1)}
    row |= {"epochs": used["epochs"]}
    row |= {"images": used["epochs"] * data.steps_per_epoch * data.batch_size}
    further = (data,) if isinstance(gan, kgan.SemiSupervisedGAN) else ()
    row |= FIGURES[name](measure, gan, *further)
    if followed:
        pairs = np.array([[row["estimate"], row["distance"]] for row in curve.rows])
        row |= {"correlation": float(np.corrcoef(pairs.T)[0, 1]), "points": len(pairs)}
    return row


def save_preset(name: str, row: dict[str, Any], folder: Path) -> None:
    """The model of a row as a packaged preset, with a card that states the row."""
    gan = kgan.load_model(folder / "model.keras")
    title = zoo.recipe(name + SUFFIX).__doc__ or ""
    figures = {
        key: value
        for key, value in row.items()
        if key not in ("claim", "seed", "minutes", "epochs", "images", "points")
    }
    card = kgan.presets.Card(
        summary=title.strip(),
        recipe=f"`kgan train {name}_fashion_mnist --data tfds:fashion_mnist "
        f"--epochs {row['epochs']} --seed {row['seed']}`",
        data="Fashion-MNIST, the 60,000 images of the training split (MIT, Zalando Research)",
        seed=row["seed"],
        minutes=f"{row['minutes']} on two cores, {row['images']:,} images",
        figure="; ".join(f"{key} {value:.4g}" for key, value in figures.items()).replace(
            "distance", "Fréchet distance"
        )
        + " (judge_fashion_mnist, 10,000 samples of seed 1 against the test split)",
        license="Apache-2.0",
    )
    gan.save_to_preset(zoo.registry.PRESETS / f"{name}_fashion_mnist", card)
    zoo.registry.write_registry()


def table(rows: list[dict[str, Any]]) -> str:
    """The rows in Markdown."""
    names = list(dict.fromkeys(key for row in rows for key in row))
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    for row in rows:
        cells = (row.get(name, "") for name in names)
        lines.append(
            "| "
            + " | ".join(f"{cell:.4g}" if isinstance(cell, float) else str(cell) for cell in cells)
            + " |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("claims", nargs="*", metavar="CLAIM", help=", ".join(FIGURES))
    parser.add_argument("--minutes", type=float, default=10, help="of two cores, for each claim")
    parser.add_argument("--epochs", type=int, default=1000, help="at most so many within them")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--runs", type=Path, default=Path("runs/claims"))
    parser.add_argument("--json", type=Path, default=ROWS)
    parser.add_argument("--preset", action="store_true", help="keep each model in zoo/presets")
    parser.add_argument("--table", action="store_true", help="print the rows and train nothing")
    arguments = parser.parse_args()
    unknown = set(arguments.claims) - set(FIGURES)
    if unknown:
        parser.error(f"CLAIM must be one of {', '.join(FIGURES)}; received {', '.join(unknown)}.")
    changed = [name for name in arguments.claims if "-" in name]
    if arguments.preset and changed:
        parser.error(f"--preset keeps recipes as they are; received {', '.join(changed)}.")
    rows = json.loads(arguments.json.read_text()) if arguments.json.exists() else []
    if arguments.table:
        print(table(rows))
        return
    measure = Measure()
    for name in arguments.claims:
        minutes, epochs, seed = arguments.minutes, arguments.epochs, arguments.seed
        folder = arguments.runs / f"{name}-{seed}-{minutes:g}-{epochs}"
        row = run(name, minutes, epochs, seed, folder, measure)
        print(table([row]), flush=True)
        rows = [old for old in rows if any(old[key] != row[key] for key in KEYS)] + [row]
        with atomic_write(arguments.json) as temporary:
            temporary.write_text(json.dumps(rows, indent=1) + "\n")
        if arguments.preset:
            save_preset(name, row, folder)


if __name__ == "__main__":
    main()
