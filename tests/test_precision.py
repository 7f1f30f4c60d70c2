import numpy as np
import pytest

from kgan.networks import DCGAN, architectures
from kgan.precision import compute_dtypes, float32_clone
from kgan.signature import Image, Label, Latent, Signature


@pytest.mark.parametrize("dtype", ["float32", "mixed_float16", "mixed_bfloat16"])
def test_the_clone_computes_in_float32_with_the_same_weights(dtype):
    network = DCGAN(4).generator(Signature(Latent(4)), Image((16, 16, 1)), dtype=dtype)
    clone = float32_clone(network)
    assert compute_dtypes(clone) == {"float32"}
    for a, b in zip(network.get_weights(), clone.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    latents = np.random.RandomState(0).normal(size=(2, 4)).astype("float32")
    tolerance = 1e-6 if dtype == "float32" else 1e-2
    np.testing.assert_allclose(network(latents), clone(latents), atol=tolerance)


def test_compute_dtypes_of_a_mixed_network():
    assert compute_dtypes(
        DCGAN(4).generator(Signature(Latent(4)), Image((16, 16, 1)), dtype="mixed_float16")
    ) == {
        "float16",
        "float32",  # the image
    }


@pytest.mark.parametrize(
    ("name", "through"),
    [
        ("dcgan", "concatenation"),
        ("dcgan", "modulation"),
        ("resnet", "modulation"),
        ("r3gan", "concatenation"),
        ("mlp", "concatenation"),
    ],
)
def test_layers_of_kgan_are_cloned_in_float32_too(name, through):
    condition = Label(3)
    network = architectures.classes[name](4).generator(
        Signature(Latent(4), condition),
        Image((8, 8, 1)),
        dtype="mixed_float16",
        conditioning=through,
    )
    clone = float32_clone(network)
    assert compute_dtypes(clone) == {"float32"}
    assert list(clone.input) == ["latent", "label"]
    assert clone.input["label"].dtype == "int32"
    latents = np.random.RandomState(0).normal(size=(3, 4)).astype("float32")
    inputs = {"latent": latents, "label": np.arange(3, dtype="int32")}
    np.testing.assert_allclose(network(inputs), clone(inputs), atol=1e-2)
