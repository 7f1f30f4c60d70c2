"""R3GAN's schedules: in closed form, and in training."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

import kgan
from kgan.schedules import Cosine, ScheduledAdam

SIZES = {"image_shape": (8, 8, 1), "latent_dim": 4, "width": 2}
IMAGES = np.random.RandomState(0).uniform(-1, 1, (8, 8, 8, 1)).astype("float32")


@pytest.mark.parametrize(("start", "end"), [(2e-4, 5e-5), (0.9, 0.99), (2.0, 0.0)])
def test_cosine(start, end):
    schedule = Cosine(start, end, 40)
    for step, share in ((0, 0.0), (10, 0.25), (20, 0.5), (30, 0.75), (40, 1.0), (999, 1.0)):
        expected = end + (start - end) * (1 + math.cos(math.pi * share)) / 2
        assert float(schedule(step)) == pytest.approx(expected, rel=1e-5, abs=1e-7)
        assert float(schedule(tf.constant(step, tf.int64))) == pytest.approx(
            expected, rel=1e-5, abs=1e-7
        )
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(schedule))
    assert copy.get_config() == {"start": start, "end": end, "steps": 40}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((-1.0, 1.0, 5), "start must be a number of at least 0; received -1.0"),
        ((1.0, float("nan"), 5), "end must be a number"),
        ((1.0, 1.0, 0), "steps must be an integer of at least 1"),
    ],
)
def test_cosine_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        Cosine(*arguments)


def updates(optimizer, steps=5):
    random = np.random.RandomState(0)
    variable = keras.Variable(random.normal(size=(4,)))
    optimizer.build([variable])
    seen = []
    for _ in range(steps):
        optimizer.apply([tf.constant(random.normal(size=4), tf.float32)], [variable])
        seen.append(variable.numpy())
    return np.array(seen)


def test_with_a_constant_beta_2_it_is_adam():
    ours = ScheduledAdam(1e-2, 0.5, 0.9, epsilon=1e-6)
    np.testing.assert_array_equal(
        updates(ours), updates(keras.optimizers.Adam(1e-2, 0.5, 0.9, epsilon=1e-6))
    )


def test_a_scheduled_beta_2_by_hand():
    """Adam's equations with the β₂ of the step, by which its bias is corrected, too."""
    schedule = Cosine(0.5, 0.9, 4)
    found = updates(ScheduledAdam(Cosine(0.1, 0.01, 4), 0.3, schedule, epsilon=1e-8))
    random = np.random.RandomState(0)
    value, first, second = random.normal(size=4), np.zeros(4), np.zeros(4)
    for step in range(5):
        gradient, share = random.normal(size=4), min(step / 4, 1)
        beta = 0.9 - 0.4 * (1 + math.cos(math.pi * share)) / 2
        rate = 0.01 + 0.09 * (1 + math.cos(math.pi * share)) / 2
        first = 0.3 * first + 0.7 * gradient
        second = beta * second + (1 - beta) * gradient**2
        hats = first / (1 - 0.3 ** (step + 1)), second / (1 - beta ** (step + 1))
        value = value - rate * hats[0] / (np.sqrt(hats[1]) + 1e-8)
        np.testing.assert_allclose(found[step], value, rtol=1e-4, atol=1e-6)


def test_scheduled_adam_is_rebuilt_from_its_configuration():
    for beta in (0.95, Cosine(0.9, 0.99, 7)):
        optimizer = ScheduledAdam(Cosine(1.0, 0.1, 7), 0.1, beta, epsilon=1e-8)
        copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(optimizer))
        assert type(copy) is ScheduledAdam
        np.testing.assert_array_equal(updates(copy), updates(optimizer))


@pytest.mark.parametrize("beta_2", [1.0, -0.1, "0.9", None])
def test_a_beta_that_is_none(beta_2):
    with pytest.raises(ValueError, match="beta_2 must be a number"):
        ScheduledAdam(beta_2=beta_2)


def at(step, start, end, steps):
    return end + (start - end) * (1 + math.cos(math.pi * min(step / steps, 1))) / 2


