import numpy as np
import pytest

from kgan.errors import UsageError
from kgan.metrics.kernel import kernel_distance, mmd2


def _sides(dimensions=16, shift=0.5):
    random = np.random.default_rng(0)
    return random.normal(size=(150, dimensions)), random.normal(shift, 1.2, size=(130, dimensions))


def test_two_samples_a_side_by_hand():
    """x: 1 and 2, y: 0 and 3. k(1, 2) + k(0, 3) − 2 (k(1,0) + k(1,3) + k(2,0) + k(2,3))/4."""
    expected = 3**3 + 1 - 2 * (1 + 4**3 + 1 + 7**3) / 4
    assert mmd2([[1], [2]], [[0], [3]]) == pytest.approx(expected, rel=1e-15)
    assert mmd2([[1], [2]], [[0], [3]], degree=1) == pytest.approx(3 + 1 - 13 / 2, rel=1e-15)


def test_sides_of_different_sizes_by_every_pair():
    real, fake = _sides()

    def kernel(a, b):
        return (a @ b / 16 + 1) ** 3

    same = sum(
        sum(kernel(side[i], side[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
        for side, n in ((real, 20), (fake, 30))
    )
    across = sum(kernel(real[i], fake[j]) for i in range(20) for j in range(30)) / 600
    assert mmd2(real[:20], fake[:30]) == pytest.approx(same - 2 * across, rel=1e-10)


def test_the_estimate_has_no_bias():
    """Halves of one distribution: the mean over 400 draws lies within 4 standard errors of 0."""
    random = np.random.default_rng(0)
    draws = [
        mmd2(random.normal(size=(10, 3)), random.normal(size=(10, 3)), degree=2) for _ in range(400)
    ]
    error = np.std(draws) / 20
    assert abs(np.mean(draws)) < 4 * error
    assert np.min(draws) < -error


@pytest.mark.parametrize("dimensions", [1, 16, 64])
def test_the_value_of_torch_fidelity_with_the_same_seed(oracle, dimensions):
    fidelity, torch = oracle("torch_fidelity.metric_kid"), oracle("torch")
    real, fake = _sides(dimensions)
    expected = fidelity.kid_features_to_metric(
        torch.from_numpy(real),
        torch.from_numpy(fake),
        kid_subsets=7,
        kid_subset_size=100,
        kid_kernel="poly",
        kid_kernel_poly_degree=3,
        rng_seed=2020,
        verbose=False,
    )
    value, error = kernel_distance(real, fake, subsets=7, subset_size=100, seed=2020)
    assert value == pytest.approx(expected["kernel_inception_distance_mean"], rel=1e-9)
    # Theirs is the deviation over the subsets, with the divisor 7.
    deviation = expected["kernel_inception_distance_std"]
    assert error == pytest.approx(deviation / np.sqrt(6), rel=1e-9)


@pytest.mark.parametrize("degree", [1, 2, 3, 5])
def test_the_value_of_torchmetrics_on_the_same_subset(oracle, degree):
    torchmetrics, torch = oracle("torchmetrics.image.kid"), oracle("torch")
    real, fake = _sides()
    expected = torchmetrics.poly_mmd(
        torch.from_numpy(real[:100]), torch.from_numpy(fake[:100]), degree=degree
    )
    assert mmd2(real[:100], fake[:100], degree) == pytest.approx(expected.item(), rel=1e-9)


def test_the_seed_alone_decides():
    real, fake = _sides()
    first, again, other = (kernel_distance(real, fake, 5, 50, seed) for seed in (1, 1, 2))
    assert first == again
    assert first[0] != other[0]


@pytest.mark.parametrize(
    ("real", "fake", "settings", "message"),
    [
        (np.eye(9), np.eye(9), {}, "subset_size=1000 must not exceed the 9 reals or the 9 fakes"),
        (np.eye(9), np.eye(9)[:4], {"subset_size": 5}, r"Generate or load at least 5"),
        (
            np.eye(9),
            np.eye(8),
            {"subset_size": 5},
            "real and fake must have the same number of dimensions",
        ),
        (np.eye(9), np.ones((9, 9)), {"subset_size": 5}, "fake must vary.*9 copies of one sample"),
        (np.ones((9, 9)), np.eye(9), {"subset_size": 5}, "real must vary"),
        (np.eye(9), np.full((9, 9), np.nan), {"subset_size": 5}, "fake must be finite"),
        (np.eye(9), np.eye(9), {"subset_size": 1}, "subset_size must be an integer of at least 2"),
        (np.eye(9), np.eye(9), {"subsets": 1}, "subsets must be an integer of at least 2"),
        (np.eye(9), np.eye(9), {"degree": 0}, "degree must be an integer of at least 1"),
        (np.eye(9), np.eye(9), {"seed": -1}, "seed must be an integer"),
    ],
)
def test_wrong_arguments(real, fake, settings, message):
    with pytest.raises(UsageError, match=message):
        kernel_distance(real, fake, **settings)


def test_a_mean_of_different_samples_needs_two():
    with pytest.raises(UsageError, match="y must hold at least 2 samples; received 1"):
        mmd2(np.eye(3), np.ones((1, 3)))
