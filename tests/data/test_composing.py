"""Cut-outs on photographs: Pillow's pixels, the alpha as label map, splits that share nothing."""

import gc
import json
import weakref

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from kgan.data import composites
from kgan.data.composing import CutOuts, paste
from kgan.data.paired import in_test, read_emoji
from kgan.errors import UsageError

RANDOM = np.random.RandomState(0)
PHOTOS = [RANDOM.randint(0, 256, (40, 50, 3)).astype("uint8") for _ in range(3)]
CUTOUTS = RANDOM.randint(0, 256, (5, 16, 12, 4)).astype("uint8")


def dataset(**arguments):
    settings = {"size": 20, "batch_size": 4, "seed": 7, "sides": (8, 14)}
    return composites(**{"source": PHOTOS, "cutouts": CUTOUTS} | settings | arguments)


LABELS = (np.ones(5, np.int32), ("background", "object"))


# -- a cut-out on an image -----------------------------------------------------------------------


@pytest.mark.parametrize("place", [(3, 5), (-4, 2), (10, -6), (33, 44), (-3, -3)])
def test_pixels_are_those_of_pillow(place):
    image, expected = Image.fromarray(PHOTOS[0]), Image.fromarray(PHOTOS[0])
    top = Image.fromarray(CUTOUTS[0])
    expected.paste(top.convert("RGB"), place[::-1], top.getchannel("A"))
    where, own = paste(image, top, *place)
    np.testing.assert_array_equal(np.asarray(image), np.asarray(expected))
    mask = np.zeros((image.height, image.width), bool)
    mask[where] = own
    whole = Image.new("L", expected.size)
    whole.paste(top.getchannel("A"), place[::-1])
    np.testing.assert_array_equal(mask, np.asarray(whole) >= 128)


def test_every_alpha_and_every_pair_of_pixels_is_rounded():
    above, below = np.mgrid[:256, :256].astype("uint8")
    for alpha in (0, 1, 77, 127, 128, 254, 255):
        image = Image.fromarray(np.repeat(below[..., None], 3, -1))
        cutout = np.dstack([above, above, above, np.full_like(above, alpha)])
        paste(image, Image.fromarray(cutout), 0, 0)
        exact = (alpha * above.astype(float) + (255 - alpha) * below.astype(float)) / 255
        np.testing.assert_array_equal(np.asarray(image)[..., 0], np.rint(exact))


def test_transparent_colours_do_not_bleed_into_a_smaller_cut_out():
    cutout = np.zeros((16, 16, 4), "uint8")
    cutout[..., :3] = (0, 255, 0)  # of what is transparent
    cutout[4:12, 4:12] = (255, 0, 0, 255)
    cutouts = CutOuts("arrays", cutout[None], *LABELS)
    small = np.asarray(cutouts.scaled(0, 8))
    assert small.shape == (8, 8, 4) and small[4, 4].tolist() == [255, 0, 0, 255]
    shown = small[..., 3] > 16
    assert small[shown][:, 1].max() == 0 and small[shown][:, 0].min() > 250
    np.testing.assert_array_equal(np.asarray(cutouts.scaled(0, 16)), cutout)
    assert CutOuts("arrays", CUTOUTS, *LABELS).scaled(0, 8).size == (6, 8)


def test_a_mirrored_cut_out():
    cutouts = CutOuts("arrays", CUTOUTS, *LABELS)
    for side, tolerance in ((16, 0), (8, 1)):
        whole, mirrored = (np.asarray(cutouts.scaled(0, side, each)) for each in (False, True))
        np.testing.assert_allclose(mirrored[..., 3], whole[:, ::-1, 3], atol=tolerance)


# -- the batches ---------------------------------------------------------------------------------


def test_images_and_label_maps():
    data = dataset()
    images, maps = next(iter(data))
    assert images.shape == (4, 20, 20, 3) and images.dtype == tf.float32
    assert maps.shape == (4, 20, 20) and maps.dtype == tf.int32
    assert set(np.unique(maps)) == {0, 1} and data.label_names == ("background", "object")
    assert data.steps_per_epoch == 3 and data.image_shapes == [(20, 20, 3)]
    assert "2 classes: background, object" in repr(data)


def test_it_starts_at_any_step():
    data = dataset()
    whole = list(data.from_step(0).take(7).as_numpy_iterator())
    for step in (1, 5):
        images, maps = next(data.from_step(step).as_numpy_iterator())
        np.testing.assert_array_equal(images, whole[step][0])
        np.testing.assert_array_equal(maps, whole[step][1])
    assert len({images.tobytes() for images, _ in whole}) == 7
    other = next(dataset(seed=8).as_numpy_iterator())[1]
    assert not np.array_equal(other, whole[0][1])


