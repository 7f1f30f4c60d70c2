"""Fields of pixels: images of fixed and of free size, masks."""

import json

import keras
import numpy as np
import pytest

from kgan.errors import UsageError
from kgan.signature import Image, Mask, as_json

IMAGE = Image((8, 8, 1))
FREE = Image((None, None, 3), "source", smallest=4)
MASK = Mask((8, 8, 1))


def pixels(*shape, low=-1.0):
    return np.random.RandomState(0).uniform(low, 1, shape).astype("float32")


def test_check_returns_the_images():
    images = pixels(3, 8, 8, 1)
    np.testing.assert_array_equal(IMAGE.check(images), images)
    np.testing.assert_array_equal(IMAGE.check(list(images), 3), images)
    assert FREE.check(pixels(2, 4, 9, 3)).shape == (2, 4, 9, 3)


@pytest.mark.parametrize(
    ("field", "images", "message"),
    [
        (IMAGE, pixels(3, 8, 8, 1), r"^images must be 2 images; received 3\.$"),
        (IMAGE, pixels(2, 8, 8, 3), r"^images must have the shape \(batch, 8, 8, 1\); received "),
        (IMAGE, pixels(8, 8, 1), r"^images must have rank 4 .*\[\.\.\., np.newaxis\]"),
        (IMAGE, np.zeros((2, 8, 8, 1), "uint8"), r"^images must be float32 in .*\/ 127.5 - 1"),
        (IMAGE, np.zeros((2, 8, 8, 1)), r"^images must be float32; received float64\. Use images"),
        (IMAGE, pixels(2, 8, 8, 1) * 9, r"^images must lie in \[-1, 1\]; received values from"),
        (IMAGE, pixels(2, 8, 8, 1) * np.nan, "^images must be finite; received NaN.*isfinite"),
        (IMAGE, [pixels(8, 8, 1), pixels(9, 9, 1)], "^images must be images of one shape; receiv"),
        (IMAGE, "photo.png", "^images must have rank 4"),
        (FREE, pixels(2, 8, 8, 1), r"^sources must have the shape \(batch, height, width, 3\)"),
        (
            FREE,
            pixels(2, 3, 9, 3),
            r"^sources must be at least 4 pixels high and wide .* received 9x3\. Resize them, or",
        ),
    ],
)
def test_check_says_what_it_wants_and_what_came(field, images, message):
    with pytest.raises(UsageError, match=message):
        field.check(images, 2)
    with pytest.raises(UsageError, match="^photos must") as caught:
        field.check(images, 2, argument="photos")
    assert caught.value.argument == "photos"


def test_images_have_no_default_and_no_distribution():
    assert not IMAGE.has_default and IMAGE.numpy_source() is None
    with pytest.raises(UsageError, match=r"^sources must be given: an array \(2, None, None, 3\)"):
        FREE.default(2, 0)
    with pytest.raises(UsageError, match="^images must come with the data"):
        IMAGE.draw(2, keras.random.SeedGenerator(0))


def test_what_it_says_of_itself():
    assert IMAGE.metadata() == {} and FREE.metadata() == {"source_smallest": "4"}
    assert IMAGE.bounds()[1:3] == (-1.0, 1.0) and "127.5" in IMAGE.bounds().fix
    assert IMAGE.describe(2) == "`images` are float32 (2, 8, 8, 1) in [-1, 1]."
    assert FREE.describe(2) == (
        "`sources` are float32 (2, height, width, 3) in [-1, 1], height and width at least 4."
    )
    assert MASK.describe(2) == "`masks` are float32 (2, 8, 8, 1) of 0 and 1."
    assert json.loads(as_json(FREE.shape)) == [None, None, 3]


def test_examples_fill_the_range_at_any_size():
    examples = IMAGE.examples(4, 0)
    np.testing.assert_array_equal(IMAGE.check(examples, 4), examples)
    assert examples.min() < -0.9 and examples.max() > 0.9
    assert not np.array_equal(IMAGE.examples(4, 1), examples)
    assert FREE.examples(2, 0).shape == (2, 16, 16, 3)
    assert FREE.examples(2, 0, size=(5, 7)).shape == (2, 5, 7, 3)
    assert Image((None, None, 1), smallest=32).examples(1, 0).shape == (1, 32, 32, 1)


def test_masks_are_zeros_and_ones():
    masks = (pixels(3, 8, 8, 1) > 0).tolist()
    assert MASK.check(masks, 3).dtype == np.float32
    assert set(np.unique(MASK.examples(3, 0))) == {0.0, 1.0}
    np.testing.assert_array_equal(MASK.check(MASK.examples(3, 0), 3), MASK.examples(3, 0))
    assert MASK.bounds()[1:3] == (0.0, 1.0) and "/ 255" in MASK.bounds().fix
    assert MASK.argument == "masks"


@pytest.mark.parametrize(
    ("masks", "received"),
    [
        (pixels(3, 8, 8, 1), r"the shape \(3, 8, 8, 1\) with other numbers"),
        (np.full((3, 8, 8, 1), 255), r"the shape \(3, 8, 8, 1\) with other numbers"),
        (np.ones((2, 8, 8, 1)), r"the shape \(2, 8, 8, 1\)"),
        (np.ones((3, 8, 8, 3)), r"the shape \(3, 8, 8, 3\)"),
        (np.ones((3, 8, 8)), r"the shape \(3, 8, 8\)"),
        ("mask.png", "no numbers"),
        ([[1], [0, 1]], "no numbers"),
    ],
)
def test_masks_say_what_they_want_and_what_came(masks, received):
    expected = r"^masks must be 0 or 1, of the shape \(3, 8, 8, 1\); received "
    with pytest.raises(UsageError, match=expected + received + r"\. Use \(masks > 0\.5\)\.astype"):
        MASK.check(masks, 3)


def test_masks_of_free_size_are_not_too_small():
    free = Mask((None, None, 1), smallest=4)
    assert free.check(np.ones((2, 4, 6, 1))).shape == (2, 4, 6, 1)
    with pytest.raises(UsageError, match="^masks must be at least 4 pixels high and wide"):
        free.check(np.ones((2, 2, 6, 1)), 2)
