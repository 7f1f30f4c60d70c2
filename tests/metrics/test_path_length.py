import numpy as np
import pytest

from kgan import latent
from kgan.errors import UsageError
from kgan.metrics.path_length import feature_distance, path_length, path_lengths, trimmed_mean

SCALE = 0.05


def make_gan(prior="normal", latent_dim=4, dtype=None, classes=None):
    """A linear generator of 8x8 images: of a latent z pixels Wz, |Wz| = SCALE |z|.

    With classes the pixels are (label + 1) Wz.
    """
    import keras

    import kgan

    inputs = {"latent": keras.Input((latent_dim,), name="latent")}
    x = keras.layers.Dense(64, use_bias=False, name="linear", dtype=dtype)(inputs["latent"])
    judged = {"image": keras.Input((8, 8, 1), name="image")}
    if classes:
        inputs["label"] = keras.Input((), dtype="int32", name="label")
        judged["label"] = keras.Input((), dtype="int32", name="label")
        factor = keras.layers.Embedding(classes, 1, name="factor")
        x = keras.layers.Multiply()([x, factor(inputs["label"])])
    inputs = inputs if classes else inputs["latent"]
    generator = keras.Model(inputs, keras.layers.Reshape((8, 8, 1), dtype=dtype)(x))
    columns = np.linalg.qr(np.random.default_rng(0).normal(size=(64, latent_dim)))[0]
    generator.get_layer("linear").set_weights([SCALE * columns.T])
    if classes:
        generator.get_layer("factor").set_weights([1.0 + np.arange(classes)[:, np.newaxis]])
    logit = keras.layers.Dense(1)(keras.layers.Flatten()(judged["image"]))
    discriminator = keras.Model(judged if classes else judged["image"], logit)
    return kgan.GAN(generator, discriminator, prior=prior)


def squared(first, second):
    return np.square(first.astype(np.float64) - second).sum((1, 2, 3))


def ways(gan, n, seed=0):
    """Both ends of each way, their lengths and the angle between them."""
    latents = latent.sample(2 * n, gan.latent_dim, seed, prior=gan.prior).astype(np.float64)
    start, end = latents[:n], latents[n:]
    lengths = [np.linalg.norm(side, axis=1) for side in (start, end)]
    cosine = (start * end).sum(1) / np.prod(lengths, 0)
    return start, end, *lengths, np.arccos(cosine)


def test_a_straight_line():
    """Everywhere on it the square of SCALE |z₂ − z₁|; in the mean 2/3 for each dimension."""
    gan = make_gan("uniform")
    found = path_lengths(gan, squared, 500, 0.01)
    start, end, *_ = ways(gan, 500)
    np.testing.assert_allclose(found, SCALE**2 * np.square(end - start).sum(1), rtol=1e-3)
    assert found.mean() == pytest.approx(SCALE**2 * 4 * 2 / 3, rel=0.1)
    assert path_length(gan, squared, 500, 0.01, trim=0) == found.mean()
    assert path_length(gan, squared, 500, 0.01) == trimmed_mean(found)


def test_an_arc_of_a_circle():
    """The chord of ε θ on the radius √2; θ is even in 0 to π, so the mean is 2 π²/3."""
    gan = make_gan("spherical", 2)
    found = path_lengths(gan, squared, 1000, 0.01)
    *_, angle = ways(gan, 1000)
    chord = 2 * np.sqrt(2) * np.sin(0.01 * angle / 2) / 0.01
    np.testing.assert_allclose(found, np.square(SCALE * chord), rtol=2e-3, atol=1e-7)
    assert found.mean() == pytest.approx(SCALE**2 * 2 * np.pi**2 / 3, rel=0.1)


@pytest.mark.parametrize("epsilon", [1e-2, 1e-4])
def test_an_arc_between_two_normal_latents(epsilon):
    """At its beginning: it turns by |z₁| θ and grows by |z₂| − |z₁| a unit of the way."""
    gan = make_gan(latent_dim=16)
    found = path_lengths(gan, squared, 200, epsilon, 3, ends=True)
    _, _, first, second, angle = ways(gan, 200, 3)
    expected = np.square(SCALE) * (np.square(first * angle) + np.square(second - first))
    # What ε² and the next order leave; with the paper's ε float32 rounds the difference.
    np.testing.assert_allclose(found, expected, rtol=2e-2)
    assert found.mean() == pytest.approx(expected.mean(), rel=5e-3)


