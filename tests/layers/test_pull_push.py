import keras
import numpy as np
import pytest

from kgan.errors import UsageError
from kgan.layers import PullPush

RANDOM = np.random.RandomState(0)
IMAGES = RANDOM.uniform(-1, 1, (2, 9, 14, 3)).astype("float32")
MASKS = (RANDOM.uniform(size=(2, 9, 14, 1)) > 0.4).astype("float32")
KNOWN = np.repeat(MASKS > 0, 3, -1)


def doubled(values):
    """Bilinear interpolation to twice the height and width, between the centres of pixels."""
    for axis in (0, 1):
        size = values.shape[axis]
        places = (np.arange(2 * size) + 0.5) / 2 - 0.5
        low = np.clip(np.floor(places).astype(int), 0, size - 1)
        high = np.clip(low + 1, 0, size - 1)
        part = np.clip(places - low, 0, 1).reshape((-1, 1, 1) if axis == 0 else (1, -1, 1))
        values = (1 - part) * values.take(low, axis) + part * values.take(high, axis)
    return values


def expected(image, mask, levels):
    """Pull and push as the paper has them, square by square."""
    pulled = [(image * mask, mask)]
    for _ in range(levels):
        values, weights = (
            np.pad(each, [(0, side % 2) for side in each.shape[:2]] + [(0, 0)], "edge")
            for each in pulled[-1]
        )
        height, width = values.shape[0] // 2, values.shape[1] // 2
        small, sure = np.zeros((height, width, 3)), np.zeros((height, width, 1))
        for row in range(height):
            for column in range(width):
                square = np.s_[2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
                total = weights[square].sum()
                sure[row, column] = min(total, 1)
                if total:
                    # The values are weighted by their own weights already.
                    small[row, column] = values[square].sum((0, 1)) / total * sure[row, column]
        pulled.append((small, sure))
    filled = pulled.pop()[0]
    for values, weights in reversed(pulled):
        height, width = values.shape[:2]
        filled = values + (1 - weights) * doubled(filled)[:height, :width]
    return filled


@pytest.mark.parametrize("levels", [1, 3, 6])
def test_the_papers_pull_and_push(levels):
    made = np.asarray(PullPush(levels)([IMAGES, MASKS]))
    assert made.dtype == np.float32
    for image, mask, each in zip(IMAGES, MASKS, made, strict=True):
        np.testing.assert_allclose(each, expected(image, mask, levels), atol=1e-5)


def test_known_pixels_stay_and_what_lies_in_holes_does_not_count():
    made = np.asarray(PullPush()([IMAGES, MASKS]))
    np.testing.assert_array_equal(made[KNOWN], IMAGES[KNOWN])
    broken = np.where(KNOWN, IMAGES, np.nan).astype("float32")
    np.testing.assert_array_equal(PullPush()([broken, MASKS]), made)


def test_a_constant_is_filled_by_itself_and_nothing_known_is_zero():
    grey = np.full((1, 40, 30, 1), 0.3, "float32")
    masks = np.zeros((1, 40, 30, 1), "float32")
    np.testing.assert_array_equal(PullPush()([grey, masks]), 0 * grey)
    masks[0, 20, 20] = 1
    np.testing.assert_allclose(PullPush()([grey, masks]), grey, atol=1e-6)


def test_it_is_a_layer_of_a_model_of_any_size():
    image, mask = keras.Input((None, None, 3)), keras.Input((None, None, 1))
    model = keras.Model([image, mask], PullPush(3)([image, mask]))
    assert model.output_shape == (None, None, None, 3)
    twin = keras.Model.from_config(model.get_config())
    np.testing.assert_array_equal(twin([IMAGES, MASKS]), PullPush(3)([IMAGES, MASKS]))
    with pytest.raises(UsageError, match="levels"):
        PullPush(0)
