"""Free-form masks: pure functions of seed and number, strokes and rectangles as LaMa's recipes."""

import gc
import itertools
import json
import weakref

import numpy as np
import pytest
import tensorflow as tf

import kgan.data
from kgan.data import free_form_masks, masks as module
from kgan.errors import UsageError

IMAGES = np.random.RandomState(0).randint(0, 256, (12, 16, 16, 3)).astype("uint8")


def shares(kind, n=200, size=(128, 128), **arguments):
    return 1 - free_form_masks(n, size, kind, **arguments).mean((1, 2, 3))


@pytest.mark.parametrize("kind", ["thin", "medium", "thick", ("thin", "thick")])
def test_a_mask_is_a_function_of_seed_and_number(kind):
    masks = free_form_masks(6, (24, 40), kind, seed=3)
    assert masks.shape == (6, 24, 40, 1) and masks.dtype == np.float32
    assert set(np.unique(masks)) == {0, 1}
    np.testing.assert_array_equal(free_form_masks(2, (24, 40), kind, 3, first=4), masks[4:])
    assert not np.array_equal(free_form_masks(6, (24, 40), kind, seed=4), masks)
    for first, second in itertools.combinations(masks, 2):
        assert not np.array_equal(first, second)


def test_kinds_come_in_turn():
    mixed = free_form_masks(6, (32, 32), ("thin", "thick"))
    alone = {kind: free_form_masks(6, (32, 32), kind) for kind in ("thin", "thick")}
    for number, mask in enumerate(mixed):
        np.testing.assert_array_equal(mask, alone["thick" if number % 2 else "thin"][number])


@pytest.mark.slow
def test_holes_have_the_share_that_is_asked_for():
    for kind in module.KINDS:
        found = shares(kind)
        assert found.min() > 0 and found.max() <= 0.5 and found.std() > 0.05
        narrow = shares(kind, n=40, shares=(0.2, 0.3))
        assert narrow.min() >= 0.2 and narrow.max() <= 0.3


def test_thick_masks_are_thicker_than_thin_ones():
    """The share of a hole that is left after it is eroded by five pixels."""
    from scipy.ndimage import binary_erosion

    left = []
    for kind in module.KINDS:
        holes = free_form_masks(60, (128, 128), kind)[..., 0] == 0
        kept = sum(binary_erosion(hole, np.ones((11, 11))).sum() for hole in holes)
        left.append(kept / holes.sum())
    assert left[0] < 0.03 < 0.1 < left[1] < left[2] - 0.1


def test_shapes_scale_with_the_shorter_side():
    """The recipes are those of 256 pixels, so that the shares hardly depend on the size."""
    small, large = (shares("medium", 100, size).mean() for size in [(48, 48), (192, 192)])
    assert small == pytest.approx(large, abs=0.02)


def test_a_stroke_is_what_lies_within_its_radius():
    found = np.zeros((40, 50), bool)
    start, end, radius = np.array([10.0, 8.0]), np.array([30.0, 33.0]), 4.5
    module._draw_stroke(found, start, end, radius)
    rows, columns = np.mgrid[:40, :50] + 0.5
    points = np.stack([rows, columns], -1)
    steps = np.linspace(0, 1, 2001)[:, None, None, None]
    nearest = np.linalg.norm(points - (start + steps * (end - start)), axis=-1).min(0)
    clear = np.abs(nearest - radius) > 1e-3
    np.testing.assert_array_equal(found[clear], (nearest <= radius)[clear])
    area = 2 * radius * np.linalg.norm(end - start) + np.pi * radius**2
    assert found.sum() == pytest.approx(area, rel=0.02)


def test_a_stroke_beyond_the_edge_is_cut_off():
    found = np.zeros((10, 10), bool)
    module._draw_stroke(found, np.array([0.0, 0.0]), np.array([0.0, 10.0]), 2.0)
    np.testing.assert_array_equal(found.all(1), np.arange(10) < 2)
    module._draw_stroke(found, np.array([9.0, 9.0]), np.array([9.0, 9.0]), 0.8)
    assert found[2:].sum() == 4


