"""Whether `kgan.callbacks.Health` sees the illnesses of runs that were made ill, and only those.

Each illness is given to runs on points in the plane (ring of 8, grid of 25: `benchmarks/modes.py`)
and on the packaged 28x28 garments, and as many runs are healthy: seven configurations that are
known to work on each set. Whether a run is as ill or healthy as it was meant to be is settled by a
witness that Health knows nothing of (`TRUTHS`), on images that neither the training nor Health got:

- healthy: the fakes' kinds (the nearest mode; the class that the packaged judge sees) are even;
- collapse: they are few;
- oscillation: what the generator makes of the same latents comes back again and again: the
  autocorrelation of its mean over the steps has a second maximum of 0.5 at least;
- discriminator won: a threshold on the logits parts reals and fakes, 97 % of them at least;
- memorised: a threshold parts training images and others, 70 % of them at least;
- vanishing gradient: the generator's gradient is less than 5 % of that of the fakes' mean logit,
  which it ought to raise;
- divergence: the discriminator's weights have grown threefold at least since they were drawn;
- nan: a network's weights are no numbers in the end.

A run that the witness does not confirm counts nowhere; the table says how many there are. A hit is
an ill run among whose findings the illness is, whatever else is found: a generator that a winning
discriminator has stopped may well be collapsed, too. A false alarm is a healthy run with any
finding. Thresholds were chosen on seeds from 100 on; the figures are of the seeds 0 to 9.

Each run is written to the JSON file when it ends, and one that is there is not run again:

    python benchmarks/health.py --json health.json --processes 2
    python benchmarks/health.py --json health.json --table
    python benchmarks/health.py --json health.json --cost
    python benchmarks/health.py --json health.json --duality

The last two measure what the callbacks cost, and `kgan.callbacks.DualityGap` on the ring, converging
and diverging.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import io
import json
import math
import multiprocessing
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

# As `import kgan` would, which must come before TensorFlow; a core a run.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
sys.path.insert(0, str(Path(__file__).parent))

import keras
import modes as mixtures
import numpy as np
import tensorflow as tf
from keras import layers
from keras.optimizers import SGD, Adam

import kgan
from kgan import zoo
from kgan.callbacks.duality_gap import DualityGap
from kgan.callbacks.health import Health
from kgan.files import replacing
from kgan.metrics import judge
from kgan.penalties import DRAGAN, R1, R2, GradientPenalty
from kgan.schedules import Cosine

TRAINED, KEPT, WITNESSED = 4000, 1000, 1000  # images that training, Health and the witness get

# -- the sets ----------------------------------------------------------------------------------


class Plane:
    """Points of a mixture, as images of one pixel."""

    epochs, steps, batch = 20, 100, 64
    width = 64  # of the discriminator
    rate = 4e-3  # of a discriminator that is to win

    def __init__(self, name: str):
        self.mixture = mixtures.SETS[name]
        self.few = {"ring": 5, "grid": 12}[name]  # images to learn by heart

    def draw(self, n: int, seed: int) -> np.ndarray:
        return self.mixture.draw(n, seed)

    def networks(self, seed: int, width: int) -> tuple[keras.Model, keras.Model]:
        generator, _ = self.mixture.networks(seed)
        points = keras.Input((1, 1, 2))
        x = layers.Flatten()(points)
        for _ in range(3):
            x = layers.Dense(width, "relu", kernel_initializer="he_normal")(x)
        return generator, keras.Model(points, layers.Dense(1)(x))

    def kinds(self, images: np.ndarray) -> tuple[np.ndarray, int]:
        """The nearest mode of each point, and how many modes there are."""
        points = self.mixture.points(images)[:, None]
        return np.linalg.norm(points - self.mixture.centres, axis=-1).argmin(1), self.mixture.modes

    def healthy(self, number: int) -> dict[str, Any]:
        """What all modes are found with: RESULTS.md, modes."""
        names = ("non_saturating", "relativistic", "hinge", "least_squares")
        names = (*names, "relativistic_average", "minimax", "wasserstein")
        recipe, steps = self.mixture.recipe, self.epochs * self.steps
        rate = keras.optimizers.schedules.CosineDecay(recipe.rate, steps, recipe.last_rate)
        penalties = [kind(Cosine(*recipe.weights, steps)) for kind in (R1, R2)]
        if names[number] == "wasserstein":
            penalties = [GradientPenalty(recipe.gradient_penalty)]
        return compiled(
            names[number],
            Adam(rate, 0.0, recipe.beta_2),
            Adam(rate, 0.0, recipe.beta_2),
            penalties=penalties,
        )

    def collapsing(self) -> dict[str, Any]:
        """A generator ten times as fast as a discriminator that is too small for it."""
        return compiled("non_saturating", Adam(1e-2, 0.5), Adam(1e-3, 0.5))

    def swinging(self) -> dict[str, Any]:
        return compiled("wasserstein", SGD(5e-3), SGD(0.1))


class Garments:
    """The packaged 28x28 images."""

    epochs, steps, batch = 15, 40, 32
    width = 16
    rate = 2e-3
    few = 50

    def __init__(self):
        self.images = kgan.data.load("fashion_mnist").images

    def draw(self, n: int, seed: int) -> np.ndarray:
        return self.images[np.random.RandomState(seed).permutation(len(self.images))[:n]]

    def networks(self, seed: int, width: int) -> tuple[keras.Model, keras.Model]:
        dcgan, shape = kgan.networks.dcgan, (28, 28, 1)
        return (
            dcgan.generator(shape, latent_dim=32, width=16, seed=seed),
            dcgan.discriminator(shape, width=width, seed=seed, normalization="none"),
        )

    def kinds(self, images: np.ndarray) -> tuple[np.ndarray, int]:
        """The class that the judge sees, and how many classes there are."""
        return judge.load().classify(images), 10

    def healthy(self, number: int) -> dict[str, Any]:
        """The rates of the zoo's recipe, with the losses and penalties of several."""
        loss, penalties = (
            ("hinge", []),
            ("non_saturating", []),
            ("least_squares", []),
            ("relativistic", []),
            ("non_saturating", [R1(1.0, interval=8)]),
            ("non_saturating", [DRAGAN(1.0, interval=8)]),
            ("relativistic", [R1(1.0, interval=8), R2(1.0, interval=8)]),
        )[number]
        return compiled(loss, Adam(2e-3, 0.5), Adam(2e-3, 0.5), penalties=penalties)

    def collapsing(self) -> dict[str, Any]:
        """A discriminator that stands still from the third epoch on, and a generator that goes
        where it likes images best."""
        begin = 2 * self.steps
        return compiled(
            "non_saturating",
            Adam(change(begin, 1e-5, 2e-3), 0.5),
            Adam(change(begin, 2e-3, 1e-5), 0.5),
        )

    def swinging(self) -> dict[str, Any]:
        return compiled("wasserstein", SGD(0.03), SGD(0.3))


