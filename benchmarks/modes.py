"""Which losses and penalties miss modes: a ring of 8, a grid of 25, and 1,000 stacked garments.

Ring and grid, their figures and the published rows are PacGAN's (Lin et al., 2018,
arXiv:1712.04086, table 1): 2,500 samples; a sample is of high quality within three standard
deviations of the nearest mode; a mode counts if it holds one of them; the reverse KL divergence is
KL(p_g ‖ p) over the modes, p_g the normalised histogram of the high-quality samples, p even
(`kgan.metrics.modes`). A point is an image of one pixel with two channels, so `kgan.GAN` trains on
it as on any image. The stacked set has three images of Fashion-MNIST's training split as the
channels of one (as Stacked MNIST: Srivastava et al., "VEEGAN", 2017, arXiv:1705.07761); its modes
are the triples of classes that the packaged judge sees in 26,000 samples, all of which count.

All rows of a set have the same networks, optimizers and number of steps. Each run is written to the
JSON file when it ends, and one that is there is not run again, so the benchmark can be stopped and
started any time:

    kgan data prepare fashion_mnist --from /usr/share/datasets/fashion-mnist
    python benchmarks/modes.py --json modes.json --processes 2
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
import multiprocessing
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

# As `import kgan` would, which must come before TensorFlow.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf
from keras import layers

import kgan
from kgan.files import atomic_write
from kgan.metrics import judge, modes
from kgan.penalties import DRAGAN, R1, R2, GradientPenalty, Penalty
from kgan.schedules import Cosine
from kgan.signature import Image, Latent, Signature

REALS = 100_000
SIGNS = 4
LATENT_DIM = SIGNS + 2


@dataclass(frozen=True)
class Recipe:
    """How every loss and penalty trains on a set; RESULTS.md says how the numbers were chosen."""

    steps: int
    batch_size: int
    rate: float  # of both players' Adam, without momentum; falls on a cosine
    last_rate: float  # as a share of `rate`
    beta_2: float
    halflife_images: float | None = None  # of the average
    weights: tuple[float, float] = (0.0, 0.0)  # of R1 and R2, at the start and at the end
    gradient_penalty: float = 10.0  # its weight
    interval: int = 1  # of the penalties, in discriminator updates


@dataclass(frozen=True)
class Mixture:
    """Gaussians of equal weight; `scale` brings their points into [-1, 1], ten σ to spare."""

    centres: np.ndarray
    std: float
    scale: float
    recipe: Recipe

    SAMPLES = 2_500

    @property
    def modes(self) -> int:
        return len(self.centres)

    def networks(self, seed: int) -> tuple[keras.Model, keras.Model]:
        """A generator and a discriminator for images of one pixel with two channels.

        The generator sees the signs of four latents and the values of two. With values alone it is
        a continuous map of one connected space, and what it makes of the latents between two modes
        lies between them; the softmax makes the steps from mode to mode steep.
        """
        latents = keras.Input((LATENT_DIM,))
        signs = keras.ops.sign(latents[:, :SIGNS])
        x = layers.Concatenate()([signs, latents[:, SIGNS:]])
        for _ in range(3):
            x = layers.Dense(128, "relu", kernel_initializer="he_normal")(x)
        x = layers.Concatenate()([layers.Dense(64, "softmax")(x), x])
        generator = keras.Model(latents, layers.Reshape((1, 1, 2))(layers.Dense(2)(x)))
        return generator, critic((1, 1, 2))

    def data(self, seed: int) -> tf.data.Dataset:
        """Batches of real points, without end."""
        points = tf.data.Dataset.from_tensor_slices(self.draw(REALS, seed))
        return points.shuffle(REALS, seed).repeat().batch(self.recipe.batch_size)

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


@dataclass(frozen=True)
class Stacked:
    """Three images of Fashion-MNIST as the channels of one; a mode is a triple of classes."""

    recipe: Recipe

    SAMPLES = 26_000
    WIDTH = 16
    modes = 1000

    def networks(self, seed: int) -> tuple[keras.Model, keras.Model]:
        """DCGAN's, but for the discriminator's normalisation, which not every penalty allows."""
        shape = (28, 28, 3)
        return (
            kgan.networks.DCGAN(self.WIDTH).generator(
                Signature(Latent(64)), Image(shape), seed=seed
            ),
            kgan.networks.DCGAN(self.WIDTH, normalization="none").discriminator(
                Signature(Image(shape)), seed=seed
            ),
        )

    def data(self, seed: int) -> tf.data.Dataset:
        """Batches of stacked images, without end; each image of the training split in turn."""
        source = kgan.data.load("tfds:fashion_mnist", batch_size=1000)
        images = tf.constant(np.concatenate(list(source.as_numpy_iterator())))
        order = tf.data.Dataset.range(len(images)).shuffle(len(images), seed).repeat()
        triples = order.batch(3 * self.recipe.batch_size)

        def stack(indices):
            drawn = tf.reshape(tf.gather(images, indices), (3, -1, 28, 28))
            return tf.transpose(drawn, (1, 2, 3, 0))

        return triples.map(stack)

    def scores(self, images: np.ndarray) -> dict[str, float | None]:
        """Modes and divergence as the judge sees them; every sample is of some class."""
        if not np.isfinite(images).all():
            return {"modes": 0, "high_quality": None, "reverse_kl": None}
        classify = judge.load().classify
        classes = [classify(images[..., [channel]]) for channel in range(3)]
        counts = np.bincount(np.dot([100, 10, 1], classes), minlength=self.modes)
        return {
            "modes": int(np.count_nonzero(counts)),
            "high_quality": None,
            "reverse_kl": modes.kl_to_even(counts),
        }


ANGLES = 2 * np.pi * np.arange(8) / 8
LINE = np.arange(-4.0, 5.0, 2.0)
SETS = {
    "ring": Mixture(
        np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1),
        std=0.01,
        scale=1.1,
        recipe=Recipe(6_000, 256, 2e-3, 0.05, 0.9, 60_000, (0.02, 0.01), 0.1),
    ),
    "grid": Mixture(
        np.stack(np.meshgrid(LINE, LINE), axis=-1).reshape(-1, 2),
        std=0.05,
        scale=4.5,
        recipe=Recipe(6_000, 256, 4e-3, 0.05, 0.9, 60_000, (0.02, 0.005), 0.1),
    ),
    "stacked": Stacked(Recipe(10_000, 32, 4e-3, 0.1, 0.99, 10_000, (1.0, 0.1), 10.0, interval=16)),
}
SEEDS = {"ring": 10, "grid": 10, "stacked": 3}
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
    "stacked": {
        "Stacked MNIST, DCGAN": "30.6 | | 5.99",
        "Stacked MNIST, Unrolled": "327.2 | | 4.66",
        "Stacked MNIST, PacDCGAN4": "667.4 | | 1.81",
        "Stacked MNIST, R3GAN's loss, R1 + R2": "1000 | | 0.078",
        "Stacked MNIST, non-saturating, R1 + R2": "693 | | 0.927",
    },
}

# -- what is compared --------------------------------------------------------------------------


def falling(*penalties: type[Penalty]):
    """Penalties whose weight falls as the set's recipe says.

    A strong penalty finds all modes, but holds the discriminator flatter than narrow modes are.
    """
    return lambda recipe: [
        kind(Cosine(*recipe.weights, recipe.steps), interval=recipe.interval) for kind in penalties
    ]


def alone(recipe: Recipe) -> list[Penalty]:
    """A loss without a penalty."""
    return []


# A loss, and the penalties as a function of the set's recipe. `zero_sum` is not among them: its
# gradients are those of minimax.
CONFIGURATIONS = {
    "non_saturating, R1 + R2": ("non_saturating", falling(R1, R2)),
    "relativistic, R1 + R2": ("relativistic", falling(R1, R2)),
    "minimax": ("minimax", alone),
    "non_saturating": ("non_saturating", alone),
    "least_squares": ("least_squares", alone),
    "wasserstein": ("wasserstein", alone),
    "hinge": ("hinge", alone),
    "relativistic": ("relativistic", alone),
    "relativistic_average": ("relativistic_average", alone),
    "non_saturating, R1": ("non_saturating", falling(R1)),
    "non_saturating, R2": ("non_saturating", falling(R2)),
    "non_saturating, DRAGAN": (
        "non_saturating",
        lambda recipe: [DRAGAN(weight=10.0, interval=recipe.interval)],
    ),
    "wasserstein, gradient penalty": (
        "wasserstein",
        lambda recipe: [GradientPenalty(recipe.gradient_penalty, recipe.interval)],
    ),
    "minimax, R1 + R2": ("minimax", falling(R1, R2)),
    "least_squares, R1 + R2": ("least_squares", falling(R1, R2)),
    "wasserstein, R1 + R2": ("wasserstein", falling(R1, R2)),
    "hinge, R1 + R2": ("hinge", falling(R1, R2)),
    "relativistic_average, R1 + R2": ("relativistic_average", falling(R1, R2)),
}
PICTURED = ("non_saturating", "non_saturating, R1 + R2")
PICTURED_SAMPLES = 20_000


# -- the networks and a run --------------------------------------------------------------------


def critic(shape: tuple[int, int, int]) -> keras.Model:
    """Three hidden layers and a logit."""
    images = keras.Input(shape)
    x = layers.Flatten()(images)
    for _ in range(3):
        x = layers.Dense(64, "relu", kernel_initializer="he_normal")(x)
    return keras.Model(images, layers.Dense(1)(x))


def adam(recipe: Recipe) -> keras.optimizers.Optimizer:
    """Adam without momentum, as the recipe says."""
    rate = keras.optimizers.schedules.CosineDecay(recipe.rate, recipe.steps, alpha=recipe.last_rate)
    return keras.optimizers.Adam(rate, 0.0, recipe.beta_2)


def build(data: Mixture | Stacked, name: str, seed: int) -> kgan.GAN:
    keras.utils.set_random_seed(seed)
    recipe = data.recipe
    gan = kgan.GAN(*data.networks(seed), ema_halflife_images=recipe.halflife_images, seed=seed)
    loss, penalties = CONFIGURATIONS[name]
    optimizer = adam(recipe)
    gan.compile(
        loss,
        generator_optimizer=optimizer,
        discriminator_optimizer=optimizer,
        penalties=penalties(recipe),
        steps_per_execution=25,
    )
    return gan


def train(gan: kgan.GAN, data: Mixture | Stacked, callbacks=()) -> None:
    gan.fit(
        data.data(gan.seed),
        epochs=1,
        steps_per_epoch=data.recipe.steps,
        verbose=0,
        callbacks=callbacks,
    )


def run(data: Mixture | Stacked, name: str, seed: int) -> dict[str, float | None]:
    """The figures of one training."""
    keras.backend.clear_session()
    gan = build(data, name, seed)
    train(gan, data)
    return data.scores(gan.generate(data.SAMPLES, seed=seed, batch_size=500))


# -- the competition ---------------------------------------------------------------------------


def recorded(path: Path | None) -> list[dict]:
    """The rows of the JSON file, none if there is no file yet."""
    if path is None or not path.exists():
        return []
    record = json.loads(path.read_text())
    for name, recipe in recipes().items():
        found = record.get("recipes", {}).get(name)
        if found != recipe:
            raise SystemExit(
                f"--json {path} must hold runs of the recipe {recipe} of {name}; it holds runs of "
                f"{found}. Choose another file."
            )
    return record["rows"]


def recipes() -> dict[str, dict]:
    """All sets' recipes as JSON holds them."""
    return {name: json.loads(json.dumps(asdict(data.recipe))) for name, data in SETS.items()}