@pytest.mark.slow
def test_the_schedules_reach_optimizers_and_penalties_in_training():
    """As a graph: at the start, half way and behind the burn-in."""
    gan = kgan.R3GAN(**SIZES, gamma=3.0, burn_in_steps=4)
    gan.compile()
    assert type(gan.two_player_loss) is kgan.losses.Relativistic
    assert [type(penalty) for penalty in gan.penalties] == [kgan.penalties.R1, kgan.penalties.R2]
    optimizers = (gan.generator_optimizer, gan.discriminator_optimizer)
    for step in range(6):
        for optimizer in optimizers:
            assert float(optimizer.learning_rate) == pytest.approx(at(step, 2e-4, 5e-5, 4))
            assert float(optimizer.beta_2) == pytest.approx(at(step, 0.9, 0.99, 4))
            assert (optimizer.beta_1, optimizer.epsilon) == (0.0, 1e-8)
        for penalty in gan.penalties:
            assert float(penalty.strength) == pytest.approx(at(step, 3.0, 0.3, 4), rel=1e-5)
        # The logged R1 is half the weight times the squared gradient of the moment.
        images = tf.constant(IMAGES)
        with tf.GradientTape() as tape:
            tape.watch(images)
            logits = gan.discriminator(images)
        squares = (tape.gradient(logits, images).numpy() ** 2).sum((1, 2, 3)).mean()
        logs = gan.fit(IMAGES, batch_size=8, epochs=step + 1, initial_epoch=step, verbose=0).history
        assert logs["r1"][0] == pytest.approx(at(step, 3.0, 0.3, 4) / 2 * squares, rel=1e-3)


def test_a_penaltys_weight_may_be_a_schedule(tmp_path):
    gan = kgan.VanillaGAN(**SIZES)
    gan.compile(penalties=[kgan.penalties.R1(Cosine(8.0, 2.0, 10))], run_eagerly=True)
    assert float(gan.penalties[0].strength) == 8.0
    gan.training_seeds.state.assign([0, 5])
    assert float(gan.penalties[0].strength) == pytest.approx(5.0)
    gan.save(tmp_path / "gan.keras")
    loaded = kgan.load_model(tmp_path / "gan.keras")
    assert loaded.fingerprint() == gan.fingerprint()
    assert float(loaded.penalties[0].strength) == pytest.approx(5.0)
    assert float(kgan.penalties.R1(Cosine(8.0, 2.0, 10)).strength) == 8.0  # outside a model
    with pytest.raises(
        ValueError, match="weight must be a number of at least 0; received 'cosine'"
    ):
        kgan.penalties.R1("cosine")


def test_the_authors_numbers():
    gan = kgan.R3GAN(width=2, image_shape=(8, 8, 1))
    defaults = gan.compile_defaults()
    rate = defaults["generator_optimizer"]._learning_rate
    assert rate.get_config() == {
        "start": 2e-4,
        "end": 5e-5,
        "steps": 78_125,
    }  # 20 million images in batches of 256
    for penalty in defaults["penalties"]:
        assert (
            penalty.weight.get_config()["start"] == 10 * penalty.weight.get_config()["end"] == 2.0
        )
    assert (gan.ema_halflife_images, type(gan.networks)) == (500_000.0, kgan.networks.R3GAN)
    assert gan.networks.get_config() == {"width": 2, "normalization": "none"}


@pytest.mark.parametrize("networks", ["dcgan", "resnet", "mlp"])
def test_no_discriminator_is_normalised(networks):
    assert kgan.R3GAN(**{**SIZES, "networks": networks}).networks.normalization == "none"


@pytest.mark.slow
def test_the_averages_halflife_follows_the_burn_in():
    gan = kgan.R3GAN(**SIZES, burn_in_steps=8, ema_halflife_images=100.0)
    gan.compile(run_eagerly=True)
    average = gan.averaged_generator.get_weights()
    for step in range(3):
        gan.fit(IMAGES, batch_size=8, epochs=step + 1, initial_epoch=step, verbose=0)
        decay = 0.5 ** (8 / max(at(step + 1, 0.0, 100.0, 8), 1.0))
        average = [
            decay * a + (1 - decay) * w
            for a, w in zip(average, gan.generator.get_weights(), strict=True)
        ]
    for a, b in zip(average, gan.averaged_generator.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_bad_arguments():
    with pytest.raises(ValueError, match="gamma must be a number of at least 0; received -1"):
        kgan.R3GAN(**SIZES, gamma=-1)
    for steps in (0, 1.5):
        with pytest.raises(ValueError, match="burn_in_steps must be an integer of at least 1"):
            kgan.R3GAN(**SIZES, burn_in_steps=steps)