SETS: dict[str, Callable[[], Plane | Garments]] = {
    "ring": lambda: Plane("ring"),
    "grid": lambda: Plane("grid"),
    "garments": Garments,
}
# Ten of each illness in the plane, ten on garments.
SEEDS = {"ring": range(0, 10, 2), "grid": range(1, 10, 2), "garments": range(10)}
CONFIGURATIONS = 7  # of healthy runs on each set


def compiled(loss, generator_optimizer, discriminator_optimizer, **others) -> dict[str, Any]:
    return {
        "loss": loss,
        "generator_optimizer": generator_optimizer,
        "discriminator_optimizer": discriminator_optimizer,
        **others,
    }


def change(step: int, before: float, after: float):
    return keras.optimizers.schedules.PiecewiseConstantDecay([step], [before, after])


# -- the illnesses -----------------------------------------------------------------------------


@dataclasses.dataclass
class Run:
    """How a run trains; the fields are what an illness may change."""

    compile: dict[str, Any]
    networks: tuple[keras.Model, keras.Model]
    images: np.ndarray
    epochs: int


def healthy(run: Run, data: Plane | Garments, seed: int, number: int = 0) -> None:
    run.compile = data.healthy(number)


def collapse(run: Run, data: Plane | Garments, seed: int) -> None:
    run.compile = data.collapsing()
    if isinstance(data, Plane):
        run.networks = data.networks(seed, width=8)


def oscillation(run: Run, data: Plane | Garments, seed: int) -> None:
    """The Dirac-GAN (Mescheder et al., 2018, arXiv:1801.04406): the discriminator sees nothing but
    the mean of the pixels, and neither player's steps are damped."""
    images = keras.Input(run.networks[1].input_shape[1:])
    means = layers.GlobalAveragePooling2D()(images)
    run.networks = run.networks[0], keras.Model(images, layers.Dense(1)(means))
    run.compile = data.swinging()