def write(path: Path, rows: list[dict]) -> None:
    """The JSON file, whole or as it was."""
    with atomic_write(path) as temporary:
        record = {"recipes": recipes(), "rows": rows}
        temporary.write_text(json.dumps(record, indent=1) + "\n")


def missing(arguments: argparse.Namespace, rows: list[dict]) -> list[tuple[str, str, int]]:
    """Set, configuration and seed of what `rows` lacks: a seed of all, then the next."""
    done = {(row["set"], row["configuration"], row["seed"]) for row in rows}
    planned = [
        (data, name, seed)
        for seed in range(arguments.seeds or max(SEEDS.values()))
        for name in arguments.only or CONFIGURATIONS
        for data in arguments.set or SETS
        if seed < (arguments.seeds or SEEDS[data])
    ]
    return [one for one in planned if one not in done]


def compete(arguments: argparse.Namespace, rows: list[dict]) -> None:
    """Run what `rows` lacks, in as many processes as asked for, and add it there."""
    for row in made(missing(arguments, rows), arguments.processes):
        rows.append(row)
        print(row, flush=True)
        if arguments.json:
            write(arguments.json, rows)


def made(todo: list[tuple[str, str, int]], processes: int) -> Iterator[dict]:
    """The rows of `todo`, each as its run ends."""
    if processes == 1:
        yield from map(row_of, todo)
        return
    with multiprocessing.get_context("spawn").Pool(processes, single_threaded) as pool:
        yield from pool.imap_unordered(row_of, todo)


