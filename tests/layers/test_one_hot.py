import keras
import numpy as np
import pytest

from kgan.layers import OneHot


def test_labels_become_unit_vectors():
    found = OneHot(3)(np.array([2, 0, 1], "int32"))
    np.testing.assert_array_equal(found, np.eye(3)[[2, 0, 1]])
    assert found.dtype == "float32"


def test_a_label_outside_gives_zeros():
    np.testing.assert_array_equal(OneHot(3)(np.array([-1, 3], "int32")), np.zeros((2, 3)))


@pytest.mark.parametrize("kind", ["uint8", "int64"])
def test_other_integers(kind):
    np.testing.assert_array_equal(OneHot(2)(np.array([1, 0], kind)), np.eye(2)[[1, 0]])


def test_half_precision():
    for dtype in ("mixed_float16", "mixed_bfloat16"):
        assert OneHot(300, dtype=dtype)(np.array([299])).dtype == dtype.removeprefix("mixed_")
    # Labels stay whole numbers: 257 is none of bfloat16's.
    vector = np.asarray(
        keras.ops.cast(OneHot(300, dtype="mixed_bfloat16")(np.array([257])), "float32")
    )
    assert vector.argmax() == 257


def test_in_a_model_that_is_saved(tmp_path):
    label = keras.Input((), dtype="int32")
    model = keras.Model(label, OneHot(4)(label))
    assert model.output_shape == (None, 4)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again(np.array([3, 1])), np.eye(4)[[3, 1]])


def test_refuses_no_class():
    for classes in (0, 2.5, None):
        with pytest.raises(ValueError, match="classes must be an integer of at least 1; received"):
            OneHot(classes)
