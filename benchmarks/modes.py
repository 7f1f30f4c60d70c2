"""Which losses and penalties miss modes: the ring of 8 and the grid of 25 Gaussians.

The data, the figures and the published rows are PacGAN's (Lin et al., 2018, arXiv:1712.04086, table
1): 2,500 samples; a sample is of high quality within three standard deviations of the nearest mode;
a mode counts with one such sample; the reverse KL divergence is KL(p_g ‖ p) over the modes, p_g the
normalised histogram of the high-quality samples, p even (`kgan.metrics.modes`). All rows of a set
have the same networks, optimizers and number of steps. A point is an image of one pixel with two
channels, so `kgan.GAN` trains on it as on any image. Each run is written to the JSON file when it
ends, and one that is there is not run again, so the benchmark can be stopped and started any time:

    python benchmarks/modes.py --json modes.json
    python benchmarks/modes.py --json modes.json --table
    python benchmarks/modes.py --picture modes.png
    python benchmarks/modes.py --optimal

The last trains discriminators alone, against a generator whose density is known, and compares them
with the optimal one, p_data / (p_data + p_model).
"""

from __future__ import annotations

import argparse
import json
import math
import os
from dataclasses import dataclass
from pathlib import Path

# As `import kgan` would, which must come before TensorFlow.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf
from keras import layers

import kgan
from kgan.files import replacing
from kgan.metrics import modes
from kgan.penalties import DRAGAN, R1, R2, GradientPenalty, Penalty

SAMPLES = 2_500
REALS = 100_000


@dataclass(frozen=True)
class Mixture:
    """Gaussians of equal weight; `scale` brings their points into [-1, 1], ten σ to spare."""

    centres: np.ndarray
    std: float
    scale: float

    def draw(self, n: int, seed: int) -> np.ndarray:
        """Real points as images of one pixel, `(n, 1, 1, d)`."""
        random = np.random.RandomState(seed)
        points = self.centres[random.randint(len(self.centres), size=n)]
        points = points + self.std * random.standard_normal(points.shape)
        return (points / self.scale).astype(np.float32)[:, None, None]

    def density(self, points: np.ndarray) -> np.ndarray:
        """p at points `(n, d)` in closed form, `(n,)`."""
        squares = np.square((points[:, None] - self.centres) / self.std).sum(axis=-1)
        normalizer = (self.std * math.sqrt(2 * math.pi)) ** points.shape[1]
        return np.exp(-squares / 2).mean(axis=1) / normalizer

    def points(self, images: np.ndarray) -> np.ndarray:
        """Images as points in the units of the centres, `(n, d)`."""
        return images.reshape(len(images), -1) * self.scale

    def scores(self, images: np.ndarray) -> dict[str, float | None]:
        """The three figures; a divergence that is not defined is None, which JSON can hold."""
        if not np.isfinite(images).all():  # a training that diverged
            return {"modes": 0, "high_quality": 0.0, "reverse_kl": None}
        arguments = (self.points(images), self.centres, self.std)
        divergence = modes.reverse_kl(*arguments)
        return {
            "modes": modes.captured(*arguments),
            "high_quality": modes.high_quality(*arguments),
            "reverse_kl": None if math.isnan(divergence) else divergence,
        }


ANGLES = 2 * np.pi * np.arange(8) / 8
LINE = np.arange(-4.0, 5.0, 2.0)
SETS = {
    "ring": Mixture(np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1), 0.01, 1.1),
    "grid": Mixture(np.stack(np.meshgrid(LINE, LINE), axis=-1).reshape(-1, 2), 0.05, 4.5),
}
PUBLISHED = {  # modes, high-quality %, reverse KL
    "ring": {
        "GAN": "6.3 | 98.2 | 0.45",
        "ALI": "6.6 | 97.6 | 0.36",
        "PacGAN2": "7.9 | 95.6 | 0.07",
    },
    "grid": {
        "GAN": "17.3 | 94.8 | 0.70",
        "ALI": "24.1 | 95.7 | 0.14",
        "PacGAN4": "24.8 | 93.6 | 0.04",
    },
}

# Chosen on the grid; RESULTS.md says how.
STEPS = 6_000
BATCH = 256
SIGNS = 4
LATENT_DIM = SIGNS + 2
RATE = 4e-3
LAST_RATE = 0.05
HALFLIFE = 60_000
WEIGHTS = (0.02, 0.005)


# -- what is compared --------------------------------------------------------------------------


