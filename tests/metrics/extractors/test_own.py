import functools

import keras
import numpy as np
import pytest

from kgan.errors import UsageError
from kgan.metrics.extractors import Extractor, get, own


def network(dimensions=5, pool=True, dtype=None):
    layers = [
        keras.Input((47, 61, 3)),
        keras.layers.Conv2D(dimensions, 3, dtype=dtype),
        keras.layers.Dropout(0.5, dtype=dtype),
        keras.layers.BatchNormalization(dtype=dtype),
    ]
    pooling = [keras.layers.GlobalAveragePooling2D(dtype=dtype)] if pool else []
    return keras.Sequential(layers + pooling, name="mine")


def test_a_keras_model(images):
    model = network()
    extractor = get(model)
    assert (extractor.name, extractor.feature_dim) == ("mine", 5)
    assert extractor.image_shape == (47, 61, 3)
    np.testing.assert_allclose(
        extractor.features(images), model(images, training=False), rtol=1e-5, atol=1e-6
    )
    with pytest.raises(UsageError, match=r"images must have the shape \(batch, 47, 61, 3\)"):
        extractor.features(images[:, :8])


def test_its_sha256_is_that_of_the_weights():
    model, other = network(), network()
    digest = get(model).sha256
    assert len(digest) == 64 and digest == get(model).sha256 != get(other).sha256
    other.set_weights(model.get_weights())
    assert get(other).sha256 == digest
    weights = model.get_weights()
    weights[-1] = weights[-1] + 1e-6  # a moving variance
    other.set_weights(weights)
    assert get(other).sha256 != digest


def test_its_sha256_tells_shapes_and_types_apart():
    def digest(shape, dtype="float32"):
        model = keras.Sequential(
            [keras.Input(shape[:1]), keras.layers.Dense(*shape[1:], dtype=dtype)]
        )
        model.set_weights([np.zeros_like(value) for value in model.get_weights()])
        return own.model_sha256(model)

    assert digest((2, 4)) == digest((2, 4))
    # 12 zeros in both: 2 * 4 + 4 and 3 * 3 + 3.
    assert digest((2, 4)) != digest((3, 3))
    assert digest((2, 4), "bfloat16") != digest((2, 4), "float16")


def test_its_sha256_tells_two_heads_of_one_trunk_apart():
    trunk = keras.Sequential([keras.Input((16, 16, 1)), keras.layers.Conv2D(4, 3)])
    heads = keras.layers.GlobalAveragePooling2D(), keras.layers.GlobalMaxPooling2D()
    digests = {own.model_sha256(keras.Sequential([trunk, head])) for head in heads}
    assert len(digests) == 2


def test_its_sha256_tells_activations_from_names():
    """Layers that are called as their activations are."""
    digests = {
        own.model_sha256(
            keras.Sequential([keras.Input((3,)), keras.layers.Activation(kind, name=kind)])
        )
        for kind in ("relu", "tanh")
    }
    assert len(digests) == 2


def test_a_model_that_cannot_be_a_graph(images):
    class Eager(keras.Model):
        def call(self, inputs):
            return np.asarray(inputs).mean((1, 2)) * float(keras.ops.max(inputs))

    extractor = get(Eager(name="eager"))
    for _ in range(2):
        expected = images.mean((1, 2)) * images.max()
        np.testing.assert_allclose(extractor.features(images), expected, rtol=1e-5)


def test_models_in_mixed_precision_and_without_a_shape(images):
    extractor = get(network(dtype="mixed_bfloat16"))
    assert extractor.features(images).dtype == np.float32

    class Mine(keras.Model):
        def call(self, inputs, training=False):
            return keras.ops.mean(inputs, (1, 2)) + (7 if training else 0)

    for model in (Mine(name="mine"), keras.Sequential([keras.layers.GlobalAveragePooling2D()])):
        extractor = get(model)
        assert extractor.feature_dim is None and extractor.image_shape == (None, None, None)
        assert extractor.sha256 is None  # weights that come with the first call are not told yet
        np.testing.assert_allclose(extractor.features(images), images.mean((1, 2)), atol=1e-6)
        assert extractor.feature_dim == 3


def test_models_that_give_no_features():
    with pytest.raises(UsageError, match=r"'mine' must give .*45, 59, 5\)\. Add GlobalAveragePool"):
        get(network(pool=False))
    image, latent = keras.Input((8, 8, 3)), keras.Input((4,))
    flat = keras.layers.Flatten()(image)
    two = keras.Model(image, [flat, flat], name="two")
    with pytest.raises(UsageError, match=r"'two' must give .*\(None, 192\), \(None, 192\)\. Take"):
        get(two)
    with pytest.raises(UsageError, match=r"'two' must take images .*\(None, 4\)\. Wrap it"):
        get(keras.Model([image, latent], flat, name="two"))
    with pytest.raises(UsageError, match=r"must take images .*takes \(None, 4\)\."):
        get(keras.Model(latent, latent))


def means(images, scale=1):
    return scale * images.mean((1, 2))


class Means:
    def __call__(self, images):
        return means(images)


def test_a_function(images):
    for function, name in [
        (means, "means"),
        (functools.partial(means, scale=1), "means"),
        (Means(), "Means"),
        (Means().__call__, "Means.__call__"),
    ]:
        extractor = get(function)
        assert isinstance(extractor, Extractor)
        assert extractor.description == {"name": name, "sha256": None, "resize": "none"}
        np.testing.assert_array_equal(extractor.features(images), means(images))
        assert extractor.feature_dim == 3
