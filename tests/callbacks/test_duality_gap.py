import keras
import numpy as np
import pytest

import kgan
from kgan.callbacks.duality_gap import DualityGap
from kgan.errors import UsageError

LOSSES = ["minimax", "wasserstein", "hinge", "least_squares", "relativistic"]


@keras.saving.register_keras_serializable(package="tests")
class Shift(keras.layers.Layer):
    """Noise around a point that is learnt, of the data's spread: the Dirac-GAN's generator."""

    def build(self, shape):
        self.place = self.add_weight(shape=(2,), initializer="zeros", name="place")

    def call(self, latents):
        return keras.ops.reshape(self.place + 0.1 * latents, (-1, 1, 1, 2))


def game(place=0.0, slope=0.0, loss="minimax", **compile_arguments):
    """A generator at a place, and a discriminator whose logit is linear: data lies around 0."""
    latents = keras.Input((2,))
    points = keras.Input((1, 1, 2))
    logits = keras.layers.Dense(1)(keras.layers.Flatten()(points))
    gan = kgan.GAN(keras.Model(latents, Shift()(latents)), keras.Model(points, logits))
    gan.compile(loss, **compile_arguments)
    gan.generator.trainable_variables[0].assign([place, 0.0])
    gan.discriminator.trainable_variables[0].assign([[slope], [0.0]])
    return gan


def points(n=256, seed=0):
    random = np.random.RandomState(seed)
    return (0.1 * random.standard_normal((n, 1, 1, 2))).clip(-1, 1).astype("float32")


def gap(gan, **arguments):
    """The gap of the players as they stand: the training's rates are 0."""
    still = keras.optimizers.SGD(0.0)
    gan.compile(gan.two_player_loss, still, still, gan.penalties, run_eagerly=True)
    duality = DualityGap(**{"steps": 40, "learning_rate": 0.05} | arguments)
    gan.fit(points(), batch_size=64, steps_per_epoch=1, verbose=0, callbacks=[duality])
    ((epoch, found),) = duality.gaps
    assert epoch == 1
    return found


@pytest.mark.parametrize("loss", LOSSES)
def test_an_equilibrium_has_no_gap(loss):
    gan = game(loss=loss)
    # The best logit where nothing tells the sides apart.
    gan.discriminator.trainable_variables[1].assign([0.5 if loss == "least_squares" else 0.0])
    # Wasserstein's best critic, without a bound, uses what the two samples differ by chance.
    assert gap(gan) == pytest.approx(0.0, abs=0.07)


@pytest.mark.parametrize("loss", ["minimax", "relativistic"])
def test_away_from_it_there_is_one(loss):
    near, far = gap(game(0.3, loss=loss)), gap(game(0.8, loss=loss))
    assert 0.01 < near < far


def test_the_wasserstein_gap_in_closed_form():
    # M(u, v) = -<v, u>: the copies' Adam moves every weight by the rate a step, almost.
    gan = game(0.5, -1.0, loss="wasserstein")
    duality = DualityGap(steps=1, learning_rate=0.01, samples=256)
    still = keras.optimizers.SGD(0.0)
    gan.compile("wasserstein", still, still, run_eagerly=True)
    gan.fit(points(), batch_size=64, steps_per_epoch=1, verbose=0, callbacks=[duality])
    # v' = (-1.01, ±0.01), u' = (0.49, 0): 0.505 - 0.49, up to the halves' means.
    assert duality.gaps[0][1] == pytest.approx(0.015, abs=2e-3)


def test_penalties_bind_the_discriminator():
    free = gap(game(0.5, loss="wasserstein"), steps=100)
    bound = game(0.5, loss="wasserstein", penalties=[kgan.penalties.GradientPenalty(10.0)])
    held = gap(bound, steps=100)
    # A critic of slope 1 sees them 0.5 apart, and the generator has nothing to gain at a flat one.
    assert held == pytest.approx(0.5, abs=0.05)
    assert free > 4 * held


def test_smoothing_does_not_count():
    smooth = game(0.5, loss=kgan.losses.Minimax(label_smoothing=0.3))
    assert gap(smooth) == pytest.approx(gap(game(0.5)), rel=1e-4)


def test_it_is_logged_and_lets_the_run_be(images, make_gan):
    gan = make_gan(run_eagerly=True)
    duality = DualityGap(images[:20], every_epochs=2, steps=1, samples=16)
    history = gan.fit(
        images, batch_size=16, epochs=3, steps_per_epoch=1, verbose=0, callbacks=[duality]
    )
    assert [epoch for epoch, _ in duality.gaps] == [2, 3]
    assert history.history["duality_gap"] == [value for _, value in duality.gaps]
    assert int(gan.training_seeds.step) == 3


VARIANTS = {
    "BiGAN": (kgan.BiGAN, {}),
    "ConditionalGAN": (kgan.ConditionalGAN, {"classes": 3}),
    "PacGAN": (kgan.PacGAN, {"pack": 2}),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", VARIANTS)
def test_every_kind_of_model_has_a_gap(name, images):
    kind, arguments = VARIANTS[name]
    gan = kind(image_shape=(16, 16, 1), latent_dim=4, width=4, **arguments)
    gan.compile(run_eagerly=True)
    x = (images, np.arange(64, dtype=np.int32) % 3) if "classes" in arguments else images
    duality = DualityGap(steps=1, samples=16)
    gan.fit(x, batch_size=16, steps_per_epoch=1, verbose=0, callbacks=[duality])
    assert np.isfinite(duality.gaps[0][1])


@pytest.mark.slow
def test_a_broken_run_has_no_gap(images, make_gan):
    gan = make_gan(run_eagerly=True)
    variable = gan.discriminator.trainable_variables[0]
    variable.assign(np.full(variable.shape, np.nan))
    duality = DualityGap(steps=1, samples=16)
    gan.fit(images, batch_size=16, steps_per_epoch=1, verbose=0, callbacks=[duality])
    assert duality.gaps == []


def test_bad_arguments_are_told(images, make_gan):
    with pytest.raises(UsageError, match="steps must be an integer of at least 1; received 0"):
        DualityGap(steps=0)
    with pytest.raises(UsageError, match="learning_rate must be a number of at least 0"):
        DualityGap(learning_rate=-1)
    with pytest.raises(UsageError, match="held_out must hold at least 2 images"):
        make_gan(run_eagerly=True).fit(images, callbacks=[DualityGap(images[:1])], verbose=0)


@pytest.mark.slow
def test_it_falls_as_a_training_converges_and_rises_as_it_is_driven_apart():
    def trained(*optimizers, loss="non_saturating", penalties=()):
        keras.utils.set_random_seed(0)
        images = points(2000)
        gan = game(0.8, loss=loss)
        gan.compile(loss, *optimizers, penalties)
        duality = DualityGap(every_epochs=1, learning_rate=0.02)
        gan.fit(
            images, batch_size=64, epochs=12, steps_per_epoch=50, verbose=0, callbacks=[duality]
        )
        values = [value for _, value in duality.gaps]
        return np.mean(values[:3]), np.mean(values[-3:])

    adam = keras.optimizers.Adam(5e-3, 0.0)
    first, last = trained(adam, adam, penalties=["r1"])
    assert last < 0.3 * first
    wild = keras.optimizers.SGD(0.1), keras.optimizers.SGD(1.0)
    first, last = trained(*wild, loss="wasserstein")
    assert last > first