@keras.saving.register_keras_serializable(package="kgan.benchmarks")
class Falling(Penalty):
    """R1 ("r1") or R2 ("r2"), its weight falling geometrically from `weight` to `last`.

    A strong penalty finds all modes, but holds the discriminator flatter than narrow modes are.
    """

    def __init__(self, name: str, weight: float, last: float, steps: int, interval: int = 1):
        super().__init__(weight, interval)
        self.name = name
        self.last = last
        self.steps = steps
        self.plain = {"r1": R1, "r2": R2}[name](weight=1.0)

    def __call__(self, critic, real, fake):
        done = tf.minimum(tf.cast(self.seed_generator.step, tf.float32) / self.steps, 1.0)
        weight = self.weight * (self.last / self.weight) ** done
        return weight * self.plain(critic, real, fake)


def falling(*names: str):
    """Penalties of a training of that many steps."""
    return lambda steps: [Falling(name, *WEIGHTS, steps) for name in names]


def constant(*penalties: Penalty):
    return lambda steps: list(penalties)


# A loss, and the penalties as a function of the number of steps.
CONFIGURATIONS = {
    "non_saturating, R1 + R2": ("non_saturating", falling("r1", "r2")),
    "relativistic, R1 + R2": ("relativistic", falling("r1", "r2")),
    "minimax": ("minimax", constant()),
    "non_saturating": ("non_saturating", constant()),
    "least_squares": ("least_squares", constant()),
    "wasserstein": ("wasserstein", constant()),
    "hinge": ("hinge", constant()),
    "relativistic": ("relativistic", constant()),
    "non_saturating, R1": ("non_saturating", falling("r1")),
    "non_saturating, DRAGAN": ("non_saturating", constant(DRAGAN(weight=10.0))),
    # The weight of its authors' code for such data.
    "wasserstein, gradient penalty": ("wasserstein", constant(GradientPenalty(weight=0.1))),
    "minimax, R1 + R2": ("minimax", falling("r1", "r2")),
    "least_squares, R1 + R2": ("least_squares", falling("r1", "r2")),
    "wasserstein, R1 + R2": ("wasserstein", falling("r1", "r2")),
    "hinge, R1 + R2": ("hinge", falling("r1", "r2")),
}
PICTURED = ("non_saturating", "non_saturating, R1 + R2")
PICTURED_SAMPLES = 20_000


# -- the networks and a run --------------------------------------------------------------------


def networks() -> tuple[keras.Model, keras.Model]:
    """A generator and a discriminator for images of one pixel with two channels.

    The generator sees the signs of four latents and the values of two. With values alone it is a
    continuous map of one connected space, and what it makes of the latents between two modes lies
    between them; the softmax makes the steps from mode to mode steep.
    """
    latents = keras.Input((LATENT_DIM,))
    signs = keras.ops.sign(latents[:, :SIGNS])
    x = layers.Concatenate()([signs, latents[:, SIGNS:]])
    for _ in range(3):
        x = layers.Dense(128, "relu", kernel_initializer="he_normal")(x)
    x = layers.Concatenate()([layers.Dense(64, "softmax")(x), x])
    generator = keras.Model(latents, layers.Reshape((1, 1, 2))(layers.Dense(2)(x)))
    return generator, critic((1, 1, 2))


def critic(shape: tuple[int, int, int]) -> keras.Model:
    """Three hidden layers and a logit."""
    images = keras.Input(shape)
    x = layers.Flatten()(images)
    for _ in range(3):
        x = layers.Dense(64, "relu", kernel_initializer="he_normal")(x)
    return keras.Model(images, layers.Dense(1)(x))


def adam(rate: float, steps: int, last: float, beta_2: float) -> keras.optimizers.Optimizer:
    """Adam without momentum; its rate falls on a cosine to the share `last`."""
    schedule = keras.optimizers.schedules.CosineDecay(rate, steps, alpha=last)
    return keras.optimizers.Adam(schedule, 0.0, beta_2)


def build(name: str, steps: int, seed: int) -> kgan.GAN:
    keras.utils.set_random_seed(seed)
    gan = kgan.GAN(*networks(), ema_halflife_images=HALFLIFE, seed=seed)
    loss, penalties = CONFIGURATIONS[name]
    optimizer = adam(RATE, steps, LAST_RATE, beta_2=0.9)
    gan.compile(
        loss,
        generator_optimizer=optimizer,
        discriminator_optimizer=optimizer,
        penalties=penalties(steps),
        steps_per_execution=25,
    )
    return gan


def train(gan: kgan.GAN, data: Mixture, steps: int, callbacks=()) -> None:
    reals = data.draw(REALS, gan.seed)
    gan.fit(
        reals,
        batch_size=BATCH,
        epochs=1,
        steps_per_epoch=steps,
        verbose=0,
        callbacks=callbacks,
    )


