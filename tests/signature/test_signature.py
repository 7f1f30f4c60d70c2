"""Fields in their order, and the inputs that they make of what a user gives."""

import numpy as np
import pytest

from kgan.errors import UsageError
from kgan.signature import (
    Code,
    Field,
    Image,
    Label,
    Latent,
    Mask,
    Signature,
    Vector,
    in_turn,
    of_network,
)

CODE = Code(categorical=(3,))
ALL = Signature(Latent(4), Label(3), Vector(2), CODE)
NO_VECTOR = Signature(Latent(4), Label(3), CODE)


def test_a_signature_is_a_mapping_in_the_order_of_its_fields():
    assert list(ALL) == ["latent", "label", "condition", "code"] and len(ALL) == 4
    assert ALL["label"] == Label(3) and "image" not in ALL
    assert repr(Signature(Label(3))).startswith("Signature(Label(classes=3")
    assert Signature(Label(3)) == Signature(Label(3)) != Signature(Label(4))


def test_questions_by_kind():
    assert ALL.label == Label(3) and ALL.latent == Latent(4)
    assert ALL.image is None and ALL.images == []
    both = Signature(Mask((2, 2, 1)), Label(3), Image((2, 2, 3)))
    assert both.image == Mask((2, 2, 1)) and both.images == [both["mask"], both["image"]]
    assert both.latent is None
    assert [field.name for field in ALL.conditions] == ["label", "condition", "code"]
    assert ALL.required == [Vector(2)]
    assert Signature(Latent(4)).conditions == NO_VECTOR.required == []


def test_metadata_is_that_of_all_fields():
    assert set(ALL.metadata()) == {
        *("latent_dim", "prior", "classes", "condition_dim"),
        *("code", "code_prior"),
    }


# -- sample ------------------------------------------------------------------------------------


def test_what_is_left_out_is_the_fields_default():
    made = NO_VECTOR.sample(5, 7, None, {}, "DCGAN")
    assert list(made) == ["latent", "label", "code"]
    for name, field in NO_VECTOR.items():
        np.testing.assert_array_equal(made[name], field.default(5, 7))


def test_what_is_given_is_checked_and_used():
    given = {"labels": [2, 2], "conditions": [[1, 2], [3, 4]], "codes": None}
    made = ALL.sample(2, 7, 0.5, given, "DCGAN")
    assert made["label"].tolist() == [2, 2] and made["condition"].dtype == np.float32
    np.testing.assert_array_equal(made["latent"], Latent(4).default(2, 7, 0.5))
    np.testing.assert_array_equal(made["code"], CODE.default(2, 7))


@pytest.mark.parametrize(
    "given", [{"labels": [0, 1, 2]}, {"codes": np.eye(3)}, {"latents": np.ones((3, 4))}]
)
def test_the_given_rows_say_how_many(given):
    made = NO_VECTOR.sample(None, 0, None, given, "DCGAN")
    assert {len(values) for values in made.values()} == {3}


@pytest.mark.parametrize(
    ("n", "given", "message"),
    [
        (None, {}, r"^n must be an integer of at least 1; received None\.$"),
        (0, {}, "^n must be an integer of at least 1; received 0"),
        (None, {"labels": []}, "^n must be an integer of at least 1; received 0"),
        (None, {"labels": 1}, r"^labels must have the shape \(1,\), .*received \(\)"),
        (2, {"words": ["a"]}, r"^words must be None, since a DCGAN takes no words; received list"),
        (2, {}, r"^conditions must be given: an array \(2, 2\), since the generator takes one"),
        # Of fields of unequal length the first that is given says how many.
        (None, {"labels": [0, 1], "conditions": np.ones((3, 2))}, r"^conditions must.*\(2, 2\)"),
        (None, {"conditions": np.ones((3, 2)), "labels": [0, 1]}, r"^labels must.*\(3,\)"),
        (3, {"labels": [0, 1], "conditions": np.ones((3, 2))}, r"^labels must have .* \(3,\)"),
    ],
)
def test_sample_says_what_it_wants_and_what_came(n, given, message):
    with pytest.raises(UsageError, match=message):
        ALL.sample(n, 0, None, given, "a DCGAN")


# -- of a network ------------------------------------------------------------------------------


def test_the_inputs_of_a_network_by_name_and_rank():
    shapes = {
        "latent": (None, 4),
        "label": (None,),
        "condition": (None, 2),
        "source": (None, None, None, 3),
    }
    found = of_network(shapes, "uniform", 3)
    assert list(found.values()) == [
        Latent(4, prior="uniform"),
        Label(3),
        Vector(2),
        Image((None, None, 3), "source"),
    ]
    assert of_network({"style": (None,)}, "normal", None)["style"] == Label(None, "style")


def test_a_field_of_ones_own_needs_to_say_only_what_is_its_own():
    class Angle(Field):
        name, shape = "angle", ()

        def check(self, values, n, argument=None):
            return np.asarray(values, np.float32)

        def default(self, n, seed):
            return np.linspace(0, 1, n, dtype=np.float32)

    signature = Signature(Latent(4), Angle())
    assert signature.sample(3, 0, None, {}, "DCGAN")["angle"].tolist() == [0.0, 0.5, 1.0]
    assert signature.sample(1, 0, None, {"angles": [9]}, "DCGAN")["angle"].tolist() == [9.0]
    assert signature["angle"].describe(3) == "`angles` are float32 (3,)."


def test_in_turn():
    assert in_turn([1, 2], 5).tolist() == [1, 2, 1, 2, 1]
    assert in_turn(np.eye(2), 3).tolist() == [[1, 0], [0, 1], [1, 0]]
    assert in_turn([], 3).tolist() == [] and in_turn(4, 3).tolist() == 4
