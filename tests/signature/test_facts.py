"""Fields that travel in exported files come back as they were."""

import json

import pytest

from kgan.errors import UsageError
from kgan.signature import Code, Field, Image, Label, Latent, Mask, Other, Signature, Vector

FIELDS = (
    Image((None, None, 3), "source", 32),
    Mask((64, 48, 1)),
    Latent(8, prior="uniform"),
    Vector(5, "text"),
    Label(3, names=("shirt", "coat", "bag")),
    Label(None, "kind"),
    Code(categorical=(3, 2), continuous=1),
)


def test_the_known_kinds_come_back():
    signature = Signature(*FIELDS)
    assert Signature.from_json(signature.to_json()) == signature
    found = list(Signature.from_json(signature.to_json()).values())
    assert found == list(FIELDS)
    kinds = ["image", "mask", "latent", "vector", "label", "label", "code"]
    assert [field.kind for field in found] == kinds


def test_a_subclass_keeps_the_kind_of_its_base():
    class Photograph(Image):
        pass

    (found,) = Signature.from_json(Signature(Photograph((8, 8, 3))).to_json()).values()
    assert type(found) is Image and found.shape == (8, 8, 3)


def test_other_kinds_keep_name_shape_and_dtype():
    class Series(Field):
        name, kind, shape = "series", "series", (None, 2)

    (series,) = Signature.from_json(Signature(Series()).to_json()).values()
    assert type(series) is Other
    assert (series.kind, series.name, series.shape, series.dtype) == (
        *("series", "series"),
        *((None, 2), "float32"),
    )


IMAGE = {"name": "a", "kind": "image", "dtype": "float32", "shape": [None, None, 3], "smallest": 1}


@pytest.mark.parametrize(
    "change",
    [
        {"shape": [None, None, None]},
        {"shape": [None, 3]},
        {"shape": [0, 8, 3]},
        {"shape": 3},
        {"kind": "vector", "shape": [None]},
        {"name": 7},
        {"smallest": "x"},
        {"kind": "latent", "shape": [3], "prior": "__import__('os')"},
        {"kind": "label", "shape": [], "classes": True},
        {"kind": "label", "shape": [], "classes": 2, "names": [1, 2]},
    ],
)
def test_broken_facts_are_refused(change):
    with pytest.raises(UsageError, match="facts must describe a field"):
        Signature.from_json(json.dumps([IMAGE | change]))
    without = {key: value for key, value in IMAGE.items() if key not in change}
    if "name" in change:
        with pytest.raises(UsageError, match="'name' is wrong"):
            Signature.from_json(json.dumps([without]))


@pytest.mark.parametrize("text", ["", "{", "3", '"a"', '{"a": 1}'])
def test_what_is_no_list_of_fields_is_refused(text):
    with pytest.raises(UsageError):
        Signature.from_json(text)