def test_places_are_even_along_the_way():
    """The square of the radius is the turn's share: of lengths 1 to 3 in the mean 13/3."""
    gan = make_gan(latent_dim=2)
    along = path_lengths(gan, squared, 4000, 0.01, 1)
    _, _, first, second, angle = ways(gan, 4000, 1)
    radius = (first**2 + first * second + second**2) / 3
    expected = np.square(SCALE) * (radius * angle**2 + np.square(second - first))
    assert along.mean() == pytest.approx(expected.mean(), rel=0.03)
    beginning = path_lengths(gan, squared, 4000, 0.01, 1, ends=True)
    assert np.abs(along - beginning).max() > 0.1 * along.mean()


def test_the_label_is_the_same_at_both_places():
    gan = make_gan("uniform", classes=3)
    found = path_lengths(gan, squared, 60, 0.01)
    start, end, *_ = ways(gan, 60)
    plain = SCALE**2 * np.square(end - start).sum(1)
    np.testing.assert_allclose(found, plain * (np.arange(60) % 3 + 1) ** 2, rtol=2e-3)
    found = path_lengths(gan, squared, 60, 0.01, inputs={"labels": [2] * 60})
    np.testing.assert_allclose(found, 9 * plain, rtol=2e-3)


def test_batches_are_small_and_change_nothing():
    gan = make_gan("uniform")
    seen = []

    def distance(first, second):
        seen.append((len(first), len(second)))
        return squared(first, second)

    expected = path_lengths(gan, squared, 23, 0.01)
    np.testing.assert_allclose(path_lengths(gan, distance, 23, 0.01, batch_size=10), expected)
    assert seen == [(5, 5)] * 4 + [(3, 3)]
    assert np.array_equal(path_lengths(gan, squared, 23, 0.01), expected)
    assert not np.allclose(path_lengths(gan, squared, 23, 0.01, seed=1), expected, rtol=0.01)


def test_a_generator_in_half_precision_is_measured_in_float32():
    half, plain = make_gan("uniform", dtype="mixed_float16"), make_gan("uniform")
    assert np.asarray(half.generator(np.zeros((1, 4), np.float32))).dtype == np.float16
    expected = path_lengths(plain, squared, 20, 1e-3)
    np.testing.assert_allclose(path_lengths(half, squared, 20, 1e-3), expected, rtol=1e-3)


def test_features_of_an_extractor():
    from kgan.metrics.extractors import Extractor

    gan = make_gan("uniform")
    extractor = Extractor("three_times", lambda images: 3 * images.reshape(len(images), -1), 64)
    found = path_lengths(gan, feature_distance(extractor), 30, 0.01)
    np.testing.assert_allclose(found, 9 * path_lengths(gan, squared, 30, 0.01), rtol=1e-4)


def test_lengths_beyond_the_percentiles_are_left_out():
    lengths = np.random.default_rng(0).permutation(np.arange(1001.0)) ** 2
    # The first and the last percent of 0 to 1000 are 10 and 990, which stay.
    assert trimmed_mean(lengths) == pytest.approx(np.mean(np.arange(10.0, 991) ** 2), rel=1e-12)
    assert trimmed_mean(lengths, 0) == pytest.approx(np.mean(np.arange(1001.0) ** 2), rel=1e-12)
    assert trimmed_mean([3.0], 1) == 3
    for lengths in ([], [1.0, np.nan], 3.0):
        with pytest.raises(UsageError, match="lengths must be finite numbers of the shape"):
            trimmed_mean(lengths)


