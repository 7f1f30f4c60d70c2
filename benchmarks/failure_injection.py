"""Trainings with an injected failure mode, healthy ones, and measurements that confirm both.

An injection is a function that changes how a run trains. `TRUTHS` confirms its effect on images
that neither the training nor `kgan.callbacks.Health` used:

- healthy: the effective number of modes of the fakes is high (the nearest mode; the class that the
  packaged judge sees);
- collapse: it is low;
- oscillation: the fakes of fixed latents recur: the autocorrelation of their mean over the steps
  has a second maximum of at least 0.5;
- discriminator won: a threshold on the logits separates reals from fakes with at least 90 %
  balanced accuracy;
- overfitting discriminator: a threshold separates training images from others with at least 65 %;
- vanishing gradient: the norm of the generator's gradient is less than 5 % of that of the fakes'
  mean logit;
- divergence: the norm of the discriminator's weights has grown at least threefold;
- nan: a network ends with weights that are NaN or infinite.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import math
import time
from collections.abc import Callable
from typing import Any

import keras
import modes as mixtures
import numpy as np
import tensorflow as tf
from keras import layers
from keras.optimizers import SGD, Adam

import kgan
from kgan.callbacks.health import Health
from kgan.metrics import judge
from kgan.networks import DCGAN
from kgan.penalties import R1, R2, GradientPenalty
from kgan.schedules import Cosine
from kgan.signature import Image, Latent, Signature

TRAINED, KEPT, WITNESSED = 4000, 1000, 1000  # images of the training, of Health and of the witness

# -- the sets ----------------------------------------------------------------------------------


class Plane:
    """Points of a mixture, as images of one pixel."""

    epochs, steps, batch = 20, 100, 64
    width = 64  # of the discriminator
    rate, updates = 4e-3, 4  # of a discriminator that wins
    enough = 20  # epochs for it

    def __init__(self, name: str):
        self.mixture = mixtures.SETS[name]
        self.few = {"ring": 5, "grid": 12}[name]  # training images of an overfitting discriminator

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
        """The settings that find all modes: RESULTS.md, modes."""
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
    rate, updates, enough = 2e-3, 2, 8
    few = 50

    def __init__(self):
        self.images = kgan.data.load("fashion_mnist").images

    def draw(self, n: int, seed: int) -> np.ndarray:
        return self.images[np.random.RandomState(seed).permutation(len(self.images))[:n]]

    def networks(self, seed: int, width: int) -> tuple[keras.Model, keras.Model]:
        shape = (28, 28, 1)
        return (
            DCGAN(16).generator(Signature(Latent(32)), Image(shape), seed=seed),
            DCGAN(width, normalization="none").discriminator(Signature(Image(shape)), seed=seed),
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
            ("hinge", [R1(1.0, interval=8)]),
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
# Ten runs of each failure mode in the plane, ten on garments.
SEEDS = {"ring": range(20, 30, 2), "grid": range(21, 30, 2), "garments": range(20, 30)}
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


# -- the injections ----------------------------------------------------------------------------


@dataclasses.dataclass
class Run:
    """How a run trains; an injection changes the fields."""

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
    """A discriminator of twice the width, several updates a step, hundreds of times as fast."""
    run.networks = data.networks(seed, 2 * data.width)
    rates = Adam(1e-5, 0.5), Adam(data.rate, 0.5)
    run.compile = compiled("non_saturating", *rates, discriminator_steps=data.updates)
    run.epochs = data.enough


def overfitting(run: Run, data: Plane | Garments, seed: int) -> None:
    """A few images, again and again."""
    run.networks = data.networks(seed, 2 * data.width)
    run.images = run.images[: data.few]
    rates = Adam(1e-3, 0.5), Adam(2e-3, 0.5)
    run.compile = compiled("non_saturating", *rates, discriminator_steps=2)


def vanishing(run: Run, data: Plane | Garments, seed: int) -> None:
    """The saturating loss, against a discriminator that has trained alone for two epochs."""
    run.networks = data.networks(seed, 2 * data.width)
    run.epochs = data.enough
    rates = SGD(change(2 * data.steps, 0.0, 1e-3)), Adam(data.rate, 0.5)
    run.compile = compiled("minimax", *rates, discriminator_steps=data.updates)


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


FAILURE_MODES: dict[str, Callable[[Run, Plane | Garments, int], None]] = {
    "collapse": collapse,
    "oscillation": oscillation,
    "discriminator won": won,
    "overfitting discriminator": overfitting,
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
        self._latents = self.model.generator_inputs(16, seed=5)["latent"]
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
    """The inputs of the measurements that confirm a run."""

    data: Plane | Garments
    gan: kgan.GAN
    witness: Witness
    trained: np.ndarray
    others: np.ndarray  # reals that nothing has used
    fakes: np.ndarray  # of the averaged generator

    @property
    def effective_modes(self) -> float:
        """The effective number of modes of the fakes, as a share of all modes."""
        kinds, count = self.data.kinds(self.fakes)
        shares = np.unique(kinds, return_counts=True)[1] / len(kinds)
        return float(np.exp(-(shares * np.log(shares)).sum()) / count)

    def parted(self, above: np.ndarray, below: np.ndarray) -> float:
        """The balanced accuracy of the best threshold on the logits of two sets of images."""
        high, low = (
            np.sort(self.gan.discriminator_outputs(np.clip(side, -1, 1), 250)["logit"].ravel())
            for side in (above, below)
        )
        thresholds = np.concatenate([high, low])
        passed = 1 - np.searchsorted(high, thresholds) / len(high)
        kept = np.searchsorted(low, thresholds) / len(low)
        return float((passed + kept).max() / 2)

    @property
    def live(self) -> np.ndarray:
        """Fakes of the generator as it is."""
        latents = self.gan.generator_inputs(len(self.others), seed=6)["latent"]
        return np.asarray(self.gan.generator(latents, training=False))

    def passed_on(self) -> float:
        """The norm of the generator's gradient, in that of the gradient of the mean logit."""
        gan = self.gan
        latents = gan.generator_inputs(256, seed=7)["latent"]
        weights = [variable.value for variable in gan.players["generator"].variables]
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