def test_the_parts_of_replicas_are_the_batch():
    data = dataset()
    parts = data._stream(tf.data.Dataset.counter(6), replicas=2, local=2).take(2)
    (first, left), (second, right) = parts.as_numpy_iterator()
    images, maps = next(data.from_step(3).as_numpy_iterator())
    np.testing.assert_array_equal(np.concatenate([first, second]), images)
    np.testing.assert_array_equal(np.concatenate([left, right]), maps)


def test_the_background_is_a_patch_and_opaque_pixels_the_cut_outs():
    """One opaque red cut-out at its own height, on one colour: label map and pixels agree."""
    red = np.zeros((1, 9, 9, 4), "uint8")
    red[..., 0], red[..., 3] = 255, 255
    blue = [np.full((30, 30, 3), (0, 0, 255), "uint8")]
    data = composites(blue, red, size=30, batch_size=1, objects=(1, 1), sides=(9, 9))
    seen = set()
    for images, maps in data.from_step(0).take(40).as_numpy_iterator():
        own = (images[..., 0] == 1) & (images[..., 2] == -1)
        np.testing.assert_array_equal(own, maps == 1)
        np.testing.assert_array_equal(~own, (images[..., 2] == 1) & (images[..., 0] == -1))
        rows, columns = (np.flatnonzero(own[0].any(axis)) for axis in (1, 0))
        assert own.sum() == len(rows) * len(columns) and min(len(rows), len(columns)) >= 6
        seen |= {len(rows), len(columns)}
    assert seen > {9} and min(seen) < 9  # some lie beyond an edge


@pytest.mark.parametrize("objects", [(0, 0), (3, 3)])
def test_as_many_cut_outs_as_asked_for(objects):
    small = np.full((1, 3, 3, 4), 255, "uint8")
    dark = [np.zeros((60, 60, 3), "uint8")]
    data = composites(dark, small, size=60, batch_size=1, objects=objects, sides=(3, 3))
    counts = [int(maps.sum()) for _, maps in data.from_step(0).take(20).as_numpy_iterator()]
    assert max(counts) == 9 * objects[1] and min(counts) >= 0


def test_the_splits_share_no_code_point():
    google, _, digests = read_emoji()
    parts = [dataset(cutouts="emoji", split=split)._cutouts for split in ("train", "test")]
    assert [len(part.images) for part in parts] == [1733, 178]
    for part, chosen in zip(parts, (~in_test(digests), in_test(digests)), strict=True):
        np.testing.assert_array_equal(part.images, google[chosen])


def test_the_splits_share_no_photograph():
    parts = [composites(size=64, split=split) for split in ("train", "test")]
    assert [part.config["num_photographs"] for part in parts] == [12, 3]
    assert parts[0].config["sha256"] != parts[1].config["sha256"]


def test_categories_are_classes_of_their_own():
    data = dataset(cutouts="emoji", categories=True)
    assert len(data.label_names) == 11 and data.label_names[0] == "background"
    maps = np.concatenate([maps for _, maps in data.from_step(0).take(40).as_numpy_iterator()])
    assert len(np.unique(maps)) > 6 and maps.max() <= 10
    assert set(data._cutouts.labels) == set(range(1, 11))


def test_the_configuration_tells_composites_apart():
    others = [{"objects": (1, 2)}, {"sides": (8, 9)}, {"cutouts": CUTOUTS[::-1]}, {"mirror": False}]
    configs = [dataset(**each).config for each in ({}, *others)]
    assert len({json.dumps(config, sort_keys=True) for config in configs}) == 5


def test_it_is_released():
    data = dataset()
    next(iter(data))
    gone = weakref.ref(data)
    del data
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"cutouts": "emojis"}, "cutouts='emojis' is unknown.*Did you mean 'emoji'"),
        (
            {"cutouts": CUTOUTS[..., :3]},
            r"cutouts must be 'emoji' or RGBA images.*\(5, 16, 12, 3\)",
        ),
        ({"cutouts": CUTOUTS / 255}, "cutouts must be .*received float64"),
        ({"categories": True}, "categories are those of cutouts='emoji'"),
        ({"objects": (2, 1)}, r"objects must be two integers of at least 0.*received \(2, 1\)"),
        ({"sides": 8}, "sides must be two integers of at least 1"),
        ({"size": 41}, "size=41 must not exceed the photographs"),
        ({"split": "val"}, "split='val' is unknown"),
        ({"batch_size": 100}, "batch_size=100 must not exceed the"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(UsageError, match=message):
        dataset(**arguments)
