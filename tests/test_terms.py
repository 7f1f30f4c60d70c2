import keras
import numpy as np
import pytest

from kgan.errors import UsageError
from kgan.terms import L1, MSE, terms


def test_l1_is_the_weighted_mean_of_the_distances():
    real = np.float32([[0, 1], [2, -1]])
    fake = np.float32([[1, 1], [0, 3]])
    assert float(L1(weight=10.0)(real, fake)) == pytest.approx(10 * 7 / 4)
    assert float(terms.get("l1")(real, fake)) == pytest.approx(100 * 7 / 4)
    assert L1(10.0)(np.float16(real), np.float16(fake)).dtype == "float32"


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