# Whether each failure mode is present, and the figure behind the answer.
TRUTHS: dict[str, Callable[[Case], tuple[bool, float]]] = {
    "healthy": at_least(lambda case: case.effective_modes, 0.6),
    "collapse": at_most(lambda case: case.effective_modes, 0.35),
    "oscillation": at_least(Case.recurrence, 0.5),
    "discriminator won": at_least(lambda case: case.parted(case.others, case.live), 0.9),
    "overfitting discriminator": at_least(
        lambda case: case.parted(case.trained, case.others), 0.65
    ),
    "vanishing gradient": at_most(Case.passed_on, 0.05),
    "divergence": at_least(lambda case: case.witness.growth(), 3.0),
    "nan": is_broken,
}

# -- the runs ----------------------------------------------------------------------------------


def run(name: str, failure_mode: str, number: int, seed: int) -> dict[str, Any]:
    """The row of one training: the findings, and the measurements that confirm the run."""
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    data = SETS[name]()
    reals = data.draw(TRAINED + KEPT + WITNESSED, seed)
    kept = reals[TRAINED : TRAINED + KEPT]
    plan = Run({}, data.networks(seed, data.width), reals[:TRAINED], data.epochs)
    if failure_mode == "healthy":
        healthy(plan, data, seed, number)
    else:
        FAILURE_MODES[failure_mode](plan, data, seed)
    gan = kgan.GAN(*plan.networks, ema_halflife_images=2000, seed=seed)
    gan.compile(**plan.compile)
    health, witness = Health(held_out=kept), Witness(often=failure_mode == "oscillation")
    # Few images are repeated within a batch.
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
    if failure_mode == "nan" or np.isfinite(fakes).all():
        true, figure = TRUTHS[failure_mode](case)
    return {
        "set": name,
        "failure_mode": failure_mode,
        "configuration": number,
        "seed": seed,
        "confirmed": true,
        "figure": figure if math.isfinite(figure) else None,
        "found": [[finding.failure_mode, finding.epoch] for finding in health.findings],
        "seconds": round(seconds, 1),
        "snapshots": health.watch.snapshots,
    }
