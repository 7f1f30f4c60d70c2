import numpy as np
import pytest

from kgan import latent
from kgan.latent import pca, synthesis


def test_a_linear_generator_has_known_directions(linear_gan, axes):
    found, shares = latent.directions(linear_gan, n=3, samples=40_000)
    assert (found.dtype, found.shape, shares.dtype) == (np.float32, (3, 3), np.float64)
    # Up to the sampling of the latents, and to the sign: the largest value is positive.
    signs = np.sign(axes[np.arange(3), np.abs(axes).argmax(1)])
    np.testing.assert_allclose(found, axes * signs[:, None], atol=0.03)
    np.testing.assert_allclose(shares, np.array([9, 4, 1]) / 14, atol=0.01)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-6)


@pytest.mark.parametrize("layer", ["dense", "batch_normalization"])
def test_components_are_those_of_a_whole_decomposition(vivid_gan, monkeypatch, layer):
    # Names are numbered on from model to model.
    layer = next(
        found.name for found in vivid_gan.averaged_generator.layers if found.name.startswith(layer)
    )
    monkeypatch.setattr(pca, "_CHUNK_VALUES", 5_000)  # several chunks
    found, shares = latent.directions(vivid_gan, n=4, layer=layer, seed=5, samples=60)
    latents = latent.sample(60, 8, seed=5).astype(np.float64)
    features = synthesis.features(vivid_gan, layer)(latents.astype(np.float32))
    features = features.astype(np.float64) - features.mean(0, dtype=np.float64)
    _, values, components = np.linalg.svd(features, full_matrices=False)
    np.testing.assert_allclose(shares, (values**2 / (values**2).sum())[:4], rtol=1e-5)
    regressed = np.linalg.lstsq(features @ components[:4].T, latents, rcond=None)[0]
    cosines = (regressed * found).sum(1) / np.linalg.norm(regressed, axis=1)
    np.testing.assert_allclose(np.abs(cosines), 1, atol=1e-5)
    assert (found[np.arange(4), np.abs(found).argmax(1)] > 0).all()


def test_the_first_layer_with_weights_is_the_default(vivid_gan):
    name = vivid_gan.averaged_generator.layers[1].name
    assert name.startswith("dense")
    first, again = (latent.directions(vivid_gan, 2, layer, samples=50) for layer in (None, name))
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    other, _ = latent.directions(vivid_gan, 2, seed=1, samples=50)
    assert not np.array_equal(other, first[0])


def test_a_deeper_layer_tells_other_directions():
    """Few features of great variance lead the first layer, many of little the one after tanh."""
    import keras

    import kgan

    generator = keras.Sequential(
        [
            keras.Input((2,)),
            keras.layers.Dense(256, name="start"),
            keras.layers.Activation("tanh", name="middle"),
            keras.layers.Reshape((16, 16, 1)),
        ]
    )
    start = np.zeros((2, 256), np.float32)
    start[0, :200], start[1, 200:] = 0.3, 5.0
    generator.layers[0].set_weights([start, np.zeros(256, np.float32)])
    discriminator = keras.Sequential(
        [keras.Input((16, 16, 1)), keras.layers.Flatten(), keras.layers.Dense(1)]
    )
    gan = kgan.GAN(generator, discriminator)
    # Variance 200 * 0.09 against 56 * 25; tanh cuts the latter to at most 56.
    linear, _ = latent.directions(gan, 1, "start", samples=2000)
    bent, shares = latent.directions(gan, 2, "middle", samples=2000)
    np.testing.assert_allclose(linear[0], [0, 1], atol=0.05)
    x = np.random.RandomState(0).standard_normal(200_000)
    expected = np.array([56 * np.var(np.tanh(5 * x)), 200 * np.var(np.tanh(0.3 * x))])
    np.testing.assert_allclose(shares, expected / expected.sum(), atol=0.02)
    np.testing.assert_allclose(bent, [[0, 1], [1, 0]], atol=0.1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n": 0}, "n must be an integer, 1 to 3; received 0"),
        ({"n": 4}, "n must be an integer, 1 to 3; received 4"),
        ({"layer": "projekt"}, "layer='projekt' is unknown; .* Did you mean 'project'?"),
        ({"n": 2, "samples": 3}, "samples must be an integer of at least 4; received 3"),
        ({"n": 2, "seed": -1}, "seed must be an integer"),
    ],
)
def test_bad_arguments(linear_gan, arguments, message):
    with pytest.raises(ValueError, match=message):
        latent.directions(linear_gan, **{"n": 3, **arguments})


@pytest.mark.parametrize(("rank", "n"), [(1, 2), (0, 1)])
def test_more_directions_than_there_are(linear_gan, rank, n):
    layer = linear_gan.generator.layers[0]
    (kernel,) = layer.get_weights()
    try:
        layer.set_weights([np.outer(np.eye(3)[0], kernel[0]).astype(np.float32) * rank])
        with pytest.raises(ValueError, match=f"n={n} must not exceed .* found {rank}"):
            latent.directions(linear_gan, n, samples=100)
    finally:
        layer.set_weights([kernel])


def test_a_layer_narrower_than_the_solver_takes(linear_gan, monkeypatch):
    found, shares = latent.directions(linear_gan, 3, samples=500)
    monkeypatch.setattr(pca, "_SOLVER_RATIO", 1000)
    dense, dense_shares = latent.directions(linear_gan, 3, samples=500)
    np.testing.assert_allclose(dense, found, atol=1e-5)
    np.testing.assert_allclose(dense_shares, shares, rtol=1e-7)
