"""The names of the classes travel from the data set to whoever asks the model for one."""

import json

import keras
import numpy as np
import onnx
import pytest

import kgan
from kgan.errors import UsageError

NAMES = ["bag", "Ankle boot", "coat"]


def conditional(**arguments):
    return kgan.ConditionalGAN((8, 8, 1), classes=3, latent_dim=4, width=2, **arguments)


@pytest.fixture(scope="module")
def named():
    return conditional(class_names=NAMES)


def test_fit_takes_those_of_the_data_set(tmp_path):
    for number, name in enumerate(NAMES):
        for index in range(4):
            path = tmp_path / name / f"{index}.png"
            path.parent.mkdir(exist_ok=True)
            pixels = np.full((8, 8, 1), 60 * number + index, np.uint8)
            kgan.images.to_pil(pixels / np.float32(127.5) - 1).save(path)
    data = kgan.data.load(tmp_path, batch_size=4, labels=True, channels=1)
    gan = conditional()
    assert gan.class_names is None
    gan.compile(run_eagerly=True)
    gan.fit(data, verbose=0)
    assert gan.class_names == list(data.label_names) == ["Ankle boot", "bag", "coat"]


def test_a_name_asks_for_its_class(named):
    expected = named.generate(seed=1, labels=[1, 0])
    np.testing.assert_array_equal(named.generate(seed=1, labels=["ankle BOOT", "bag"]), expected)
    with pytest.raises(
        UsageError, match="'boots' is not a class .*bag, Ankle boot, coat.* 'Ankle boot'"
    ):
        named.generate(labels=["boots"])


def test_names_are_saved_and_exported(named, tmp_path):
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(named)))
    assert keras.saving.deserialize_keras_object(config).class_names == NAMES
    kgan.export.to_onnx(named, tmp_path / "gan.onnx")
    properties = onnx.load(tmp_path / "gan.onnx").metadata_props
    found = {each.key: each.value for each in properties}
    assert json.loads(found["class_names"]) == NAMES


def test_names_that_the_model_has_stay_and_others_do_not_fit(named):
    named.set_class_names(["a", "b", "c"])
    assert named.class_names == NAMES
    plain = conditional()
    plain.set_class_names(["one", "two"])
    assert plain.class_names is None


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a", "a", "b"], "class_names must be a list of different strings"),
        ("abc", "class_names must be a list of different strings"),
        ([1, 2, 3], "class_names must be a list of different strings"),
        (["a", "b"], "class_names must hold 3 names, one for each class; received 2"),
    ],
)
def test_names_that_do_not_fit_the_classes(names, message):
    with pytest.raises(UsageError, match=message):
        conditional(class_names=names)
    with pytest.raises(UsageError, match="the DCGAN has no classes to name"):
        kgan.DCGAN((8, 8, 1), latent_dim=4, width=2, class_names=["a", "b"])


def test_data_of_other_classes_are_refused(tmp_path, named):
    for number, name in enumerate(["coat", "bag", "ant"]):
        for index in range(4):
            path = tmp_path / name / f"{index}.png"
            path.parent.mkdir(exist_ok=True)
            pixels = np.full((8, 8, 1), 60 * number + index, np.uint8)
            kgan.images.to_pil(pixels / np.float32(127.5) - 1).save(path)
    data = kgan.data.load(tmp_path, batch_size=4, labels=True, channels=1)
    gan = conditional(class_names=NAMES)
    gan.compile(run_eagerly=True)
    with pytest.raises(UsageError, match="x has the classes ant, bag, coat, but this .* bag, Ankl"):
        gan.fit(data, verbose=0)


def test_capitals_matter_where_they_tell_classes_apart():
    gan = conditional(class_names=["A", "B", "a"])
    label = gan.input_signature["label"]
    assert label.numbers(["A", "a", "B"]) == [0, 2, 1]
    assert label.numbers(np.array(["a", "B"])) == [2, 1]
    with pytest.raises(UsageError, match="'b' is not a class"):
        label.numbers(["b"])


def test_a_number_that_is_the_name_of_another_class():
    label = conditional(class_names=["1", "10", "2"]).input_signature["label"]
    with pytest.raises(UsageError, match="--labels=1 may mean class number 1 or the class named"):
        label.read("--labels", "1")
    assert label.read("--labels", "0,10").tolist() == [0, 1]
    digits = conditional(class_names=["0", "1", "2"]).input_signature["label"]
    assert digits.read("--labels", "2,0").tolist() == [2, 0]
