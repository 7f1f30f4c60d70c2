"""InfoGAN: the bound by hand, the codes' distribution, reading and walking through them."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

import kgan

SIZES = {"image_shape": (8, 8, 1), "latent_dim": 4, "width": 2, "networks": "mlp"}
IMAGES = np.random.RandomState(0).uniform(-1, 1, (7, 8, 8, 1)).astype("float32")


def infogan(categorical=(3, 2), continuous=2, **arguments):
    gan = kgan.InfoGAN(categorical=categorical, continuous=continuous, **SIZES, **arguments)
    gan.compile()
    return gan


def drawn(gan, n):
    gan.training_seeds.begin_step()
    return gan.sample_inputs({"image": tf.zeros((n, 8, 8, 1))}, gan.training_seeds)["code"].numpy()


def logged(gan, fake):
    return {name: float(value) for name, value in gan.diagnostics(fake, fake).items()}


def test_the_bound_by_hand():
    gan = infogan(info_weight=2.0, continuous_weight=0.5)
    code = drawn(gan, 5)
    found = np.random.RandomState(1).normal(size=code.shape).astype("float32")
    expected = 0.0
    for start, size in ((0, 3), (3, 2)):
        part = found[:, start : start + size]
        likelihood = part - np.log(np.exp(part).sum(-1, keepdims=True))
        expected += (code[:, start : start + size] * likelihood).sum(-1).mean() + math.log(size)
    # ln N(c; c', 1) and the entropy ln 2 of a number drawn from [-1, 1], for both.
    normal = -0.5 * (code[:, 5:] - found[:, 5:]) ** 2 - 0.5 * math.log(2 * math.pi)
    continuous = (normal + math.log(2)).sum(-1).mean()
    fake = {"code": code, "found_code": found, "logit": np.zeros((5, 1), "float32")}
    loss = float(sum(gan.losses("generator", {}, fake).values()))
    assert loss == pytest.approx(math.log(2) - 2.0 * expected - 0.5 * continuous, rel=1e-5)
    loss = float(sum(gan.losses("discriminator", {"logit": fake["logit"]}, fake).values()))
    assert loss == pytest.approx(2 * math.log(2) - 2.0 * expected - 0.5 * continuous, rel=1e-5)
    logs = logged(gan, fake)
    assert logs["categorical_mutual_information"] == pytest.approx(expected, rel=1e-5)
    assert logs["continuous_mutual_information"] == pytest.approx(continuous, rel=1e-5)
    assert logs["mutual_information"] == pytest.approx(expected + continuous, rel=1e-5)


@pytest.mark.parametrize(("certainty", "expected"), [(50.0, math.log(3) + math.log(2)), (0.0, 0.0)])
def test_a_code_that_is_found_reaches_the_entropy_and_a_guess_nothing(certainty, expected):
    gan = infogan(continuous=0)
    code = drawn(gan, 64)
    fake = {"code": code, "found_code": certainty * code, "logit": np.zeros((64, 1))}
    assert logged(gan, fake)["mutual_information"] == pytest.approx(expected, abs=1e-5)


def test_codes_are_drawn_evenly():
    code = drawn(infogan(), 6000)
    assert code.shape == (6000, 7) and code.dtype == np.float32
    for start, size in ((0, 3), (3, 2)):
        part = code[:, start : start + size]
        assert set(np.unique(part)) == {0.0, 1.0} and (part.sum(-1) == 1).all()
        np.testing.assert_allclose(part.mean(0), 1 / size, atol=0.03)
    rest = code[:, 5:]
    assert np.abs(rest).max() <= 1
    np.testing.assert_allclose(rest.mean(0), 0, atol=0.04)
    np.testing.assert_allclose(rest.var(0), 1 / 3, atol=0.02)
    # Independent of each other.
    assert np.abs(np.corrcoef(code[:, [0, 3, 5, 6]].T) - np.eye(4)).max() < 0.05


def test_the_generators_player_trains_towards_the_information():
    gan = infogan(categorical=(3,), continuous=0)
    fake = gan.discriminate(
        gan.synthesize({"latent": tf.zeros((3, 4)), "code": tf.eye(3)}, True), True
    )
    assert fake["found_code"].shape == (3, 3)
    np.testing.assert_array_equal(fake["code"], np.eye(3))  # what the side was made of stays
    with tf.GradientTape() as tape:
        fake = gan.synthesize({"latent": tf.zeros((3, 4)), "code": tf.eye(3)}, True)
        value = sum(gan._mutual_information(gan.discriminate(fake, True)))
    gradients = tape.gradient(
        value, [variable.value for variable in gan.players["generator"].variables]
    )
    assert float(tf.linalg.global_norm(gradients)) > 0


def test_the_defaults_are_the_papers():
    gan = infogan()
    rates = [
        float(optimizer.learning_rate)
        for optimizer in (gan.generator_optimizer, gan.discriminator_optimizer)
    ]
    assert rates == pytest.approx([1e-3, 2e-4])


def test_encode():
    gan = infogan()
    codes = gan.encode(IMAGES, batch_size=3)
    assert codes.shape == (7, 7) and codes.dtype == np.float32
    found = np.asarray(gan.discriminator(IMAGES, training=False)["code"])
    np.testing.assert_allclose(codes[:, 5:], found[:, 5:], atol=1e-6)
    for start, size in ((0, 3), (3, 2)):
        expected = keras.ops.softmax(found[:, start : start + size])
        np.testing.assert_allclose(codes[:, start : start + size], expected, atol=1e-6)


def test_generate_takes_codes_and_draws_them():
    gan = infogan()
    codes = np.zeros((4, 7))
    codes[:, [0, 3]] = 1
    made = gan.generate(seed=1, codes=codes)
    assert made.shape == (4, 8, 8, 1)
    latents = kgan.latent.sample(4, 4, 1)
    expected = gan.averaged_generator({"latent": latents, "code": codes.astype("float32")})
    np.testing.assert_allclose(made, expected, atol=1e-6)
    inputs = gan.generator_inputs(300, seed=1)
    assert inputs["code"].shape == (300, 7)
    np.testing.assert_array_equal(inputs["code"], gan.generator_inputs(300, seed=1)["code"])
    assert (inputs["code"] != gan.generator_inputs(300, seed=2)["code"]).any()
    assert (inputs["code"][:, :3].sum(-1) == 1).all() and np.abs(inputs["code"][:, 5:]).max() <= 1


@pytest.mark.parametrize("code", [0, 1, 2, 3])
def test_only_one_code_changes_along_a_row(code, monkeypatch):
    gan = infogan()
    seen = {}
    monkeypatch.setattr(
        gan, "call", lambda inputs, training=False: seen.update(inputs) or inputs["latent"]
    )
    gan.traversal(code, steps=5, rows=2, seed=3)
    columns = [3, 2, 5, 5][code]
    codes = np.asarray(seen["code"]).reshape(2, columns, 7)
    latents = np.asarray(seen["latent"]).reshape(2, columns, 4)
    assert (latents == latents[:, :1]).all() and (latents[0] != latents[1]).any()
    first, last = [(0, 3), (3, 5), (5, 6), (6, 7)][code]
    others = np.delete(codes, range(first, last), 2)
    assert (others == others[:, :1]).all()
    expected = np.eye(columns) if code < 2 else np.linspace(-2, 2, 5)[:, None]
    for row in codes:
        np.testing.assert_allclose(row[:, first:last], expected, atol=1e-6)


def test_traversal_makes_images():
    images = infogan().traversal(0, rows=2)
    assert images.shape == (6, 8, 8, 1) and images.dtype == np.float32
    assert infogan((), 1).traversal(0, steps=4, rows=3).shape == (12, 8, 8, 1)


def test_bad_arguments():
    gan = infogan()
    for codes in (np.zeros((2, 6)), np.zeros(7), "a", np.full((2, 7), np.nan), [[1], [1, 2]]):
        with pytest.raises(ValueError, match=r"codes must be finite numbers of the shape \(2, 7\)"):
            gan.generate(2, codes=codes)
    with pytest.raises(ValueError, match=r"codes must be .* shape \(3, 7\).*shape \(2, 7\)"):
        gan.generate(3, codes=np.zeros((2, 7)))
    with pytest.raises(ValueError, match="labels must be None, since InfoGAN takes no labels"):
        gan.generate(2, labels=[0, 1])
    for code in (4, -1, 1.0):
        with pytest.raises(ValueError, match="code must be an integer, 0 to 3; received"):
            gan.traversal(code)
    for arguments, message in (
        ({"steps": 1}, "steps must be an integer of at least 2"),
        ({"rows": 0}, "rows must be an integer of at least 1"),
        ({"seed": -1}, "seed must be an integer, 0 to"),
    ):
        with pytest.raises(ValueError, match=message):
            gan.traversal(2, **arguments)
    with pytest.raises(ValueError, match="categorical or continuous must hold a code"):
        infogan((), 0)
    for categorical in ((1,), "10", (3, 2.5), None):
        with pytest.raises(ValueError, match="categorical must be an integer of at least 2"):
            infogan(categorical)
    with pytest.raises(ValueError, match="continuous must be an integer of at least 0"):
        infogan((3,), -1)
    with pytest.raises(ValueError, match="info_weight must be a number of at least 0"):
        infogan(info_weight=-1.0)
    with pytest.raises(ValueError, match=r"images must have the shape \(batch, 8, 8, 1\)"):
        gan.encode(IMAGES[:, :4])
