import dataclasses
import json
import math

import numpy as np
import pytest

from kgan.errors import UsageError
from kgan.metrics import Protocol, Score, compare

JUDGE = {"name": "judge_fashion_mnist", "sha256": "5f1c2b3a" + 56 * "0", "resize": "none"}
DATA = {
    "source": "fashion_mnist",
    "split": "train",
    "shape": [28, 28, 1],
    "sha256": "a1b2c3d4" + 56 * "f",
}


@pytest.fixture
def protocol():
    return Protocol(
        "precision_recall",
        settings={"k": 3},
        extractor=JUDGE,
        data=DATA,
        num_real=10_000,
        num_fake=1_000,
        sampling={"truncation": None, "labels": "in turn"},
    )


def test_the_short_string_says_all(protocol):
    assert str(protocol) == (
        "precision_recall|k=3|x=judge_fashion_mnist@5f1c2b3a|resize=none|data=fashion_mnist"
        "|split=train|shape=28x28x1@a1b2c3d4|real=10000|fake=1000|labels=in turn|v=1"
    )
    assert str(Protocol("inception_score", num_fake=10)) == "inception_score|fake=10|v=1"


def test_the_representation_of_a_score_fits_on_two_lines(protocol):
    score = Score("recall", (0.5, 0.7), protocol, lower_is_better=False)
    assert repr(score) == (
        "<Score recall 0.6 ± 0.14 over 2 repeats, higher is better;\n"
        " 1000 fakes, 10000 images of 'fashion_mnist', extractor 'judge_fashion_mnist'>"
    )
    bare = Score("ms_ssim", (0.5,), Protocol("ms_ssim_diversity", num_fake=9), None)
    assert repr(bare) == "<Score ms_ssim 0.5;\n 9 fakes>"
    assert str(bare) == "ms_ssim 0.5 (ms_ssim_diversity|fake=9|v=1)"


def test_json_and_back(protocol):
    again = Protocol.from_json(json.loads(json.dumps(protocol.to_json())))
    assert again.differences(protocol) == []
    assert str(again) == str(protocol)
    score = Score("recall", (0.5, 0.7), protocol, lower_is_better=False, error=0.1)
    described = json.loads(json.dumps(score.to_json()))
    assert described["value"] == pytest.approx(0.6)
    assert described["signature"] == str(protocol)
    assert compare(Score.from_json(described), score).difference == 0


@pytest.mark.parametrize(
    "other",
    [
        {"num_fake": 1},
        {"metric": "a", "k": 3},
        {"metric": 5},
        None,
        "fd",
        {"metric": "a", "settings": 5},
        {"metric": "a", "extractor": "abc"},
    ],
)
def test_what_is_no_protocol(other):
    with pytest.raises(UsageError, match="protocol must be what"):
        Protocol.from_json(other)


@pytest.mark.parametrize("other", [{}, None, {"values": 3}, {"name": "fd", "values": []}])
def test_what_is_no_score(other):
    with pytest.raises(UsageError, match="score must be what"):
        Score.from_json(other)


@pytest.mark.parametrize("change", [{"values": "12"}, {"lower_is_better": "no"}])
def test_a_score_of_another_kind(protocol, change):
    with pytest.raises(UsageError, match="score must be what"):
        Score.from_json({**Score("fd", (1.0, 2.0), protocol).to_json(), **change})


def test_value_and_deviation(protocol):
    score = Score("fd", (1.0, 2.0, 6.0), protocol)
    assert (score.value, score.deviation) == (3, pytest.approx(math.sqrt(7)))
    assert str(score) == f"fd 3 ± 2.6 ({protocol})"
    single = Score("fd", (1.0,), protocol)
    assert single.deviation is None
    assert str(single) == f"fd 1 ({protocol})"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"num_fake": 10_000}, "num_fake is 1000 and 10000"),
        ({"extractor": {**JUDGE, "sha256": 64 * "1"}}, "extractor.sha256 is 5f1c2b3a"),
        ({"extractor": {**JUDGE, "resize": "bilinear"}}, "extractor.resize is none and bilinear"),
        ({"settings": {"k": 5}}, "settings.k is 3 and 5"),
        ({"data": {**DATA, "split": "test"}}, "data.split is train and test"),
        ({"sampling": {"truncation": 0.7, "labels": "in turn"}}, "truncation is None and 0.7"),
        ({"extractor": None}, "extractor.name is judge_fashion_mnist and None"),
    ],
)
def test_different_protocols_are_refused(protocol, change, message):
    other = dataclasses.replace(protocol, **change)
    with pytest.raises(UsageError, match="not comparable") as caught:
        compare(Score("recall", (0.5,), protocol), Score("recall", (0.5,), other))
    assert message in str(caught.value)


def test_what_is_better(protocol):
    low, high = Score("fd", (1.0, 1.2), protocol), Score("fd", (5.0, 5.2), protocol)
    found = compare(low, high)
    assert found.difference == pytest.approx(-4)
    # Both means have the variance 0.02 / 2.
    assert found.error == pytest.approx(math.sqrt(0.02))
    assert found.better == "first"
    assert compare(high, low).better == "second"
    recall = [dataclasses.replace(score, lower_is_better=False) for score in (low, high)]
    assert compare(*recall).better == "second"


def test_what_is_neither(protocol):
    near = Score("fd", (1.0, 2.0), protocol), Score("fd", (1.5, 2.0), protocol)
    assert compare(*near).better == "neither"
    same = Score("fd", (1.0,), protocol)
    assert compare(same, same).better == "neither"


def test_what_is_unknown(protocol):
    """Of single repeats nobody knows how far they scatter."""
    found = compare(Score("fd", (1.0,), protocol), Score("fd", (1.5, 1.5), protocol))
    assert (found.difference, found.error, found.better) == (-0.5, None, "unknown")
    either = [Score("diversity", values, protocol, None) for values in ((1.0, 1.1), (2.0, 2.1))]
    assert compare(*either).better == "unknown"


def test_two_scores_of_one_protocol_are_two(protocol):
    with pytest.raises(UsageError, match="not comparable: name is precision and recall"):
        compare(Score("precision", (0.5,), protocol), Score("recall", (0.5,), protocol))


def test_nan_is_not_compared(protocol):
    with pytest.raises(UsageError, match="second must have a value; that of 'fd' is NaN"):
        compare(Score("fd", (1.0,), protocol), Score("fd", (math.nan,), protocol))


def test_functions_without_sha256_are_compared_with_a_warning(protocol):
    own = dataclasses.replace(protocol, extractor={**JUDGE, "name": "mine", "sha256": None})
    with pytest.warns(UserWarning, match="'mine' has no SHA-256.*only you know"):
        compare(Score("fd", (1.0,), own), Score("fd", (1.0,), own))


def test_an_extractor_that_says_little_is_compared_with_a_warning():
    score = Score("fd", (1.0,), Protocol("fd", extractor={"name": "x"}))
    with pytest.warns(UserWarning, match="'x' has no SHA-256"):
        compare(score, score)


def test_numbers_of_numpy_become_json():
    described = Protocol("kid", {"subsets": np.int64(3)}).to_json()
    assert type(described["settings"]["subsets"]) is int


def test_only_scores_are_compared(protocol):
    with pytest.raises(UsageError, match="second must be a kgan.metrics.Score; received float"):
        compare(Score("fd", (1.0,), protocol), 2.0)
