import numpy as np
import pytest

from kgan.errors import UsageError
from kgan.metrics.inception_score import inception_score


def _logits(n=200, classes=7):
    return np.random.default_rng(0).normal(0, 3, (n, classes))


def test_one_certain_class_each_scores_the_number_of_classes():
    logits = 1000 * np.tile(np.eye(4), (5, 1))
    assert inception_score(logits, splits=1) == (pytest.approx(4, rel=1e-14), 0)


def test_images_of_one_class_score_one():
    assert inception_score(np.tile([[3.0, 1, 2]], (20, 1)), splits=2)[0] == pytest.approx(1)


def test_two_images_by_hand():
    """p = (3/4, 1/4) and (1/4, 3/4), the marginal (1/2, 1/2): exp(3/4 log 3/2 + 1/4 log 1/2)."""
    logits = np.log([[300.0, 100.0], [0.1, 0.3]])
    expected = 1.5**0.75 * 0.5**0.25
    assert inception_score(logits, splits=1)[0] == pytest.approx(expected, rel=1e-12)


def test_a_class_whose_probability_is_too_small_for_a_float():
    """Against e^-900, which is 0 in float64, the other class is certain."""
    assert inception_score([[0.0, -900.0], [0.0, -901.0]], splits=1) == (1, 0)


@pytest.mark.parametrize("splits", [1, 3, 10])
def test_the_values_of_torch_fidelity_with_the_same_seed(oracle, splits):
    fidelity, torch = oracle("torch_fidelity.metric_isc"), oracle("torch")
    expected = fidelity.isc_features_to_metric(
        torch.from_numpy(_logits()), splits=splits, shuffle=True, rng_seed=2020
    )
    mean, deviation = inception_score(_logits(), splits, seed=2020)
    assert mean == pytest.approx(expected["inception_score_mean"], rel=1e-12)
    assert deviation == pytest.approx(expected["inception_score_std"], rel=1e-9, abs=1e-15)


@pytest.mark.filterwarnings("ignore::UserWarning:torchmetrics")
def test_the_value_of_torchmetrics_with_the_same_order(oracle, monkeypatch):
    torch, inception = oracle("torch"), oracle("torchmetrics.image.inception")
    order = np.random.RandomState(5).permutation(200)
    monkeypatch.setattr(torch, "randperm", lambda n: torch.from_numpy(order))
    metric = inception.InceptionScore(torch.nn.Identity(), splits=10)
    metric.features.append(torch.from_numpy(_logits()))
    mean, deviation = metric.compute()
    ours = inception_score(_logits(), splits=10, seed=5)
    assert ours[0] == pytest.approx(mean.item(), rel=1e-12)
    assert ours[1] == pytest.approx(deviation.item() * np.sqrt(9 / 10), rel=1e-9)


@pytest.mark.parametrize(
    ("logits", "settings", "message"),
    [
        (_logits(9), {}, "logits must hold at least 10 samples; received 9"),
        (_logits(9, 1), {"splits": 3}, r"two classes at least, \(n, classes\); received \(9, 1\)"),
        (np.full((20, 2), np.inf), {}, "logits must be finite"),
        (np.zeros(20), {}, r"logits must have the shape \(n, dimensions\)"),
        (_logits(), {"splits": 0}, "splits must be an integer of at least 1"),
        (_logits(), {"seed": 0.5}, "seed must be an integer"),
    ],
)
def test_wrong_arguments(logits, settings, message):
    with pytest.raises(UsageError, match=message):
        inception_score(logits, **settings)
