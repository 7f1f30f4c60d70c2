"""Fields of classes per pixel, and of their probabilities."""

import json

import keras
import numpy as np
import pytest

from kgan.errors import UsageError
from kgan.signature import Image, Label, LabelMap, Probabilities, Signature

MAPS = np.random.RandomState(0).randint(0, 3, (4, 5, 6))
FIELD = LabelMap(3, names=("sky", "tree", "road"))
PROBABILITIES = Probabilities(3, "target")


@pytest.mark.parametrize("dtype", ["int64", "uint8", "int32"])
def test_check_returns_the_maps(dtype):
    checked = FIELD.check(MAPS.astype(dtype), 4)
    assert checked.dtype == np.int32
    np.testing.assert_array_equal(checked, MAPS)
    np.testing.assert_array_equal(FIELD.check_batch(MAPS.tolist(), 4), MAPS)
    unknown = np.where(MAPS == 1, -1, MAPS)
    np.testing.assert_array_equal(FIELD.check(unknown, 4), unknown)


@pytest.mark.parametrize(
    ("maps", "message"),
    [
        (
            MAPS[:3],
            r"^label_maps must have the shape \(4, height, width\).*received \(3, 5, 6\)\.$",
        ),
        (MAPS[..., None], r"received \(4, 5, 6, 1\)\. Use label_maps\[\.\.\., 0\]\.$"),
        (np.eye(3)[MAPS], r"received \(4, 5, 6, 3\)\. Use label_maps.argmax\(-1\)\.$"),
        (np.zeros(4, int), r"a class per pixel; received \(4,\)\.$"),
        ([[1], [1, 2]], "^label_maps must have the shape"),
        (
            MAPS.astype(float),
            r"^label_maps must be integers.*received float64\. Use label_maps.ast",
        ),
        (MAPS == 1, "^label_maps must be integers.*received bool"),
        (
            MAPS + 1,
            r"^label_maps must be 0 to 2, -1 where .*from 1 to 3\. Build the model with more",
        ),
        (MAPS - 2, r"^label_maps must be 0 to 2.*received values from -2 to 0\."),
    ],
)
def test_check_says_what_it_wants_and_what_came(maps, message):
    with pytest.raises(UsageError, match=message):
        FIELD.check(maps, 4)


def test_every_pixel_may_have_to_have_a_class():
    with pytest.raises(UsageError, match=r"^fake must be 0 to 2; received values from -1 to 1\."):
        LabelMap(3, unlabelled=False).check(MAPS - 1, 4, "fake")


def test_they_come_with_the_data():
    assert not FIELD.has_default and FIELD.numpy_source() is None
    with pytest.raises(UsageError, match="^label_maps must be given"):
        FIELD.default(2, 0)
    with pytest.raises(UsageError, match="^label_maps must come with the data"):
        FIELD.draw(2, keras.random.SeedGenerator(0))


def test_what_they_say_of_themselves():
    assert FIELD.brief() == "label_map 0..2" and FIELD.shape == (None, None)
    assert FIELD.metadata()["classes"] == "3"
    assert json.loads(FIELD.metadata()["class_names"]) == ["sky", "tree", "road"]
    assert (FIELD.bounds().low, FIELD.bounds().high) == (-1, 2)
    assert FIELD.describe(2) == "`label_maps` are int32 (2, height, width), classes."
    named = PROBABILITIES.named(["sky", "tree", "road"])
    assert named.metadata() == FIELD.metadata() and PROBABILITIES.metadata() == {"classes": "3"}
    assert named.describe(2) == (
        "`targets` are float32 (2, height, width, 3), the probabilities of the classes sky, tree, "
        "road."
    )
    assert Probabilities(2).argument == "probabilities" and PROBABILITIES.argument == "targets"
    assert FIELD.named(["a"]) is FIELD


def test_a_signature_tells_classes_of_pixels_from_those_of_images():
    image, label = Image((None, None, 3)), Label(3)
    both = Signature(image, FIELD, label)
    assert both.label is label and both.classes is FIELD
    assert Signature(image, FIELD).label is None and Signature(image, label).classes is label
    assert Signature(image).classes is None
    assert both.images == [image]


@pytest.mark.parametrize("size", [None, (5, 7)])
def test_examples_are_what_is_checked(size):
    expected = size or (16, 16)
    maps = FIELD.examples(3, 0, size)
    assert maps.shape == (3, *expected) and set(np.unique(FIELD.check(maps, 3))) == {0, 1, 2}
    likely = PROBABILITIES.check(PROBABILITIES.examples(3, 0, size), 3)
    np.testing.assert_array_equal(likely.argmax(-1), maps)


def test_probabilities_are_checked():
    soft = np.random.RandomState(0).dirichlet(np.ones(3), (2, 4, 5)).astype("float32")
    np.testing.assert_array_equal(PROBABILITIES.check(soft, 2), soft)
    soft[0, 0, 0] = 0  # no class is known
    np.testing.assert_array_equal(PROBABILITIES.check(soft, 2), soft)
    message = r"^targets must be probabilities of the shape \(2, height, width, 3\).*received "
    for wrong, received in [
        (soft[..., :2], r"the shape \(2, 4, 5, 2\)"),
        (0.5 * soft, "values whose sum is another"),
        (soft * np.nan, "values whose sum is another, negative ones, or NaN"),
        (np.stack([2 * soft[..., 0], -soft[..., 0], 1 - soft[..., 0]], -1), "values"),
        ("soft", r"the shape \(\)"),
    ]:
        with pytest.raises(UsageError, match=message + received):
            PROBABILITIES.check(wrong, 2)


def test_pictures_have_a_colour_per_class():
    """The colours of PASCAL VOC: black, dark red, dark green; white is unknown."""
    maps = np.array([[[0, 1], [2, -1]]])
    expected = [[[0, 0, 0], [128, 0, 0]], [[0, 128, 0], [255, 255, 255]]]
    for picture in (
        FIELD.picture(maps),
        PROBABILITIES.picture(np.eye(3)[maps] * (maps >= 0)[..., None]),
    ):
        assert picture.dtype == np.float32
        np.testing.assert_array_equal(np.rint((picture[0] + 1) * 127.5), expected)
