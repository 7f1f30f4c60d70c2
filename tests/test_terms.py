import keras
import numpy as np
import pytest
import tensorflow as tf

from kgan.errors import UsageError
from kgan.terms import L1, MSE, Checkerboard, Cycle, Identity, PatchNCE, terms


def test_l1_is_the_weighted_mean_of_the_distances():
    real = np.float32([[0, 1], [2, -1]])
    fake = np.float32([[1, 1], [0, 3]])
    assert float(L1(weight=10.0)(real, fake)) == pytest.approx(10 * 7 / 4)
    assert float(terms.get("l1")(real, fake)) == pytest.approx(100 * 7 / 4)
    assert L1(10.0)(np.float16(real), np.float16(fake)).dtype == "float32"


def test_cycle_and_identity_are_l1_with_half_of_the_papers_weights():
    real, fake = np.zeros((2, 3), "float32"), np.full((2, 3), -0.5, "float32")
    for name, kind, weight in (("cycle", Cycle, 5.0), ("identity", Identity, 2.5)):
        assert float(kind()(real, fake)) == pytest.approx(weight / 2)
        assert type(terms.get(name)) is kind and kind(1.0).label == name


def test_patch_nce_is_the_cross_entropy_of_the_right_patch():
    """log softmax of the scaled cosines, place by place, within each image."""
    random = np.random.RandomState(0)
    keys, queries = random.normal(size=(2, 3, 5, 4))
    keys, queries = (x / np.linalg.norm(x, axis=-1, keepdims=True) for x in (keys, queries))
    total = 0.0
    for image in range(3):
        for place in range(5):
            cosines = [queries[image, place] @ keys[image, other] for other in range(5)]
            shares = np.exp(np.array(cosines) / 0.1)
            total -= np.log(shares[place] / shares.sum())
    found = PatchNCE(weight=2.0, temperature=0.1)(keys, queries)
    assert float(found) == pytest.approx(2 * total / 15, rel=1e-5)
    assert found.dtype == "float32" and repr(terms.get("patch_nce")) == repr(PatchNCE(0.5, 0.07))


def test_patch_nce_of_equal_patches_is_that_of_guessing():
    same = np.ones((2, 8, 1), "float32")
    assert float(PatchNCE(1.0)(same, same)) == pytest.approx(np.log(8), rel=1e-5)


def test_the_gradient_of_patch_nce_moves_the_translations_alone():
    """For two patches at right angles it is that of log(1 + exp((q·k₂ - q·k₁) / τ))."""
    keys = tf.constant(np.eye(2, dtype="float32")[None])
    queries = tf.constant([[[0.6, 0.8], [0.8, 0.6]]])
    with tf.GradientTape() as tape:
        tape.watch([keys, queries])
        loss = PatchNCE(1.0, temperature=0.5)(keys, queries)
    of_keys, of_queries = tape.gradient(loss, [keys, queries])
    assert of_keys is None
    slope = 1 / (1 + np.exp(-0.2 / 0.5)) / 0.5 / 2
    expected = slope * np.array([[[-1, 1], [1, -1]]])
    np.testing.assert_allclose(of_queries, expected, rtol=1e-5)


def test_a_temperature_of_zero_is_refused():
    with pytest.raises(UsageError, match="temperature must be a number of at least 0.001"):
        PatchNCE(temperature=0.0)


def test_a_checkerboard_is_the_pattern_that_the_error_repeats():
    """Window by window, channel by channel: the mean square less its mean."""
    random = np.random.RandomState(0)
    real, fake = random.uniform(-1, 1, (2, 2, 26, 19, 3)).astype("float32")
    total, count = 0.0, 0
    for image in range(2):
        for row, column in ((0, 0), (0, 9), (9, 0), (9, 9)):
            window = (real - fake)[image, row : row + 9, column : column + 9]
            squares = [window[i : i + 3, j : j + 3] for i in (0, 3, 6) for j in (0, 3, 6)]
            mean = np.mean(squares, axis=0)
            total += np.abs(mean - mean.mean((0, 1))).sum()
            count += mean.size
    found = Checkerboard(weight=2.0, period=3, repeats=3)(real, fake)
    assert float(found) == pytest.approx(2 * total / count, rel=1e-5)
    assert found.dtype == "float32" and repr(terms.get("checkerboard")) == repr(Checkerboard())


def test_what_does_not_repeat_is_no_checkerboard():
    """A constant error, and a pattern of another period whose squares cancel."""
    stripes = np.tile([1.0, 1.0, -1.0, -1.0], 6).reshape(1, 1, 24, 1).repeat(24, axis=1)
    for fake in (np.full((1, 24, 24, 1), 0.5), stripes):
        term = Checkerboard(1.0, period=2, repeats=4)
        assert float(term(np.zeros((1, 24, 24, 1)), fake)) == pytest.approx(0.0, abs=1e-7)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"period": 1}, "period must be an integer of at least 2"),
        ({"repeats": 1}, "repeats must be an integer of at least 2"),
        ({}, "Checkerboard needs images of at least 24x24 pixels, a window; received 23x30"),
    ],
)
def test_a_checkerboard_that_cannot_be_seen_is_refused(arguments, message):
    images = np.zeros((1, 23, 30, 3), "float32")
    with pytest.raises(UsageError, match=message):
        Checkerboard(**arguments)(images, images)


def test_the_logs_call_it_by_its_short_name():
    class Own(L1):
        pass

    assert L1().label == "l1" and Own().label == "own"


def test_it_comes_back_from_its_configuration():
    twin = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(L1(3.0)))
    assert repr(twin) == "L1(weight=3.0)"


def test_a_negative_weight_is_refused():
    with pytest.raises(UsageError, match="weight must be a number of at least 0"):
        L1(-1)


def test_mse_is_the_weighted_mean_of_the_squares():
    real = np.float32([[0, 1], [2, -1]])
    fake = np.float32([[1, 1], [0, 3]])
    assert float(MSE(weight=2.0)(real, fake)) == pytest.approx(2 * (1 + 0 + 4 + 16) / 4)
    assert terms.get("mse").weight == 1.0 and MSE().label == "mse"
    assert MSE()(np.float16(real), np.float16(fake)).dtype == "float32"