def run(data: Mixture, name: str, seed: int, steps: int) -> dict[str, float | None]:
    """The figures of one training."""
    keras.backend.clear_session()
    gan = build(name, steps, seed)
    train(gan, data, steps)
    return data.scores(gan.generate(SAMPLES, seed=seed, batch_size=SAMPLES))


# -- the competition ---------------------------------------------------------------------------


def recorded(path: Path | None, recipe: dict) -> list[dict]:
    """The rows of the JSON file, none if there is no file yet."""
    if path is None or not path.exists():
        return []
    record = json.loads(path.read_text())
    if record["recipe"] != recipe:
        raise SystemExit(
            f"--json {path} must hold runs of the recipe {recipe}; it holds runs of "
            f"{record['recipe']}. Choose another file."
        )
    return record["rows"]


def write(path: Path, recipe: dict, rows: list[dict]) -> None:
    """The JSON file, whole or as it was."""
    with replacing(path) as temporary:
        record = {"recipe": recipe, "rows": rows}
        temporary.write_text(json.dumps(record, indent=1) + "\n")


def compete(arguments: argparse.Namespace, recipe: dict, rows: list[dict]) -> None:
    """Run what `rows` lacks and add it there: a seed of all configurations, then the next."""
    done = {(row["set"], row["configuration"], row["seed"]) for row in rows}
    for seed in range(arguments.seeds):
        for name in arguments.only or CONFIGURATIONS:
            for data in arguments.set or SETS:
                if (data, name, seed) in done:
                    continue
                row = {"set": data, "configuration": name, "seed": seed}
                row |= run(SETS[data], name, seed, arguments.steps)
                rows.append(row)
                print(row, flush=True)
                if arguments.json:
                    write(arguments.json, recipe, rows)


def table(rows: list[dict], data: str) -> str:
    """One set's rows as Markdown: mean ± standard deviation over the seeds."""
    lines = [
        f"| {data} | seeds | modes of {len(SETS[data].centres)} | high quality, % | reverse KL |",
        "|---|---|---|---|---|",
    ]
    for name in CONFIGURATIONS:
        found = [row for row in rows if row["set"] == data and row["configuration"] == name]
        if not found:
            continue
        cells = [
            spread([row["modes"] for row in found], 1),
            spread([100 * row["high_quality"] for row in found], 1),
            spread([row["reverse_kl"] for row in found], 4),
        ]
        lines.append(f"| {name} | {len(found)} | {' | '.join(cells)} |")
    lines += [f"| PacGAN's table 1: {name} | | {row} |" for name, row in PUBLISHED[data].items()]
    return "\n".join(lines)


def spread(values: list[float | None], digits: int) -> str:
    """Mean ± standard deviation of a sample; a dash where a run has no value."""
    if None in values:
        return "–"
    mean = f"{np.mean(values):.{digits}f}"
    return mean if len(values) == 1 else f"{mean} ± {np.std(values, ddof=1):.{digits}f}"


# -- the picture -------------------------------------------------------------------------------


