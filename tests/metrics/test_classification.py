import numpy as np
import pytest

from kgan.errors import UsageError
from kgan.metrics.classification import classification_accuracy_score


@pytest.mark.slow
def test_classes_that_can_be_told_are_all_told(striped):
    score = classification_accuracy_score(*striped(512, 0), *striped(200, 1), epochs=12)
    assert score == 1.0


@pytest.mark.slow
def test_labels_by_chance_teach_nothing_and_wrong_ones_the_opposite(striped):
    images, labels = striped(512, 0)
    tests = striped(200, 1)
    assert classification_accuracy_score(images, 1 - labels, *tests, epochs=12) == 0.0
    one_class = classification_accuracy_score(images, np.zeros(512, int), *tests, epochs=4)
    assert one_class == 0.5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"train_images": np.zeros((64, 8, 8, 1), "float32")}, "at least 128 images"),
        ({"test_images": np.zeros((200, 9, 9, 1), "float32")}, "test_images must have the shape"),
        ({"train_labels": np.zeros(512)}, "train_labels must be integers"),
        ({"test_labels": np.full(200, -1)}, "test_labels must be 0 to classes - 1"),
        ({"train_images": np.zeros((512, 8, 9, 1), "float32") - 1}, "image_shape must be"),
        (
            {"train_labels": np.zeros(512, int), "test_labels": np.zeros(200, int)},
            "train_labels and test_labels must be of 2 classes or more",
        ),
        ({"epochs": 0}, "epochs must be an integer of at least 1"),
    ],
)
def test_bad_input(striped, change, message):
    images, labels = striped(512, 0)
    tests, answers = striped(200, 1)
    arguments = {
        "train_images": images,
        "train_labels": labels,
        "test_images": tests,
        "test_labels": answers,
    } | change
    arguments["train_labels"] = arguments["train_labels"][: len(arguments["train_images"])]
    with pytest.raises(UsageError, match=message):
        classification_accuracy_score(**arguments)