def row_of(one: tuple[str, str, int]) -> dict:
    data, name, seed = one
    return {"set": data, "configuration": name, "seed": seed} | run(SETS[data], name, seed)


def single_threaded() -> None:
    """With networks this small, a second thread costs more than it gives."""
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def table(rows: list[dict], data: str) -> str:
    """One set's rows as Markdown: mean ± standard deviation over the seeds."""
    lines = [
        f"| {data} | seeds | modes of {SETS[data].modes} | high quality, % | reverse KL |",
        "|---|---|---|---|---|",
    ]
    for name in CONFIGURATIONS:
        found = [row for row in rows if row["set"] == data and row["configuration"] == name]
        if not found:
            continue
        cells = [
            spread([row["modes"] for row in found], 1),
            spread([row["high_quality"] for row in found], 1, scale=100),
            spread([row["reverse_kl"] for row in found], 4),
        ]
        lines.append(f"| {name} | {len(found)} | {' | '.join(cells)} |")
    lines += [f"| published: {name} | | {row} |" for name, row in PUBLISHED[data].items()]
    return "\n".join(lines)


def spread(values: list[float | None], digits: int, scale: float = 1) -> str:
    """Mean ± standard deviation of a sample; a dash where a run has no value."""
    if None in values:
        return "–"
    values = np.multiply(values, scale)
    mean = f"{np.mean(values):.{digits}f}"
    return mean if len(values) == 1 else f"{mean} ± {np.std(values, ddof=1):.{digits}f}"


