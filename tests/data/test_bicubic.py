"""Both kernels against the definition, computed slowly; MATLAB's against its own numbers, too."""

import numpy as np
import pytest
from PIL import Image

from kgan.data import shrink
from kgan.errors import UsageError

RANDOM = np.random.RandomState(0).randint(0, 256, (24, 36, 3)).astype("uint8")
# MATLAB's imresize(uint8(image), 0.5), as the tests of GNU Octave's image package quote it.
MATLABS_IMAGE = [
    [116, 227, 153, 69, 146, 194, 59, 130, 139, 106],
    [2, 47, 137, 249, 90, 75, 16, 24, 158, 44],
    [155, 68, 46, 84, 166, 156, 69, 204, 32, 152],
    [71, 221, 137, 230, 210, 153, 192, 115, 30, 118],
    [107, 143, 108, 52, 51, 73, 101, 21, 175, 90],
    [54, 158, 143, 77, 26, 168, 113, 229, 165, 225],
    [9, 47, 133, 135, 130, 207, 236, 43, 19, 73],
    [129, 60, 59, 243, 64, 181, 249, 56, 32, 86],
]
MATLABS_HALF = [
    [105, 140, 126, 81, 109],
    [110, 134, 153, 114, 93],
    [108, 108, 94, 127, 146],
    [67, 126, 162, 149, 62],
]


def keys(x):
    """Keys' cubic with a = -0.5."""
    x = abs(x)
    if x < 1:
        return 1.5 * x**3 - 2.5 * x**2 + 1
    return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x < 2 else 0.0


def slowly(line, scale, mirrored):
    """The weighted means of a line of pixels, one by one, not rounded."""
    made = []
    for index in range(len(line) // scale):
        centre = (index + 0.5) * scale - 0.5
        total = weights = 0.0
        for place in range(-3 * scale, len(line) + 3 * scale):
            inside = min(max(place, -1 - place), 2 * len(line) - 1 - place)
            if mirrored or 0 <= place < len(line):
                weight = keys((place - centre) / scale)
                weights += weight
                total += weight * line[inside if mirrored else place]
        made.append(total / weights)
    return np.clip(np.rint(made), 0, 255)


def both_ways(image, scale, axes, mirrored):
    image = image.astype(float)
    for axis in axes:
        image = np.apply_along_axis(slowly, axis, image, scale, mirrored)
    return image


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize(
    ("kernel", "axes", "mirrored"), [("pillow", (1, 0), False), ("matlab", (0, 1), True)]
)
def test_the_definition_to_one_grey_level(scale, kernel, axes, mirrored):
    made = shrink(RANDOM, scale, kernel)
    assert made.dtype == np.uint8 and made.shape == (24 // scale, 36 // scale, 3)
    expected = both_ways(RANDOM, scale, axes, mirrored)
    assert np.abs(made - expected).max() <= 1
    assert (made == expected).mean() > 0.99


@pytest.mark.parametrize(("mode", "channels"), [("L", 1), ("LA", 2), ("RGB", 3), ("RGBA", 4)])
def test_pillow_itself(mode, channels):
    image = np.random.RandomState(1).randint(0, 256, (24, 36, channels)).astype("uint8")
    picture = Image.fromarray(image[..., 0] if channels == 1 else image)
    assert picture.mode == mode
    theirs = np.asarray(picture.resize((9, 6), Image.Resampling.BICUBIC)).reshape(6, 9, channels)
    np.testing.assert_array_equal(shrink(image, 4), theirs)


def test_matlab_itself_to_one_grey_level():
    made = shrink(np.array(MATLABS_IMAGE, "uint8")[..., None], 2, "matlab")[..., 0]
    assert np.abs(made.astype(int) - MATLABS_HALF).max() <= 1


def test_the_kernels_agree_within_the_edge():
    pillow, matlab = (shrink(RANDOM, 2, kernel).astype(int) for kernel in ("pillow", "matlab"))
    assert np.abs(pillow - matlab)[2:-2, 2:-2].max() <= 1
    assert np.abs(pillow - matlab)[0].max() > 1


def test_an_image_smaller_than_the_kernel_is_mirrored_again_and_again():
    constant = np.full((4, 2, 1), 77, "uint8")
    for kernel in ("pillow", "matlab"):
        np.testing.assert_array_equal(shrink(constant, 2, kernel), np.full((2, 1, 1), 77))
    assert shrink(constant, 1) is constant


@pytest.mark.parametrize(
    ("image", "scale", "kernel", "message"),
    [
        (RANDOM, 5, "pillow", r"scale=5 must divide.*it is 36x24. Use image\[: 20, : 35\]"),
        (RANDOM, 0, "pillow", "scale must be an integer of at least 1"),
        (RANDOM, 2, "lanczos", "kernel='lanczos' is unknown; expected one of matlab, pillow"),
        (RANDOM / 255, 2, "pillow", r"image must be uint8 .*received float64"),
        (RANDOM[0], 2, "pillow", r"received uint8 \(36, 3\)"),
    ],
)
def test_what_cannot_be_shrunk(image, scale, kernel, message):
    with pytest.raises(UsageError, match=message):
        shrink(image, scale, kernel)
