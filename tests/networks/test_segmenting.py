import numpy as np
import pytest

from kgan.networks import Gated, Segmenting, UNet
from kgan.signature import Image, Probabilities, Signature

SOURCE = Signature(Image((None, None, 3), "source"))
IMAGES = np.random.RandomState(0).uniform(-1, 1, (2, 9, 12, 3)).astype("float32")


@pytest.mark.parametrize("inner", [UNet(4, 2), Gated(4, 1, (2,))])
@pytest.mark.parametrize("dtype", ["float32", "mixed_float16"])
def test_probabilities_of_any_translator(inner, dtype):
    model = Segmenting(inner).generator(SOURCE, Probabilities(3, "target"), dtype=dtype)
    made = np.asarray(model(IMAGES))
    assert made.shape == (2, 9, 12, 3) and made.dtype == np.float32
    np.testing.assert_allclose(made.sum(-1), 1, atol=1e-5)
    assert made.min() > 0 and made.std() > 1e-4
    assert Segmenting(inner).smallest == inner.smallest


@pytest.mark.parametrize(("classes", "features"), [(2, 16), (21, 21)])
def test_enough_features_for_the_classes(classes, features):
    model = Segmenting(UNet(4, 2)).generator(SOURCE, Probabilities(classes, "target"))
    assert model.layers[-2].get_weights()[0].shape == (1, 1, features, classes)


def test_a_seed_pins_the_weights():
    def weights(seed):
        return Segmenting(UNet(4, 2)).generator(SOURCE, Probabilities(3), seed).get_weights()

    for first, second in zip(weights(1), weights(1), strict=True):
        np.testing.assert_array_equal(first, second)
    assert not np.array_equal(weights(1)[-2], weights(2)[-2])
