import numpy as np
import pytest

from kgan import networks
from kgan.networks import Condition, dcgan
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


@pytest.mark.parametrize(
    ("name", "through"),
    [
        ("dcgan", "input"),
        ("dcgan", "normalization"),
        ("resnet", "normalization"),
        ("r3gan", "input"),
        ("mlp", "input"),
    ],
)
def test_layers_of_kgan_are_cloned_in_float32_too(name, through):
    condition = Condition("label", 3, 4)
    network = networks.get(name).generator(
        (8, 8, 1), 4, 4, dtype="mixed_float16", condition=condition, through=through
    )
    clone = float32_clone(network)
    assert compute_dtypes(clone) == {"float32"}
    assert list(clone.input) == ["latent", "label"]
    assert clone.input["label"].dtype == "int32"
    latents = np.random.RandomState(0).normal(size=(3, 4)).astype("float32")
    inputs = {"latent": latents, "label": np.arange(3, dtype="int32")}
    np.testing.assert_allclose(network(inputs), clone(inputs), atol=1e-2)
