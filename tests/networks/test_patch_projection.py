import keras
import numpy as np
import pytest
import tensorflow as tf

from kgan.errors import UsageError
from kgan.networks import PatchProjection

RANDOM = np.random.RandomState(0)
FEATURES = {
    name: RANDOM.normal(size=(2, 7, size)).astype("float32") for name, size in (("a", 3), ("b", 4))
}


def test_the_vectors_are_those_of_the_formula():
    """W₂ relu(W₁ x + b₁) + b₂, divided by its norm."""
    network = PatchProjection(units=5).network({"a": 3}, seed=1)
    first, shift, second, other = (RANDOM.normal(size=w.shape) for w in network.get_weights())
    network.set_weights([first, shift, second, other])
    expected = np.maximum(FEATURES["a"] @ first + shift, 0) @ second + other
    expected /= np.linalg.norm(expected, axis=-1, keepdims=True)
    made = network({"a": FEATURES["a"]})["a"]
    np.testing.assert_allclose(made, expected, rtol=1e-5, atol=1e-6)


def test_where_there_is_nothing_to_see_the_gradient_is_finite():
    network = PatchProjection(units=5).network({"a": 3}, seed=1)
    with tf.GradientTape() as tape:
        made = network({"a": tf.zeros((1, 2, 3))})["a"]
    np.testing.assert_array_equal(made, 0)
    gradients = tape.gradient(made, network.trainable_variables)
    assert max(float(tf.reduce_max(tf.abs(each))) for each in gradients) <= 2001


def test_each_layer_has_a_head_of_its_own():
    network = PatchProjection(units=5).network({"a": 3, "b": 4}, seed=1)
    made = network(FEATURES)
    assert {name: vectors.shape for name, vectors in made.items()} == dict.fromkeys("ab", (2, 7, 5))
    changed = network(FEATURES | {"b": FEATURES["b"] + 1})
    np.testing.assert_array_equal(made["a"], changed["a"])
    assert np.abs(made["b"] - changed["b"]).max() > 0.01
    assert network.count_params() == sum(each * 5 + 5 + 5 * 5 + 5 for each in (3, 4))


def test_half_precision_inside_unit_vectors_in_float32_outside():
    network = PatchProjection().network({"a": 3}, dtype="mixed_float16")
    made = network({"a": FEATURES["a"]})["a"]
    assert made.dtype == "float32" and made.shape == (2, 7, 256)
    np.testing.assert_allclose(np.linalg.norm(made, axis=-1), 1, atol=1e-3)


def test_a_seed_pins_the_weights_and_a_configuration_the_units():
    weights = [PatchProjection(5).network({"a": 3}, seed).get_weights()[0] for seed in (1, 1, 2)]
    np.testing.assert_array_equal(*weights[:2])
    assert not np.array_equal(*weights[1:])
    projection = PatchProjection(5)
    twin = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(projection))
    assert repr(twin) == "PatchProjection(units=5)"


def test_no_units_are_refused():
    with pytest.raises(UsageError, match="units must be an integer of at least 1"):
        PatchProjection(0)
