import numpy as np
import pytest

from kgan.errors import UsageError
from kgan.layers import GatedActivation


def test_elu_times_sigmoid():
    x = np.random.RandomState(0).normal(size=(2, 3, 4, 6)).astype("float32")
    features, gates = x[..., :3], x[..., 3:]
    expected = np.where(features > 0, features, np.exp(features) - 1) / (1 + np.exp(-gates))
    np.testing.assert_allclose(GatedActivation()(x), expected, rtol=1e-5, atol=1e-7)
    assert GatedActivation().compute_output_shape((None, 3, 4, 6)) == (None, 3, 4, 3)
    assert GatedActivation(dtype="mixed_float16")(x).dtype == "float16"


def test_an_odd_number_of_channels_has_no_gates():
    with pytest.raises(UsageError, match="inputs must have an even number of channels.*received 3"):
        GatedActivation()(np.zeros((1, 2, 2, 3), "float32"))