# -- the picture -------------------------------------------------------------------------------


def picture(path: Path) -> None:
    """The density of the samples as training goes on, the real density at the right."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    data = SETS["grid"]
    steps = data.recipe.steps
    moments = [steps // 40, steps // 8, steps // 3, steps]
    figure, axes = pyplot.subplots(
        len(PICTURED), len(moments) + 1, figsize=(10, 2.1 * len(PICTURED)), squeeze=False
    )
    for name, row in zip(PICTURED, axes, strict=True):
        gan = build(data, name, seed=0)
        shown = Snapshots(moments)
        train(gan, data, callbacks=[shown])
        for axis, moment, images in zip(row, moments, shown.images, strict=False):
            density(axis, data.points(images))
            axes[0, moments.index(moment)].set_title(f"{moment:,} steps", fontsize=9)
        density(row[-1], data.points(data.draw(PICTURED_SAMPLES, seed=1)))
        row[0].set_ylabel(name, fontsize=9)
    axes[0, -1].set_title("real", fontsize=9)
    figure.tight_layout()
    with atomic_write(path) as temporary:
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
    recipe = Recipe(2_000, 256, rate=5e-3, last_rate=0.0, beta_2=0.99)
    return Mixture(np.array(centres)[:, None], std, scale=1.0, recipe=recipe)


DUELS = {
    "one wide Gaussian against two": Duel(line(0.0, std=0.15), line(-0.25, 0.25, std=0.1)),
    "three narrow Gaussians against two": Duel(
        line(-0.5, 0.0, 0.4, std=0.06), line(-0.4, 0.2, std=0.12)
    ),
}


def optimality(duel: Duel, seed: int = 0) -> dict[str, float]:
    """Train the discriminator alone; its mean distance from the optimal one on both's samples."""
    keras.utils.set_random_seed(seed)
    # A generator without weights has nothing to learn.
    gan = kgan.GAN(duel.generator(), critic((1, 1, 1)), ema_halflife_images=None, seed=seed)
    gan.compile(
        "minimax",
        discriminator_optimizer=adam(duel.data.recipe),
        steps_per_execution=25,
    )
    train(gan, duel.data)
    distances = {}
    for name, mixture in (("data", duel.data), ("model", duel.model)):
        images = mixture.draw(10_000, seed + 1)
        realness = keras.ops.sigmoid(gan.discriminator(images))[:, 0]
        optimal = duel.optimal(mixture.points(images).astype(np.float64))
        distances[name] = float(np.abs(np.asarray(realness) - optimal).mean())
    return distances


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1; received {number}")
    return number


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--set", nargs="+", choices=list(SETS), help="all by default")
    parser.add_argument("--only", nargs="+", choices=list(CONFIGURATIONS), metavar="NAME")
    parser.add_argument("--seeds", type=positive, help=f"at most; by default {SEEDS}")
    parser.add_argument("--processes", type=positive, default=1, help="runs at once, a core each")
    parser.add_argument("--json", type=Path, help="where runs are kept and found again")
    parser.add_argument("--table", action="store_true", help="print the JSON file's table, no run")
    parser.add_argument("--picture", type=Path, help="draw samples during training, nothing else")
    parser.add_argument("--optimal", action="store_true", help="the discriminator's check alone")
    arguments = parser.parse_args()
    if arguments.table and not arguments.json:
        parser.error("--table needs --json FILE, whose rows it prints")

    if arguments.picture:
        picture(arguments.picture)
    elif arguments.optimal:
        print("| mean distance from the optimal D on samples of | data | model |\n|---|---|---|")
        for name, duel in DUELS.items():
            distances = optimality(duel)
            print(f"| {name} | {distances['data']:.4f} | {distances['model']:.4f} |", flush=True)
    else:
        rows = recorded(arguments.json)
        if not arguments.table:
            compete(arguments, rows)
        for data in arguments.set or SETS:
            print(table(rows, data), end="\n\n")


if __name__ == "__main__":
    main()