def picture(path: Path, steps: int) -> None:
    """The density of the samples as training goes on, the real density at the right."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    data = SETS["grid"]
    moments = [steps // 40, steps // 8, steps // 3, steps]
    figure, axes = pyplot.subplots(
        len(PICTURED), len(moments) + 1, figsize=(10, 2.1 * len(PICTURED)), squeeze=False
    )
    for name, row in zip(PICTURED, axes, strict=True):
        gan = build(name, steps, seed=0)
        shown = Snapshots(moments)
        train(gan, data, steps, callbacks=[shown])
        for axis, moment, images in zip(row, moments, shown.images, strict=False):
            density(axis, data.points(images))
            axes[0, moments.index(moment)].set_title(f"{moment:,} steps", fontsize=9)
        density(row[-1], data.points(data.draw(PICTURED_SAMPLES, seed=1)))
        row[0].set_ylabel(name, fontsize=9)
    axes[0, -1].set_title("real", fontsize=9)
    figure.tight_layout()
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=110)
    pyplot.close(figure)


class Snapshots(keras.callbacks.Callback):
    """Samples of the averaged generator after each of some numbers of steps."""

    def __init__(self, moments: list[int]):
        super().__init__()
        self.moments = moments
        self.images: list[np.ndarray] = []

    def on_train_batch_end(self, batch, logs=None):
        # Keras calls once for all steps of an execution.
        if len(self.images) < len(self.moments) and batch + 1 >= self.moments[len(self.images)]:
            self.images.append(self.model.generate(PICTURED_SAMPLES, seed=1, batch_size=1000))


def density(axis, points: np.ndarray) -> None:
    """A histogram, the square root of its counts as colour, so that thin bridges show."""
    edges = np.linspace(-5, 5, 101)
    counts, _, _ = np.histogram2d(points[:, 0], points[:, 1], bins=[edges, edges])
    axis.imshow(np.sqrt(counts.T), origin="lower", extent=(-5, 5, -5, 5), cmap="magma")
    axis.set_xticks([])
    axis.set_yticks([])


# -- the optimal discriminator -----------------------------------------------------------------


@dataclass(frozen=True)
class Duel:
    """A known density against another known one, both on a line within [-1, 1]."""

    data: Mixture
    model: Mixture

    def generator(self) -> keras.Model:
        """A fixed map from two latents to samples of `model`, an even mixture of two Gaussians."""
        (low,), (high,) = self.model.centres
        latents = keras.Input((2,))
        centre = keras.ops.where(latents[:, :1] > 0, float(high), float(low))
        points = centre + self.model.std * latents[:, 1:]
        return keras.Model(latents, layers.Reshape((1, 1, 1))(points))

    def optimal(self, points: np.ndarray) -> np.ndarray:
        """p_data / (p_data + p_model): Goodfellow et al., 2014, arXiv:1406.2661, proposition 1."""
        data, model = self.data.density(points), self.model.density(points)
        return data / (data + model)


def line(*centres: float, std: float) -> Mixture:
    return Mixture(np.array(centres)[:, None], std, scale=1.0)


DUELS = {
    "one wide Gaussian against two": Duel(line(0.0, std=0.15), line(-0.25, 0.25, std=0.1)),
    "three narrow Gaussians against two": Duel(
        line(-0.5, 0.0, 0.4, std=0.06), line(-0.4, 0.2, std=0.12)
    ),
}


def optimality(duel: Duel, steps: int, seed: int = 0) -> dict[str, float]:
    """Train the discriminator alone; its mean distance from the optimal one on both's samples."""
    keras.utils.set_random_seed(seed)
    # A generator without weights has nothing to learn.
    gan = kgan.GAN(duel.generator(), critic((1, 1, 1)), ema_halflife_images=None, seed=seed)
    gan.compile(
        "minimax",
        discriminator_optimizer=adam(5e-3, steps, last=0.0, beta_2=0.99),
        steps_per_execution=25,
    )
    train(gan, duel.data, steps)
    distances = {}
    for side, mixture in (("data", duel.data), ("model", duel.model)):
        images = mixture.draw(10_000, seed + 1)
        judged = keras.ops.sigmoid(gan.discriminator(images))[:, 0]
        optimal = duel.optimal(mixture.points(images).astype(np.float64))
        distances[side] = float(np.abs(np.asarray(judged) - optimal).mean())
    return distances


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--set", nargs="+", choices=list(SETS), help="both by default")
    parser.add_argument("--only", nargs="+", choices=list(CONFIGURATIONS), metavar="NAME")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--steps", type=int, default=STEPS, help="of each training")
    parser.add_argument("--json", type=Path, help="where runs are kept and found again")
    parser.add_argument("--table", action="store_true", help="print the JSON file's table, no run")
    parser.add_argument("--picture", type=Path, help="draw samples during training, nothing else")
    parser.add_argument("--optimal", action="store_true", help="the discriminator's check alone")
    arguments = parser.parse_args()
    if arguments.table and not arguments.json:
        parser.error("--table needs --json FILE, whose rows it prints")

    if arguments.picture:
        picture(arguments.picture, arguments.steps)
    elif arguments.optimal:
        print("| mean distance from the optimal D on samples of | data | model |\n|---|---|---|")
        for name, duel in DUELS.items():
            distances = optimality(duel, steps=2_000)
            print(f"| {name} | {distances['data']:.4f} | {distances['model']:.4f} |", flush=True)
    else:
        recipe = {
            "steps": arguments.steps,
            "batch_size": BATCH,
            "latents": [LATENT_DIM, SIGNS],
            "rate": [RATE, LAST_RATE],
            "halflife_images": HALFLIFE,
            "penalty_weights": list(WEIGHTS),
            "tensorflow": tf.__version__,
        }
        rows = recorded(arguments.json, recipe)
        if not arguments.table:
            compete(arguments, recipe, rows)
        for data in arguments.set or SETS:
            print(table(rows, data), end="\n\n")


if __name__ == "__main__":
    # With networks this small, two operations at a time are faster than two threads for one.
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(2)
    main()