def test_rectangles_are_rectangles():
    """Of one alone, hole and bounding box are the same."""
    recipe = module._RECIPES["thick"]
    for seed in range(20):
        found = np.zeros((256, 300), bool)
        random = np.random.default_rng(seed)
        one = module.dataclasses.replace(recipe, rectangles=(1, 1))
        module._draw_rectangles(found, one, 1.0, random)
        rows, columns = np.flatnonzero(found.any(1)), np.flatnonzero(found.any(0))
        assert found.sum() == len(rows) * len(columns)
        assert 30 <= len(rows) <= 150 and 30 <= len(columns) <= 150
        assert min(rows[0], columns[0]) >= 10 and rows[-1] < 246 and columns[-1] < 290


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n": 0}, "n must be an integer of at least 1"),
        ({"size": (8,)}, r"size must be \(height, width\).*received \(8,\)"),
        ({"size": (8, 0)}, "size must be"),
        ({"kinds": "thik"}, "kinds='thik' is unknown; expected one of .*Did you mean 'thick'"),
        ({"kinds": ()}, r"kinds=\(\) is unknown"),
        ({"seed": -1}, "seed must be"),
        ({"first": -1}, "first must be"),
        ({"shares": (0.4, 0.2)}, "shares must be two numbers of 0 to 1"),
        ({"shares": 0.2}, r"shares must be two numbers.*received 0\.2"),
        ({"kinds": "thin", "shares": (0.99, 1.0)}, "shares must be a range that thin masks of 8x8"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(UsageError, match=message):
        free_form_masks(**{"n": 1, "size": (8, 8)} | arguments)


# -- beside the images of a data set -------------------------------------------------------------


def dataset(**arguments):
    data = kgan.data.load(IMAGES, batch_size=4, seed=7)
    return kgan.data.masked(data, **{"kinds": ("thin", "thick")} | arguments)


def test_images_are_those_of_the_data_and_masks_those_of_their_numbers():
    data, plain = dataset(), kgan.data.load(IMAGES, batch_size=4, seed=7)
    pairs = zip(data.from_step(0).take(5), plain.from_step(0).take(5), strict=True)
    expected = free_form_masks(20, (16, 16), ("thin", "thick"), seed=7).reshape(5, 4, 16, 16, 1)
    for step, ((images, masks), whole) in enumerate(pairs):
        np.testing.assert_array_equal(images, whole)
        np.testing.assert_array_equal(masks, expected[step])
    assert data.image_shapes == [(16, 16, 3), (16, 16, 1)]
    np.testing.assert_array_equal(data.images, plain.images)


def test_it_starts_at_any_step():
    data = dataset(seed=1)
    whole = list(data.from_step(0).take(7).as_numpy_iterator())
    for step in (1, 5):
        images, masks = next(data.from_step(step).as_numpy_iterator())
        np.testing.assert_array_equal(images, whole[step][0])
        np.testing.assert_array_equal(masks, whole[step][1])


def test_the_parts_of_replicas_are_the_batch():
    data = dataset()
    parts = data._stream(tf.data.Dataset.counter(6), replicas=2, local=2).take(2)
    (first, left), (second, right) = parts.as_numpy_iterator()
    images, masks = next(data.from_step(3).as_numpy_iterator())
    np.testing.assert_array_equal(np.concatenate([first, second]), images)
    np.testing.assert_array_equal(np.concatenate([left, right]), masks)


def test_masks_begin_again_after_as_many_as_are_kept(monkeypatch):
    monkeypatch.setattr("kgan.data.masked_dataset._MASKS", 8)
    first, _, third = (masks for _, masks in dataset().take(3).as_numpy_iterator())
    np.testing.assert_array_equal(first, third)


def test_patches_get_masks():
    data = kgan.data.masked(kgan.data.patches([IMAGES[0], IMAGES[1]], size=8, batch_size=2))
    images, masks = next(iter(data))
    assert images.shape == (2, 8, 8, 3) and masks.shape == (2, 8, 8, 1)


def test_the_configuration_tells_masks_apart():
    configs = [dataset(**each).config for each in ({}, {"seed": 1}, {"kinds": "thin"})]
    configs.append(dataset(shares=(0.1, 0.4)).config)
    assert len({json.dumps(config, sort_keys=True) for config in configs}) == 4


def test_it_is_released():
    data = dataset()
    next(iter(data))
    gone = weakref.ref(data)
    del data
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize(
    "data",
    [
        IMAGES,
        kgan.data.load((IMAGES, np.arange(12)), batch_size=4, labels=True),
        kgan.data.pairs(IMAGES, IMAGES, batch_size=4),
    ],
)
def test_other_data_than_images_alone_are_refused(data):
    with pytest.raises(UsageError, match="data must be images alone.*received"):
        kgan.data.masked(data)


@pytest.mark.slow
def test_shares_that_a_size_hardly_has_are_refused_at_once():
    with pytest.raises(UsageError, match="shares must be a range that thin masks of 16x16"):
        dataset(shares=(0.97, 0.98))
