"""What DiffAugment changes, how far, and that gradients flow back."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kgan.augment import DiffAugment, augments
from kgan.augment.diffaugment import Augment

COLOR = np.random.RandomState(0).uniform(-1, 1, (512, 16, 16, 3)).astype("float32")


def apply(policy, images, seed=0):
    augment = DiffAugment(policy)
    augment.seed_generator = keras.random.SeedGenerator(seed)
    return np.asarray(augment(tf.constant(images)))


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_shape_and_dtype_stay(channels):
    images = COLOR[:3, :, :, :1].repeat(channels, -1)
    out = apply(("color", "translation", "cutout"), images)
    assert out.shape == images.shape and out.dtype == "float32"


def test_brightness_and_contrast_of_gray():
    out = apply(("color",), COLOR[..., :1])
    shift = out.mean((1, 2, 3)) - COLOR[..., :1].mean((1, 2, 3))
    scale = out.std((1, 2, 3)) / COLOR[..., :1].std((1, 2, 3))
    assert -0.5 <= shift.min() < -0.45 and 0.45 < shift.max() <= 0.5
    assert 0.5 <= scale.min() < 0.53 and 1.47 < scale.max() <= 1.5001


def test_saturation_spans_gray_to_double():
    out = apply(("color",), COLOR)

    def chroma(x):
        return (x - x.mean(-1, keepdims=True)).std((1, 2, 3))

    contrast = out.mean(-1).std((1, 2)) / COLOR.mean(-1).std((1, 2))
    ratio = chroma(out) / chroma(COLOR) / contrast
    assert ratio.min() < 0.05 and 1.95 < ratio.max() <= 2.001


def test_alpha_keeps_its_values():
    rgba = np.concatenate([COLOR, COLOR[..., :1]], -1)
    np.testing.assert_array_equal(apply(("color",), rgba)[..., 3], rgba[..., 3])
    two = COLOR[..., :2]
    np.testing.assert_array_equal(apply(("color",), two)[..., 1], two[..., 1])


def test_translation_moves_whole_pixels_and_fills_with_zeros():
    index = (1 + np.arange(256, dtype="float32")).reshape(1, 16, 16, 1).repeat(512, 0)
    out = apply(("translation",), index)[..., 0]
    seen = set()
    for moved in out:
        y, x = np.argwhere(moved > 0)[0]
        source = int(moved[y, x]) - 1
        dy, dx = source // 16 - y, source % 16 - x
        seen.add((int(dy), int(dx)))
        expected = np.zeros((16, 16))
        here = index[0, max(dy, 0) : 16 + min(dy, 0), max(dx, 0) : 16 + min(dx, 0), 0]
        expected[max(-dy, 0) : 16 + min(-dy, 0), max(-dx, 0) : 16 + min(-dx, 0)] = here
        np.testing.assert_array_equal(moved, expected)
    assert seen == {(dy, dx) for dy in range(-2, 3) for dx in range(-2, 3)}


def test_cutout_is_a_square_of_half_the_side():
    out = apply(("cutout",), np.ones((512, 16, 16, 1), "float32"))[..., 0]
    holes = (out == 0).sum((1, 2))
    assert set(np.unique(out)) == {0.0, 1.0}
    assert holes.max() == 64 and holes.min() == 16  # whole inside, and a quarter in the corner
    assert (out[:, 0, 0] == 0).any() and (out[:, 15, 15] == 0).any()


def test_gradients_match_finite_differences():
    x = COLOR[:2, :8, :8].astype("float64")
    augment = DiffAugment()

    def total(values):
        augment.seed_generator = keras.random.SeedGenerator(3)
        return tf.reduce_sum(augment(values) ** 2)

    x = tf.constant(x, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = total(x)
    gradient = tape.gradient(value, x).numpy()
    for place in [(0, 3, 3, 0), (1, 5, 2, 2), (0, 4, 4, 1)]:
        step = np.zeros(x.shape, "float32")
        step[place] = 1e-2
        difference = float(total(x + step) - total(x - step)) / 2e-2
        assert gradient[place] == pytest.approx(difference, rel=2e-2, abs=2e-2)


def test_bad_policies():
    with pytest.raises(ValueError, match=r"policy='colour' is unknown.*Did you mean 'color'"):
        DiffAugment(("colour",))
    with pytest.raises(ValueError, match="policy"):
        DiffAugment(())
    with pytest.raises(ValueError, match="policy must be names"):
        DiffAugment("color")
    with pytest.raises(ValueError, match="augment='diffaugmnt' is unknown"):
        augments.get("diffaugmnt")


def test_images_that_belong_together_are_changed_in_the_same_way():
    """Each as alone with the same draws; a grey one is moved as the coloured one is."""
    random = np.random.RandomState(0)
    color = random.uniform(-1, 1, (8, 8, 8, 3)).astype("float32")
    augment = DiffAugment()
    augment.seed_generator = keras.random.SeedGenerator(1)
    first, second = augment.together([color, color])
    np.testing.assert_array_equal(first, second)
    augment.seed_generator = keras.random.SeedGenerator(1)
    np.testing.assert_array_equal(augment(color), first)
    augment = DiffAugment(("translation", "cutout"))
    augment.seed_generator = keras.random.SeedGenerator(1)
    moved, grey = augment.together([color, color[..., 1:2]])
    np.testing.assert_array_equal(grey[..., 0], moved[..., 1])


def test_an_augmentation_of_ones_own_changes_them_as_one():
    class Flip(Augment):
        def __call__(self, images):
            return images[:, :, ::-1]

    images = np.arange(24, dtype="float32").reshape(1, 2, 3, 4)
    first, second = Flip().together([images[..., :3], images[..., 3:]])
    np.testing.assert_array_equal(np.concatenate([first, second], -1), images[:, :, ::-1])


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_values_move_with_images_and_stay_what_they_are(channels):
    random = np.random.RandomState(0)
    images = random.uniform(-1, 1, (8, 8, 8, channels)).astype("float32")
    masks = random.randint(0, 2, (8, 8, 8, 1)).astype("float32")
    labels = np.eye(3, dtype="float32")[random.randint(0, 3, (8, 8, 8))]
    augment = DiffAugment()
    augment.seed_generator = keras.random.SeedGenerator(1)
    (changed,), (mask, label) = augment.with_values([images], [masks, labels])
    assert np.abs(changed - images).max() > 0.1
    for given, found in ((masks, mask), (labels, label)):
        assert found.shape == given.shape and set(np.unique(found)) == {0, 1}
        assert (np.asarray(found) != given).any()
    alone = []
    for function in (lambda x: augment.with_values([x], [])[0][0], augment):
        augment.seed_generator = keras.random.SeedGenerator(1)
        alone.append(function(images))
    np.testing.assert_array_equal(*alone)


def test_values_lie_where_the_images_do():
    images = np.random.RandomState(0).uniform(-1, 1, (8, 8, 8, 3)).astype("float32")
    augment = DiffAugment(("translation", "cutout"))
    augment.seed_generator = keras.random.SeedGenerator(1)
    (changed,), (values,) = augment.with_values([images], [images])
    np.testing.assert_array_equal(changed, values)