def won(run: Run, data: Plane | Garments, seed: int) -> None:
    """A discriminator of twice the width, two updates a step, hundreds of times as fast."""
    run.networks = data.networks(seed, 2 * data.width)
    rates = Adam(1e-5, 0.5), Adam(data.rate, 0.5)
    run.compile = compiled("non_saturating", *rates, discriminator_steps=2)
    run.epochs = 10


def memorised(run: Run, data: Plane | Garments, seed: int) -> None:
    """A few images, again and again."""
    run.networks = data.networks(seed, 2 * data.width)
    run.images = run.images[: data.few]
    rates = Adam(1e-3, 0.5), Adam(2e-3, 0.5)
    run.compile = compiled("non_saturating", *rates, discriminator_steps=2)


def vanishing(run: Run, data: Plane | Garments, seed: int) -> None:
    """The saturating loss, against a discriminator that has trained alone for two epochs."""
    run.networks = data.networks(seed, 2 * data.width)
    run.epochs = 10
    rates = SGD(change(2 * data.steps, 0.0, 1e-3)), Adam(data.rate, 0.5)
    run.compile = compiled("minimax", *rates)


def divergence(run: Run, data: Plane | Garments, seed: int) -> None:
    """A Wasserstein critic that nothing holds, twenty times as fast as the generator."""
    run.epochs = 10
    run.compile = compiled("wasserstein", Adam(1e-3, 0.5), Adam(2e-2, 0.5))


def overflow(run: Run, data: Plane | Garments, seed: int) -> None:
    """A learning rate that no float32 survives, from the third epoch on; of both players, or of
    the discriminator alone."""
    broken = SGD(change(2 * data.steps, 1e-3, 1e30))
    run.epochs = 4
    run.compile = compiled(
        ("non_saturating", "wasserstein")[seed % 2],
        broken if seed % 4 > 1 else SGD(1e-3),
        broken,
    )


ILLNESSES: dict[str, Callable[[Run, Plane | Garments, int], None]] = {
    "collapse": collapse,
    "oscillation": oscillation,
    "discriminator won": won,
    "memorised": memorised,
    "vanishing gradient": vanishing,
    "divergence": divergence,
    "nan": overflow,
}

# -- the truth ---------------------------------------------------------------------------------


class Witness(keras.callbacks.Callback):
    """The mean of the fakes of the same latents every other step; how the discriminator grows."""

    def __init__(self, often: bool):
        super().__init__()
        self.often = often
        self.means: list[np.ndarray] = []

    def on_train_begin(self, logs=None):
        self._latents = self.model.sample_inputs(16, seed=5)["latent"]
        self._count = 0
        self.size = self._size()

    def on_train_batch_end(self, batch, logs=None):
        self._count += 1
        if self.often and self._count % 2 == 0:
            fakes = self.model.generator(self._latents, training=False)
            self.means.append(np.asarray(fakes).mean((0, 1, 2)))

    def growth(self) -> float:
        """The norm of the discriminator's weights, in that at the beginning."""
        return self._size() / self.size

    def _size(self) -> float:
        weights = [weight.astype(np.float64) for weight in self.model.discriminator.get_weights()]
        return math.sqrt(sum(float(np.square(weight).sum()) for weight in weights))


