"""The options for a model's inputs, which its fields read."""

import dataclasses

import click
import numpy as np
import pytest
from click.testing import CliRunner

import kgan as library
from kgan import signature
from kgan.cli.inputs import input_options, read_inputs
from kgan.errors import UsageError
from kgan.signature.options import OPTIONS


def test_the_options_are_those_of_the_fields():
    kinds, found = [signature.Field], set()
    for kind in kinds:
        kinds += kind.__subclasses__()
        # A latent is what a seed is for.
        if kind.read is not signature.Field.read and kind is not signature.Latent:
            needed = {
                each.name: 3
                for each in dataclasses.fields(kind)
                if each.default is dataclasses.MISSING
            }
            field = kind(**needed)
            found.add((field.argument, not field.has_default))
    assert {(argument, option.required) for argument, option in OPTIONS.items()} == found


@pytest.fixture(scope="module")
def named():
    """A GAN whose classes have names."""
    gan = library.ConditionalGAN((8, 8, 1), classes=3, latent_dim=2, width=2)
    label = dataclasses.replace(gan.input_signature["label"], names=("T-shirt", "Trouser", "Bag"))
    gan.input_signature = signature.Signature(gan.input_signature["latent"], label)
    return gan


@pytest.mark.parametrize(
    ("text", "labels"),
    [("2,0", [2, 0]), ("bag", [2]), ("Trouser, 0,t-shirt", [1, 0, 0])],
)
def test_classes_by_number_and_name(named, text, labels):
    rows = read_inputs(named, {"labels": text, "codes": None})
    assert list(rows) == ["labels"] and rows["labels"].dtype == np.int32
    assert rows["labels"].tolist() == labels
    expected = named.generate(seed=1, labels=labels)
    np.testing.assert_array_equal(named.generate(seed=1, **rows), expected)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("trousers", "--labels='trousers' is not a class .*Did you mean 'Trouser'"),
        ("0,3", "--labels must be 0 to 2, one of the model's 3 classes; received 3"),
        ("-1", "--labels must be 0 to 2.* received -1"),
        ("99999999999999999999", "--labels.*99999999999999999999"),
    ],
)
def test_a_class_that_the_model_lacks(named, text, message):
    with pytest.raises(UsageError, match=message) as error:
        read_inputs(named, {"labels": text})
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("argument", ["codes", "conditions"])
def test_an_option_that_the_model_lacks(named, argument):
    message = f"--{argument} is not for this model: a ConditionalGAN takes no {argument}"
    with pytest.raises(UsageError, match=message):
        read_inputs(named, {"labels": None, argument: "a.npy"})


def test_an_input_without_a_default_must_be_given():
    gan = library.ConditionalGAN((8, 8, 1), condition_dim=5, latent_dim=2, width=2)
    with pytest.raises(UsageError, match=r"--conditions must be given: .* of shape \(5\)"):
        read_inputs(gan, {"conditions": None})


def test_a_file_without_rows_is_told_by_the_option_itself(tmp_path):
    ran = []

    @click.command()
    @input_options()
    def command(**options):
        ran.append(options)

    np.save(tmp_path / "flat.npy", np.zeros(3))
    result = CliRunner().invoke(command, ["--codes", str(tmp_path / "flat.npy")])
    assert isinstance(result.exception, UsageError)
    assert "--codes=" in str(result.exception) and "shape (3,)" in str(result.exception)
    np.save(tmp_path / "rows.npy", np.zeros((2, 3)))
    words = ["--labels", "bag", "--codes", str(tmp_path / "rows.npy")]
    assert CliRunner().invoke(command, words).exit_code == 0
    given = {"labels": "bag", "codes": str(tmp_path / "rows.npy"), "conditions": None}
    assert ran == [given]
