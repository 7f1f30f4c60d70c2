import numpy as np
import pytest

from kgan import latent


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
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        latent.sample(*arguments)
