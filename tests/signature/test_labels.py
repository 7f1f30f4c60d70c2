"""The field of classes: by number, by name, drawn, in turn."""

import json

import keras
import numpy as np
import pytest

from kgan.errors import UsageError
from kgan.signature import Label

NAMES = ("T-shirt", "Trouser", "Ankle boot")
LABEL = Label(3, names=NAMES)


@pytest.mark.parametrize(
    ("given", "numbers"),
    [
        ([0, 2, 1], [0, 2, 1]),
        (np.array([0, 2, 1], np.uint8), [0, 2, 1]),
        (["Trouser", 2, "t-shirt"], [1, 2, 0]),
        ((" ankle BOOT ", "Trouser", 0), [2, 1, 0]),
    ],
)
def test_check_takes_numbers_and_names(given, numbers):
    checked = LABEL.check(given, 3)
    assert checked.dtype == np.int32 and checked.tolist() == numbers


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([0, 3], r"^labels must be 0 to 2, one of 3 classes; received values from 0 to 3\. Ask f"),
        ([-1, 0], r"received values from -1 to 0\. Ask for classes that the model knows\.$"),
        ([0.5, 1.0], r"^labels must be integers, 0 to classes - 1; received float64\.$"),
        ([True, False], "must be integers.*received bool"),
        ([0], r"^labels must have the shape \(2,\), one per image; received \(1,\)"),
        ([[0], [1]], r"received \(2, 1\)\. Use labels.reshape\(-1\)\.$"),
        ([[0], [1, 2]], "^labels must be one integer per image; received"),
        ("Trouser", r"must have the shape \(2,\).*received \(\)"),
        (1, r"must have the shape \(2,\).*received \(\)"),
        (
            ["Trouser", "Boots"],
            r"^labels='Boots' is not a class of this model \(T-shirt, Trouser, Ankle boot\)\. "
            r"Did you mean 'Ankle boot'\?$",
        ),
        (["Trouser", ""], "labels='' is not a class of this model"),
    ],
)
def test_check_says_what_it_wants_and_what_came(given, message):
    with pytest.raises(UsageError, match=message):
        LABEL.check(given, 2)


def test_errors_call_labels_what_the_caller_does():
    with pytest.raises(UsageError, match="^classes must be 0 to 2"):
        LABEL.check([7], 1, argument="classes")
    with pytest.raises(UsageError, match="^classes='Boots' is not a class of this model"):
        LABEL.check(["Boots"], 1, argument="classes")
    with pytest.raises(UsageError, match="^styles must be 0 to 1, one of 2 classes"):
        Label(2, "style").check([7], 1)


def test_names_where_the_classes_have_none():
    expected = r"^labels must be integers, since this model's classes have no names; received 'a'\."
    with pytest.raises(UsageError, match=expected):
        Label(3).check(["a"], 1)


def test_data_may_be_unlabelled_and_wishes_may_not():
    field = Label(3, unlabelled=True)
    assert field.check_batch(np.array([-1, 2]), 2).tolist() == [-1, 2]
    with pytest.raises(UsageError, match="labels must be 0 to 2.* from -1 to 2.*Ask for classes"):
        field.check([-1, 2], 2)
    with pytest.raises(UsageError, match="labels must be 0 to 2.*train a SemiSupervisedGAN"):
        Label(3).check_batch(np.array([-1, 2]), 2)
    with pytest.raises(UsageError, match="or -1 for an image without a label.*Build the model wi"):
        field.check_batch(np.array([-1, 3]), 2)
    assert (field.bounds().low, field.bounds().high) == (-1, 2)


def test_defaults_are_each_class_in_turn_whatever_the_seed():
    assert LABEL.default(7, None).tolist() == [0, 1, 2, 0, 1, 2, 0]
    np.testing.assert_array_equal(LABEL.default(7, 1), LABEL.default(7, 2))
    assert Label(None).default(3, 0).tolist() == [0, 0, 0]


def test_draws_are_even_and_pinned_by_the_seed():
    first, again, other = (
        np.asarray(LABEL.draw(3000, keras.random.SeedGenerator(seed))) for seed in (1, 1, 2)
    )
    assert first.dtype == np.int32 and first.shape == (3000,)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    np.testing.assert_allclose(np.bincount(first), 1000, atol=120)


def test_what_it_says_of_itself():
    assert LABEL.metadata() == {"classes": "3", "class_names": json.dumps(NAMES)}
    assert Label(3).metadata() == {"classes": "3"} and Label(None).metadata() == {}
    assert LABEL.bounds()[:3] == ("0 to 2", 0, 2) and LABEL.bounds().fix
    assert LABEL.describe(4).startswith("`labels` are classes, 0 to 2. ")
    assert LABEL.argument == "labels" and LABEL.shape == () and LABEL.dtype == "int32"


def test_examples_reach_from_the_first_class_to_the_last():
    examples = LABEL.examples(5, 0)
    assert set(LABEL.check(examples, 5).tolist()) == {0, 1, 2}


def test_conditioning_takes_one_hot_vectors():
    vectors = LABEL.vector(keras.ops.convert_to_tensor([2, 0], "int32"))
    np.testing.assert_array_equal(vectors, [[0, 0, 1], [1, 0, 0]])


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("2", [2]),
        ("0, 2 ,1", [0, 2, 1]),
        ("Ankle boot", [2]),
        ("trouser,+1, t-shirt ,0", [1, 1, 0, 0]),
    ],
)
def test_read_takes_numbers_and_names(text, labels):
    read = LABEL.read("--labels", text)
    assert read.dtype == np.int32 and read.tolist() == labels


@pytest.mark.parametrize(
    ("field", "text", "message"),
    [
        (LABEL, "3", r"^--labels must be 0 to 2, one of the model's 3 classes; received 3\.$"),
        (LABEL, "0,-1", r"^--labels must be 0 to 2.*; received -1\.$"),
        (LABEL, "9" * 18, "^--labels must be 0 to 2.*; received 9{18}"),
        (LABEL, "9" * 5000, "^--labels='9+' is not a class of this model"),
        (LABEL, "trousers", r"^--labels='trousers' is no.*Did you mean 'Trouser'\?$"),
        (LABEL, "0,", "^--labels='' is not a class of this model"),
        (LABEL, "", "^--labels='' is not a class of this model"),
        # What only looks like a number.
        (LABEL, "1-", "^--labels='1-' is not a class of this model"),
        (LABEL, "+-1", r"^--labels='\+-1' is not a class of this model"),
        (LABEL, "²", "^--labels='²' is not a class of this model"),
        (Label(3), "shirt", "^--labels must be integers.*; received 'shirt'"),
        (Label(None), "-1", "^--labels must be 0 to 2147483646; received -1"),
        (Label(None), str(2**40), f"^--labels must be 0 to 2147483646; received {2**40}"),
    ],
)
def test_read_says_what_it_wants_and_what_came(field, text, message):
    with pytest.raises(UsageError, match=message):
        field.read("--labels", text)
