import numpy as np
import pytest

from kgan.networks import dcgan
from kgan.precision import compute_dtypes, float32_clone


@pytest.mark.parametrize("dtype", ["float32", "mixed_float16", "mixed_bfloat16"])
def test_the_clone_computes_in_float32_with_the_same_weights(dtype):
    network = dcgan.generator((16, 16, 1), 4, 4, dtype=dtype)
    clone = float32_clone(network)
    assert compute_dtypes(clone) == {"float32"}
    for a, b in zip(network.get_weights(), clone.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    latents = np.random.RandomState(0).normal(size=(2, 4)).astype("float32")
    tolerance = 1e-6 if dtype == "float32" else 1e-2
    np.testing.assert_allclose(network(latents), clone(latents), atol=tolerance)


def test_compute_dtypes_of_a_mixed_network():
    assert compute_dtypes(dcgan.generator((16, 16, 1), 4, 4, dtype="mixed_float16")) == {
        "float16",
        "float32",  # the image
    }