@pytest.fixture
def fidelity(oracle):
    """torch-fidelity's `calculate_ppl` of a torch module, with the squared distance of pixels."""
    torch, registry = oracle("torch"), oracle("torch_fidelity.registry")
    normalised = oracle("torch_fidelity.noise").batch_normalize_last_dim
    slerp = oracle("torch_fidelity.noise").batch_slerp_any

    class Squared(oracle("torch_fidelity.sample_similarity_base").SampleSimilarityBase):
        def __init__(self, name, **_):
            super().__init__(name)

        def forward(self, first, second):
            return (first.double() - second.double()).square().sum((1, 2, 3))

    registry.register_sample_similarity("squared", Squared)
    # Its own arc between latents of one length, as the spherical prior draws them.
    registry.register_interpolation(
        "sphere", lambda a, b, t: slerp(normalised(a), normalised(b), t)
    )

    def calculate(function, z_type, way, **arguments):
        class Module(torch.nn.Module):
            def forward(self, latents):
                return function(latents)

        model = oracle("torch_fidelity").GenerativeModelModuleWrapper(Module(), 4, z_type, 0)
        settings = {
            "input1_model_num_samples": 300,
            "ppl_sample_similarity": "squared",
            "ppl_z_interp_mode": way,
            "ppl_reduction": "none",
            "ppl_discard_percentile_lower": None,
            "ppl_discard_percentile_higher": None,
            "cuda": False,
            "verbose": False,
        }
        found = oracle("torch_fidelity.metric_ppl").calculate_ppl(
            1, input1=model, **settings | arguments
        )
        return found["perceptual_path_length_raw"]

    yield calculate
    registry.SAMPLE_SIMILARITY_REGISTRY.pop("squared")
    registry.INTERPOLATION_REGISTRY.pop("sphere")


@pytest.mark.parametrize(
    ("prior", "z_type", "way"),
    [("uniform", "uniform_0_1", "lerp"), ("spherical", "normal", "sphere")],
)
def test_torch_fidelity(fidelity, oracle, prior, z_type, way):
    """Its ways begin at t = 0 and its latents are of the same stream; the generator is bent."""
    import keras

    import kgan

    torch = oracle("torch")
    normalised = oracle("torch_fidelity.noise").batch_normalize_last_dim
    weights = np.random.default_rng(0).normal(size=(4, 64)).astype(np.float32)
    latents = keras.Input((4,))
    x = keras.layers.Dense(64, "tanh", use_bias=False, name="bent")(latents)
    generator = keras.Model(latents, keras.layers.Reshape((8, 8, 1))(x))
    generator.get_layer("bent").set_weights([weights])
    gan = kgan.GAN(generator, make_gan().discriminator, prior=prior)

    def bent(latents):
        # torch-fidelity draws from [0, 1], and does not bring the way's beginning to the sphere.
        latents = 2 * latents - 1 if prior == "uniform" else 2 * normalised(latents)
        return torch.tanh(latents @ torch.from_numpy(weights)).reshape(-1, 1, 8, 8)

    epsilon = 1e-2
    expected = fidelity(bent, z_type, way, ppl_epsilon=epsilon, rng_seed=5)
    found = path_lengths(gan, squared, 300, epsilon, 5, ends=True)
    # Both draw images in float32, whose differences are a hundredth of them.
    np.testing.assert_allclose(found, expected, rtol=1e-3)
    assert found.mean() == pytest.approx(expected.mean(), rel=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n": 0}, "n must be an integer of at least 1"),
        ({"epsilon": 0}, "epsilon must be a number of at least 1e-06"),
        ({"epsilon": 1.0}, "epsilon must be a share of the path below 1; received 1"),
        ({"seed": None}, "seed must be an integer, 0 to"),
        ({"batch_size": 1}, "batch_size must be an integer of at least 2"),
        ({"ends": "yes"}, "ends must be True or False"),
        ({"trim": 50}, "trim must be below 50"),
        ({"trim": -1}, "trim must be a number of percent of at least 0"),
        ({"inputs": {"labels": [1, 2]}}, "labels must be None, since GAN takes no labels"),
        ({"distance": lambda a, b: np.square(a - b)}, r"\(4,\); received \(4, 8, 8, 1\)"),
        (
            {"distance": lambda a, b: 0.0},
            r"one number per pair, of the shape \(4,\); received \(\)",
        ),
        ({"distance": lambda a, b: a[:, 0, 0, 0] * np.nan}, "finite numbers; received NaN"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(UsageError, match=message):
        path_length(make_gan(), **{"distance": squared, "n": 4} | arguments)
