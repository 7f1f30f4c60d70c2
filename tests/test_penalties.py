"""Each penalty against a critic whose gradient norm is known."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kgan import penalties

WEIGHTS = tf.constant(np.random.RandomState(0).normal(size=(8 * 8 * 3, 1)).astype("float32"))
NORM = float(tf.norm(WEIGHTS))
REAL = tf.constant(np.random.RandomState(1).uniform(-1, 1, (5, 8, 8, 3)).astype("float32"))
FAKE = tf.constant(np.random.RandomState(2).uniform(-1, 1, (5, 8, 8, 3)).astype("float32"))


def linear(images):
    """A critic with the gradient WEIGHTS everywhere."""
    return tf.reshape(images, (5, -1)) @ WEIGHTS


def quadratic(images):
    """A critic whose gradient at x is x itself."""
    return 0.5 * tf.reduce_sum(images**2, axis=(1, 2, 3))[:, None]


def constant(images):
    return tf.zeros((5, 1))


def examples(critic, *images):
    """The examples that a penalty takes, all judged by one critic."""
    return [penalties.Examples(each, critic) for each in images]


def squares(images):
    return float(tf.reduce_mean(tf.reduce_sum(images**2, axis=(1, 2, 3))))


@pytest.mark.parametrize(
    ("penalty", "linear_value", "constant_value"),
    [
        (penalties.R1(weight=4.0), 2.0 * NORM**2, 0.0),
        (penalties.R2(weight=4.0), 2.0 * NORM**2, 0.0),
        (penalties.GradientPenalty(weight=3.0), 3.0 * (NORM - 1) ** 2, 3.0),
        (penalties.DRAGAN(weight=3.0), 3.0 * (NORM - 1) ** 2, 3.0),
    ],
)
def test_closed_forms(penalty, linear_value, constant_value):
    assert float(penalty(*examples(linear, REAL, FAKE))) == pytest.approx(linear_value, rel=1e-5)
    assert float(penalty(*examples(constant, REAL, FAKE))) == pytest.approx(
        constant_value, abs=1e-4
    )


def test_r1_looks_at_reals_and_r2_at_fakes():
    assert float(penalties.R1(2.0)(*examples(quadratic, REAL, FAKE))) == pytest.approx(
        squares(REAL), rel=1e-5
    )
    assert float(penalties.R2(2.0)(*examples(quadratic, REAL, FAKE))) == pytest.approx(
        squares(FAKE), rel=1e-5
    )


@pytest.mark.slow
def test_gradient_penalty_interpolates_uniformly():
    """Between 0 and x the quadratic critic has the norm u‖x‖, u uniform: E(u‖x‖-1)² is known."""
    x = tf.ones((5, 8, 8, 3)) * 0.5
    norm = float(tf.norm(x[0]))
    penalty = penalties.GradientPenalty(weight=1.0)
    penalty.seed_generator = keras.random.SeedGenerator(0)
    values = [float(penalty(*examples(quadratic, x, tf.zeros_like(x)))) for _ in range(400)]
    expected = norm**2 / 3 - norm + 1
    assert np.mean(values) == pytest.approx(expected, rel=0.05)


def test_dragan_noise_is_half_the_standard_deviation():
    """Around zero-mean images the quadratic critic's squared norm grows by N·(noise·std)²."""
    seen = []

    def spy(images):
        seen.append(images)
        return quadratic(images)

    penalty = penalties.DRAGAN()
    penalty.seed_generator = keras.random.SeedGenerator(0)
    for _ in range(20):
        penalty(*examples(spy, REAL, FAKE))
    noise = np.std(np.stack(seen) - REAL.numpy())
    assert noise == pytest.approx(0.5 * np.std(REAL), rel=0.03)


def test_gradients_of_a_constant_critic_are_finite():
    scale = tf.Variable(0.0)
    for penalty in map(penalties.penalties.get, penalties.penalties.classes):
        with tf.GradientTape() as tape:
            value = penalty(*examples(lambda images: scale * linear(images), REAL, FAKE))
        assert np.isfinite(tape.gradient(value, scale).numpy())


def test_half_precision_images_are_penalised_in_float32():
    half = tf.cast(REAL, tf.float16)
    value = penalties.R1(1.0)(*examples(quadratic, half, half))
    assert value.dtype == tf.float32


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"weight": -1.0}, "weight must be a number of at least 0; received -1.0"),
        ({"weight": float("nan")}, "weight must be"),
        ({"interval": 0}, "interval must be an integer of at least 1"),
        ({"interval": 1.5}, "interval must be"),
    ],
)
def test_bad_arguments(arguments, message):
    for cls in penalties.penalties.classes.values():
        with pytest.raises(ValueError, match=message):
            cls(**arguments)


def test_dragan_noise_must_not_be_negative():
    with pytest.raises(ValueError, match="noise must be a number of standard deviations of at"):
        penalties.DRAGAN(noise=-0.1)


def test_unknown_name():
    with pytest.raises(ValueError, match=r"penalties='r11' is unknown.*Did you mean 'r1'"):
        penalties.penalties.get("r11")


def test_configuration_round_trip():
    penalty = penalties.DRAGAN(weight=2.0, interval=4, noise=0.25)
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(penalty))
    assert copy.get_config() == {"weight": 2.0, "interval": 4, "noise": 0.25}


def test_dir_shows_the_penalties_alone():
    assert sorted(dir(penalties)) == sorted(
        ["Penalty", "penalties", "R1", "R2", "GradientPenalty", "DRAGAN"]
    )


def test_each_example_is_judged_by_its_own_critic():
    """So R2 sees the fakes under their own condition, whatever that of the reals is."""
    real, fake = penalties.Examples(REAL, constant), penalties.Examples(FAKE, linear)
    assert float(penalties.R1(2.0)(real, fake)) == 0
    assert float(penalties.R2(2.0)(real, fake)) == pytest.approx(NORM**2, rel=1e-5)


def test_the_mean_of_several_logits_of_an_image_judges_it():
    """PatchGAN's: the penalty is that of their mean, whatever their number."""
    one = penalties.Examples(REAL, linear)
    patches = penalties.Examples(
        REAL, lambda images: tf.tile(linear(images)[:, None, None], (1, 3, 5, 1))
    )
    for penalty in (penalties.R1(1.0), penalties.R2(1.0)):
        np.testing.assert_allclose(penalty(patches, patches), penalty(one, one), rtol=1e-5)
