import numpy as np
import pytest

from kgan.errors import UsageError
from kgan.validate import check_images, check_labels, check_shape

GOOD = np.linspace(-1, 1, 2 * 8 * 8 * 3, dtype=np.float32).reshape(2, 8, 8, 3)


def test_good_images_pass():
    check_images(GOOD)
    check_images(GOOD, (8, 8, 3))


def test_nan_and_infinity_are_found_wherever_they_are():
    for value in (np.nan, np.inf, -np.inf):
        images = GOOD.copy()
        images[1, 7, 7, 2] = value
        with pytest.raises(UsageError, match=r"x must be finite; received NaN or infinity"):
            check_images(images, argument="x")


@pytest.mark.parametrize(
    ("images", "words"),
    [
        ((GOOD * 127.5 + 127.5).astype(np.uint8), "received uint8.*kgan.data.load"),
        (GOOD.astype(np.float64), "float32; received float64.*astype"),
        (GOOD.astype(np.int64), "float32; received int64"),
        (GOOD * 127.5 + 127.5, r"in \[-1, 1\]; received values from 0 to 255.*127.5 - 1"),
        (GOOD[..., 0], r"rank 4.*\(2, 8, 8\).*np.newaxis"),
        (GOOD[:0], r"hold pixels.*\(0, 8, 8, 3\)"),
        (GOOD.transpose(0, 3, 1, 2), r"1 to 4 channels.*\(2, 3, 8, 8\).*transpose"),
        (GOOD[:, :4], r"\(batch, 8, 8, 3\); received \(2, 4, 8, 3\).*resolution=8, channels=3"),
        (GOOD[..., :1], r"\(batch, 8, 8, 3\); received \(2, 8, 8, 1\)"),
    ],
)
def test_errors_name_the_argument_what_came_and_the_mend(images, words):
    with pytest.raises(UsageError, match=f"^images must .*{words}"):
        check_images(images, (8, 8, 3))


def test_images_in_0_to_1_are_warned_of():
    with pytest.warns(UserWarning, match=r"no value below 0.*from 0 to 1.*images \* 2 - 1"):
        check_images(GOOD / 2 + 0.5)


def test_labels_become_int32():
    labels = check_labels([2, 0], 2)
    assert labels.dtype == np.int32
    assert labels.tolist() == [2, 0]


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ([0, 1, 2], r"shape \(2,\).*received \(3,\)"),
        ([[0], [1]], r"received \(2, 1\).*reshape\(-1\)"),
        ([0.0, 1.0], "integers.*float64.*np.unique"),
        (["a", "b"], "integers"),
        ([-1, 0], "values from -1 to 0"),
    ],
)
def test_wrong_labels(labels, words):
    with pytest.raises(UsageError, match=f"^labels must .*{words}"):
        check_labels(labels, 2)


def test_more_than_four_channels():
    with pytest.raises(UsageError, match=r"1 to 4 channels"):
        check_shape(np.zeros((2, 8, 8, 5)), "images")


def test_a_free_size_takes_any_and_the_channels_stay():
    assert check_images(GOOD, (None, None, 3)) is GOOD
    with pytest.raises(UsageError, match=r"\(batch, height, width, 1\).*channels=1\) converts"):
        check_images(GOOD, (None, None, 1))
