import subprocess
import sys
from pathlib import Path

import numpy
import numpy as np
import pytest

from kgan import latent


def test_numpy_alone_is_imported():
    code = "import sys, kgan.latent; print(sorted({'tensorflow', 'keras'} & set(sys.modules)))"
    root = Path(latent.__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr


def test_numpy_alone_repeats_the_latents():
    expected = np.random.RandomState(7).standard_normal((5, 3)).astype("float32")
    np.testing.assert_array_equal(latent.sample(5, 3, seed=7), expected)


def test_the_first_of_many_are_the_few():
    np.testing.assert_array_equal(latent.sample(64, 8, seed=1)[:4], latent.sample(4, 8, seed=1))


def test_without_a_seed_they_differ():
    assert not np.array_equal(latent.sample(4, 4), latent.sample(4, 4))


def test_truncation():
    latents = latent.sample(2000, 8, seed=0, truncation=0.5)
    assert np.abs(latents).max() <= 0.5
    # Var of a normal cut at ±t: 1 - 2tφ(t)/(2Φ(t)-1) = 0.0806 at t = 0.5
    assert latents.var() == pytest.approx(0.0806, rel=0.03)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 4), "n must be an integer of at least 1; received 0"),
        ((2.5, 4), "n must be"),
        ((True, 4), "n must be"),
        ((2, -1), "latent_dim must be"),
        ((2, 4, -1), r"seed must be an integer"),
        ((2, 4, 1.5), "seed must be"),
        ((2, 4, 0, 0.0), "truncation must be a number of standard deviations of at least 0.01"),
        ((2, 4, 0, float("nan")), "truncation must be"),
        ((2, 4, 0, None, "gaussian"), "prior='gaussian' is unknown; expected one of normal, sph"),
        ((2, 4, 0, None, ["normal"]), r"prior=\['normal'\] is unknown"),
        ((2, 4, 0, None, "uniforn"), "Did you mean 'uniform'?"),
        ((2, 4, 0, 0.5, "uniform"), "truncation=0.5 cuts the tails .* prior='uniform' has none"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        latent.sample(*arguments)


@pytest.mark.parametrize("prior", latent.PRIORS)
def test_the_line_of_a_prior_gives_its_latents(prior):
    values = {"numpy": numpy, "n": 6, "latent_dim": 5, "seed": 7}
    found = latent.sample(6, 5, seed=7, prior=prior)
    assert (found.dtype, found.shape) == (np.float32, (6, 5))
    np.testing.assert_array_equal(found, eval(latent.PRIORS[prior], values))
    np.testing.assert_array_equal(latent.sample(64, 5, seed=7, prior=prior)[:6], found)


def seeds():
    import keras

    return keras.random.SeedGenerator(3)


def sampled(prior):
    return latent.sample(20_000, 4, seed=0, prior=prior)


def drawn(prior):
    return np.asarray(latent.draw(prior, (20_000, 4), seeds()))


@pytest.mark.parametrize("make", [sampled, drawn])
@pytest.mark.parametrize(
    # E[x²] and E[x⁴]; on a sphere of radius sqrt(d) the latter is 3d/(d + 2).
    ("prior", "square", "fourth"),
    [("normal", 1, 3), ("uniform", 1 / 3, 1 / 5), ("spherical", 1, 2)],
)
def test_moments_and_ranges(make, prior, square, fourth):
    latents = make(prior).astype(np.float64)
    np.testing.assert_allclose(latents.mean(0), 0, atol=0.03)
    np.testing.assert_allclose(latents.T @ latents / 20_000, square * np.eye(4), atol=0.03)
    assert (latents**4).mean() == pytest.approx(fourth, rel=0.03)
    if prior == "uniform":
        assert -1 <= latents.min() < -0.999 and 0.999 < latents.max() <= 1
    if prior == "spherical":
        np.testing.assert_allclose(np.linalg.norm(latents, axis=1), 2, rtol=1e-6)


def test_draws_follow_each_other_and_normal_ones_are_those_of_keras():
    import keras

    generator = seeds()
    first, second = (np.asarray(latent.draw("normal", (3, 2), generator)) for _ in range(2))
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(first, keras.random.normal((3, 2), seed=seeds()))


def test_a_prior_that_training_does_not_know():
    with pytest.raises(ValueError, match="Did you mean 'spherical'"):
        latent.draw("spheric", (2, 2), seeds())
