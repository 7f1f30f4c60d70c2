import numpy as np
import pytest

from kgan.photos.transparency import _ROWS, filled, neighbourhood


def test_opaque_colours_stay_as_they_are(photograph):
    colour = photograph(7, 9)
    assert filled(colour, np.full((7, 9), 255, np.uint8)) is colour


def test_pixels_of_enough_alpha_keep_their_colours(photograph):
    colour, alpha = photograph(37, 21), photograph(37, 21, 1, seed=1)[..., 0]
    made = filled(colour, alpha)
    np.testing.assert_array_equal(made[alpha >= 32], colour[alpha >= 32])


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (8, 8), (13, 30), (2 * _ROWS + 3, 5)])
def test_one_visible_colour_fills_everything(size):
    colour = np.random.RandomState(0).randint(0, 256, (*size, 3)).astype(np.uint8)
    alpha = np.zeros(size, np.uint8)
    alpha[-1, -1], colour[-1, -1] = 255, [10, 20, 30]
    assert (filled(colour, alpha) == [10, 20, 30]).all()


def test_below_an_edge_is_the_mean_of_what_is_nearest():
    colour = np.zeros((4, 8, 1), np.uint8)
    colour[:, 0], colour[:, 7] = 100, 200
    alpha = np.zeros((4, 8), np.uint8)
    alpha[:, [0, 7]] = 255
    row = filled(colour, alpha)[0, :, 0]
    # From squares of 2x2, then of 4x4.
    assert row.tolist() == [100, 100, 100, 100, 200, 200, 200, 200]


def test_more_alpha_counts_more():
    colour, alpha = np.uint8([[[0], [100], [50], [50]]]), np.uint8([[50, 150, 0, 0]])
    assert filled(colour, alpha)[0, 2:, 0].tolist() == [75, 75]


def test_colours_of_little_alpha_are_mixed():
    colour, alpha = np.uint8([[[100], [255]]]), np.uint8([[255, 8]])
    mean = (100 * 255 + 255 * 8) / 263
    assert filled(colour, alpha)[0, 1, 0] == round(255 * 8 / 32 + mean * 24 / 32)


def test_what_is_wholly_transparent_is_black():
    assert (filled(np.full((5, 6, 3), 90, np.uint8), np.zeros((5, 6), np.uint8)) == 0).all()


def test_a_neighbourhood_reaches_beyond_the_part():
    alpha = np.arange(30, dtype=np.uint8).reshape(5, 6, 1)
    least, largest = neighbourhood(alpha, slice(0, 5), slice(0, 6))
    assert least[2, 2, 0] == alpha[1, 1, 0] and largest[2, 2, 0] == alpha[3, 3, 0]
    assert least[0, 0, 0] == 0 and largest[4, 5, 0] == 29 and largest[0, 0, 0] == 7
    for rows, columns in ((slice(1, 3), slice(2, 6)), (slice(0, 1), slice(5, 6))):
        part = neighbourhood(alpha, rows, columns)
        np.testing.assert_array_equal(part[0], least[rows, columns])
        np.testing.assert_array_equal(part[1], largest[rows, columns])
