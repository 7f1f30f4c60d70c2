import numpy as np
import pytest

from kgan.errors import UsageError
from kgan.metrics.color import ab_error, colorfulness, lab

IMAGES = np.random.RandomState(0).uniform(-1, 1, (5, 9, 8, 3)).astype("float32")
DARK = (0.02 * np.random.RandomState(1).uniform(0, 1, (2, 4, 4, 3)) - 1).astype("float32")


@pytest.mark.parametrize("images", [IMAGES, DARK])
def test_lab_is_that_of_scikit_image(oracle, images):
    convert = oracle("skimage.color").rgb2lab
    np.testing.assert_allclose(lab(images), convert((np.float64(images) + 1) / 2), atol=1e-10)


def test_black_white_and_a_published_red():
    """sRGB red is L* 53.24, a* 80.09, b* 67.20."""
    colors = np.float32([[-1, -1, -1], [1, 1, 1], [1, -1, -1]]).reshape(3, 1, 1, 3)
    expected = [[0, 0, 0], [100, 0, 0], [53.24, 80.09, 67.20]]
    np.testing.assert_allclose(lab(colors)[:, 0, 0], expected, atol=0.01)


def test_ab_error_is_the_distance_of_scikit_images_colours(oracle):
    convert = oracle("skimage.color").rgb2lab
    first, second = (convert((np.float64(each) + 1) / 2) for each in (IMAGES, IMAGES[::-1]))
    expected = np.linalg.norm((first - second)[..., 1:], axis=-1).mean((1, 2))
    np.testing.assert_allclose(ab_error(IMAGES, IMAGES[::-1].copy()), expected, rtol=1e-10)
    assert ab_error(IMAGES, IMAGES).tolist() == [0] * 5


def test_grey_images_of_any_luminance_are_the_chroma_away():
    grey = np.repeat(IMAGES[..., :1], 3, -1)
    chroma = np.linalg.norm(lab(IMAGES)[..., 1:], axis=-1).mean((1, 2))
    np.testing.assert_allclose(ab_error(IMAGES, grey), chroma, atol=0.02)


def test_colourfulness_of_two_colours():
    """Half red, half black: rg and yb are (255, 127.5) or 0, with deviations of half as much."""
    image = np.full((1, 2, 4, 3), -1, "float32")
    image[:, 0, :, 0] = 1
    opponents = np.hypot(255, 127.5)
    expected = opponents / 2 + 0.3 * opponents / 2
    np.testing.assert_allclose(colorfulness(image), expected, rtol=1e-12)


def test_colourfulness_of_one_colour_is_its_mean_alone():
    image = np.full((1, 3, 3, 3), 0, "float32")
    image[..., 2] = 1
    np.testing.assert_allclose(colorfulness(image), 0.3 * 127.5, rtol=1e-12)
    grey = np.repeat(IMAGES[..., :1], 3, -1)
    assert colorfulness(grey).tolist() == [0] * 5


def test_many_images_are_measured_in_blocks():
    many = np.tile(IMAGES, (30, 1, 1, 1))
    np.testing.assert_array_equal(colorfulness(many), np.tile(colorfulness(IMAGES), 30))


@pytest.mark.parametrize("function", [lab, colorfulness, lambda x: ab_error(x, x)])
def test_grey_images_have_no_colours_to_measure(function):
    with pytest.raises(UsageError, match=r"^images must be RGB.*\(5, 9, 8, 1\)\. Use np.repeat"):
        function(IMAGES[..., :1])