@dataclasses.dataclass
class Case:
    """All that the truth of a run is read from."""

    data: Plane | Garments
    gan: kgan.GAN
    witness: Witness
    trained: np.ndarray
    others: np.ndarray  # reals that nobody has seen
    fakes: np.ndarray  # of the averaged generator

    @property
    def evenness(self) -> float:
        """exp of the entropy of the fakes' kinds, as a share of all kinds."""
        kinds, count = self.data.kinds(self.fakes)
        shares = np.unique(kinds, return_counts=True)[1] / len(kinds)
        return float(np.exp(-(shares * np.log(shares)).sum()) / count)

    def parted(self, above: np.ndarray, below: np.ndarray) -> float:
        """The balanced accuracy of the best threshold on the logits of two sets of images."""
        high, low = (
            np.sort(self.gan.judged(np.clip(side, -1, 1), 250)["logit"].ravel())
            for side in (above, below)
        )
        thresholds = np.concatenate([high, low])
        passed = 1 - np.searchsorted(high, thresholds) / len(high)
        kept = np.searchsorted(low, thresholds) / len(low)
        return float((passed + kept).max() / 2)

    @property
    def live(self) -> np.ndarray:
        """Fakes of the generator as it is."""
        latents = self.gan.sample_inputs(len(self.others), seed=6)["latent"]
        return np.asarray(self.gan.generator(latents, training=False))

    def passed_on(self) -> float:
        """The norm of the generator's gradient, in that of the gradient of the mean logit."""
        gan = self.gan
        latents = gan.sample_inputs(256, seed=7)["latent"]
        weights = [variable.value for variable in gan.generator_variables]
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(weights)
            fakes = gan.generator(latents, training=False)
            logits = gan.discriminator(fakes, training=False)
            loss, mean = gan.two_player_loss.generator(None, logits), tf.reduce_mean(logits)
        norms = [float(tf.linalg.global_norm(tape.gradient(y, weights))) for y in (loss, mean)]
        return norms[0] / norms[1] if norms[1] else 0.0

    def recurrence(self) -> float:
        """The second maximum of the autocorrelation of the fakes' mean, -1 to 1."""
        path = np.array(self.witness.means)
        path = path[len(path) // 3 :]
        path = path - path.mean(0)
        n = len(path)
        correlations = np.array([(path[k:] * path[: n - k]).sum() / (n - k) for k in range(n // 2)])
        correlations /= correlations[0]
        below = np.flatnonzero(correlations < 0)
        return float(correlations[below[0] :].max()) if len(below) else -1.0


def is_broken(case: Case) -> tuple[bool, float]:
    weights = [*case.gan.generator.get_weights(), *case.gan.discriminator.get_weights()]
    broken = float(sum(not np.isfinite(weight).all() for weight in weights))
    return broken > 0, broken


def at_least(figure: Callable[[Case], float], least: float):
    return lambda case: (bool(figure(case) >= least), figure(case))


def at_most(figure: Callable[[Case], float], most: float):
    return lambda case: (bool(figure(case) <= most), figure(case))


# Of each illness whether it is there, and the figure that says so.
TRUTHS: dict[str, Callable[[Case], tuple[bool, float]]] = {
    "healthy": at_least(lambda case: case.evenness, 0.6),
    "collapse": at_most(lambda case: case.evenness, 0.35),
    "oscillation": at_least(Case.recurrence, 0.5),
    "discriminator won": at_least(lambda case: case.parted(case.others, case.live), 0.97),
    "memorised": at_least(lambda case: case.parted(case.trained, case.others), 0.7),
    "vanishing gradient": at_most(Case.passed_on, 0.05),
    "divergence": at_least(lambda case: case.witness.growth(), 3.0),
    "nan": is_broken,
}

# -- the runs ----------------------------------------------------------------------------------


def run(name: str, illness: str, number: int, seed: int) -> dict[str, Any]:
    """The row of one training: what was found, and what is true."""
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    data = SETS[name]()
    reals = data.draw(TRAINED + KEPT + WITNESSED, seed)
    kept = reals[TRAINED : TRAINED + KEPT]
    plan = Run({}, data.networks(seed, data.width), reals[:TRAINED], data.epochs)
    if illness == "healthy":
        healthy(plan, data, seed, number)
    else:
        ILLNESSES[illness](plan, data, seed)
    gan = kgan.GAN(*plan.networks, ema_halflife_images=2000, seed=seed)
    gan.compile(**plan.compile)
    health, witness = Health(held_out=kept), Witness(often=illness == "oscillation")
    # So few images come more than once in a batch.
    images = np.resize(plan.images, (max(TRAINED, len(plan.images)), *plan.images.shape[1:]))
    began = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        gan.fit(
            images,
            batch_size=data.batch * gan.discriminator_steps,
            epochs=plan.epochs,
            steps_per_epoch=data.steps,
            verbose=0,
            callbacks=[health, witness],
        )
    seconds = time.perf_counter() - began
    fakes = gan.generate(WITNESSED, seed=seed, batch_size=250)
    case = Case(data, gan, witness, plan.images[:WITNESSED], reals[-WITNESSED:], fakes)
    true, figure = (False, math.nan)
    if illness == "nan" or np.isfinite(fakes).all():
        true, figure = TRUTHS[illness](case)
    return {
        "set": name,
        "illness": illness,
        "configuration": number,
        "seed": seed,
        "confirmed": true,
        "figure": figure if math.isfinite(figure) else None,
        "found": [[finding.illness, finding.epoch] for finding in health.findings],
        "seconds": round(seconds, 1),
        "looks": health.watch.looks,
    }


def wanted(seeds: dict[str, range] | None = None) -> list[tuple[str, str, int, int]]:
    """Set, illness, configuration and seed of all runs: as many healthy ones as ill ones."""
    seeds = seeds or SEEDS
    return [
        (name, illness, number, seed)
        for seed in sorted({seed for some in seeds.values() for seed in some})
        for name in SETS
        if seed in seeds[name]
        for illness, number in [
            *((illness, 0) for illness in ILLNESSES),
            *(("healthy", number) for number in range(CONFIGURATIONS)),
        ]
    ]


def row_of(one: tuple[str, str, int, int]) -> dict[str, Any]:
    return run(*one)


def single_threaded() -> None:
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def compete(arguments: argparse.Namespace, record: dict[str, Any]) -> None:
    """Run what the record lacks, and add it there as each run ends."""
    keys = ("set", "illness", "configuration", "seed")
    done = {tuple(row[key] for key in keys) for row in record["rows"]}
    seeds = None
    if arguments.seeds:
        seeds = {name: range(*arguments.seeds) for name in arguments.set or SETS}
        seeds = {name: seeds.get(name, range(0)) for name in SETS}
    todo = [
        one
        for one in wanted(seeds)
        if one not in done
        and one[0] in (arguments.set or SETS)
        and one[1] in (arguments.only or [*ILLNESSES, "healthy"])
    ]
    with multiprocessing.get_context("spawn").Pool(
        arguments.processes, single_threaded, maxtasksperchild=20
    ) as pool:
        for row in pool.imap_unordered(row_of, todo):
            looks = row.pop("looks")
            if arguments.looks:
                name = "-".join(str(row[key]) for key in keys)
                arguments.looks.mkdir(parents=True, exist_ok=True)
                (arguments.looks / f"{name}.json").write_text(json.dumps({**row, "looks": looks}))
            record["rows"].append(row)
            print(row, flush=True)
            write(arguments.json, record)


def recorded(path: Path | None) -> dict[str, Any]:
    """The JSON file, or what stands in a new one."""
    if path is None or not path.exists():
        return {"rows": []}
    return json.loads(path.read_text())


def write(path: Path | None, record: dict[str, Any]) -> None:
    if path is not None:
        with replacing(path) as temporary:
            temporary.write_text(json.dumps(record, indent=1) + "\n")


def table(rows: list[dict[str, Any]]) -> str:
    """Hits of each illness and false alarms of the healthy runs, by set, as Markdown."""
    lines = [
        f"| | {' | '.join(SETS)} | all | not as meant |",
        f"|---|{'---|' * (len(SETS) + 2)}",
    ]
    for illness in [*ILLNESSES, "healthy"]:
        found = [row for row in rows if row["illness"] == illness]
        confirmed = [row for row in found if row["confirmed"]]

        def hit(row, illness=illness):
            names = [name for name, _ in row["found"]]
            return bool(names) if illness == "healthy" else illness in names

        def cell(some, hit=hit):
            hits = sum(map(hit, some))
            return f"{hits} of {len(some)} ({hits / len(some):.0%})" if some else ""

        cells = [cell([row for row in confirmed if row["set"] == name]) for name in SETS]
        label = "healthy: false alarms" if illness == "healthy" else illness
        unlike = len(found) - len(confirmed)
        lines.append(f"| {label} | {' | '.join(cells)} | {cell(confirmed)} | {unlike} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--set", nargs="+", choices=list(SETS), help="all by default")
    parser.add_argument("--only", nargs="+", choices=[*ILLNESSES, "healthy"], metavar="ILLNESS")
    parser.add_argument(
        "--seeds", nargs=2, type=int, metavar=("FIRST", "END"), help="other seeds than 0 to 9"
    )
    parser.add_argument("--processes", type=int, default=1, help="runs at once, a core each")
    parser.add_argument("--json", type=Path, help="where runs are kept and found again")
    parser.add_argument("--looks", type=Path, help="a folder for all that Health saw of each run")
    parser.add_argument("--table", action="store_true", help="print the JSON file's table, no run")
    arguments = parser.parse_args()
    record = recorded(arguments.json)
    if not arguments.table:
        compete(arguments, record)
    print(table(record["rows"]))


if __name__ == "__main__":
    main()
