"""Each loss against its formula, written out in NumPy."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kgan import losses

REAL = np.array([[1.5], [-0.3], [0.0], [2.0]], "float32")
FAKE = np.array([[-0.7], [0.4], [1.1], [-3.0]], "float32")


def sigmoid(x):
    return 1 / (1 + np.exp(-np.asarray(x, "float64")))


LOG_D_REAL = np.log(sigmoid(REAL)).mean()
LOG_NOT_D_REAL = np.log(1 - sigmoid(REAL)).mean()
LOG_NOT_D_FAKE = np.log(1 - sigmoid(FAKE)).mean()

CLOSED_FORMS = {
    "minimax": (-LOG_D_REAL - LOG_NOT_D_FAKE, LOG_NOT_D_FAKE),
    "non_saturating": (-LOG_D_REAL - LOG_NOT_D_FAKE, -np.log(sigmoid(FAKE)).mean()),
    "least_squares": (
        0.5 * ((REAL - 1) ** 2).mean() + 0.5 * (FAKE**2).mean(),
        0.5 * ((FAKE - 1) ** 2).mean(),
    ),
    "wasserstein": (FAKE.mean() - REAL.mean(), -FAKE.mean()),
    "hinge": (np.maximum(0, 1 - REAL).mean() + np.maximum(0, 1 + FAKE).mean(), -FAKE.mean()),
    "relativistic": (
        -np.log(sigmoid(REAL - FAKE)).mean(),
        -np.log(sigmoid(FAKE - REAL)).mean(),
    ),
    "relativistic_average": (
        -np.log(sigmoid(REAL - FAKE.mean())).mean() - np.log(sigmoid(REAL.mean() - FAKE)).mean(),
        -np.log(sigmoid(FAKE - REAL.mean())).mean() - np.log(sigmoid(FAKE.mean() - REAL)).mean(),
    ),
    "zero_sum": (-LOG_D_REAL - LOG_NOT_D_FAKE, LOG_D_REAL + LOG_NOT_D_FAKE),
}


def test_every_loss_has_a_closed_form_here():
    assert set(CLOSED_FORMS) == set(losses.losses.classes)


@pytest.mark.parametrize("name", CLOSED_FORMS)
def test_closed_form(name):
    loss = losses.losses.get(name)
    discriminator, generator = CLOSED_FORMS[name]
    assert float(loss.discriminator(REAL, FAKE)) == pytest.approx(discriminator, rel=1e-6)
    real = REAL if loss.needs_real_logits else None
    assert float(loss.generator(real, FAKE)) == pytest.approx(generator, rel=1e-6)


@pytest.mark.parametrize(
    ("name", "discriminator", "generator"),
    [
        ("minimax", 2 * np.log(2), -np.log(2)),
        ("non_saturating", 2 * np.log(2), np.log(2)),
        ("least_squares", 0.5, 0.5),
        ("wasserstein", 0.0, 0.0),
        ("hinge", 2.0, 0.0),
        ("relativistic", np.log(2), np.log(2)),
        ("relativistic_average", 2 * np.log(2), 2 * np.log(2)),
        ("zero_sum", 2 * np.log(2), -2 * np.log(2)),
    ],
)
def test_of_a_critic_that_is_constantly_zero(name, discriminator, generator):
    loss, zero = losses.losses.get(name), np.zeros((4, 1), "float32")
    assert float(loss.discriminator(zero, zero)) == pytest.approx(discriminator, abs=1e-6)
    assert float(loss.generator(zero, zero)) == pytest.approx(generator, abs=1e-6)


@pytest.mark.parametrize("loss", [losses.Minimax(0.1), losses.NonSaturating(0.1)])
def test_one_sided_label_smoothing(loss):
    expected = -0.9 * LOG_D_REAL - 0.1 * LOG_NOT_D_REAL - LOG_NOT_D_FAKE
    assert float(loss.discriminator(REAL, FAKE)) == pytest.approx(expected, rel=1e-6)


def test_label_smoothing_moves_the_least_squares_target():
    expected = 0.5 * ((REAL - 0.9) ** 2).mean() + 0.5 * (FAKE**2).mean()
    loss = losses.LeastSquares(label_smoothing=0.1)
    assert float(loss.discriminator(REAL, FAKE)) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("name", CLOSED_FORMS)
def test_half_precision_logits_give_float32(name):
    loss = losses.losses.get(name)
    half = keras.ops.cast(REAL, "float16")
    for value in (loss.discriminator(half, half), loss.generator(half, half)):
        assert value.dtype == "float32" and value.shape == ()


def test_extreme_logits_stay_finite():
    far = np.array([[1e4], [-1e4]], "float32")
    for name in CLOSED_FORMS:
        loss = losses.losses.get(name)
        assert np.isfinite(float(loss.discriminator(far, far)))
        assert np.isfinite(float(loss.generator(far, far)))


def test_configuration_round_trip():
    loss = losses.NonSaturating(label_smoothing=0.2)
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    assert type(copy) is losses.NonSaturating and copy.label_smoothing == 0.2


@pytest.mark.parametrize("smoothing", [-0.1, 1.0, float("nan"), "0.1", None])
def test_label_smoothing_out_of_range(smoothing):
    with pytest.raises(ValueError, match=r"label_smoothing must lie in \[0, 1\)"):
        losses.Minimax(label_smoothing=smoothing)


def test_unknown_name_suggests_the_nearest():
    with pytest.raises(ValueError, match=r"loss='hing' is unknown.*Did you mean 'hinge'"):
        losses.losses.get("hing")
    with pytest.raises(ValueError, match="loss must be a short name"):
        losses.losses.get(3)


def test_the_generators_objectives_of_the_zero_sum_game():
    """On reals alone nothing reaches the generator; on both, what fakes alone give."""
    gradients = {}
    for objective in ("fakes", "reals", "both"):
        loss = losses.ZeroSum(objective)
        fake = tf.constant(FAKE)
        with tf.GradientTape() as tape:
            tape.watch(fake)
            value = loss.generator(REAL if loss.needs_real_logits else None, fake)
        gradients[objective] = tape.gradient(value, fake, unconnected_gradients="zero").numpy()
    assert (gradients["reals"] == 0).all()
    np.testing.assert_allclose(gradients["both"], gradients["fakes"], rtol=1e-6)
    # d/dl log(1 - sigmoid(l)) = -sigmoid(l)
    np.testing.assert_allclose(gradients["fakes"], -sigmoid(FAKE) / len(FAKE), rtol=1e-6)
    with pytest.raises(ValueError, match="objective='fake' is unknown.*Did you mean 'fakes'"):
        losses.ZeroSum("fake")


def test_dir_shows_the_losses_alone():
    shown = [getattr(losses, name) for name in dir(losses)]
    classes = losses.losses.classes.values()
    own = [cls for cls in classes if cls.__module__ == losses.__name__]
    assert losses.Hinge in own and len(own) == len(CLOSED_FORMS)
    assert sorted(map(repr, shown)) == sorted(
        map(repr, [losses.Loss, losses.OwnLoss, losses.losses, *own])
    )
