"""Against a loop over the groups of a plain convolution; on a GPU Keras's own, here by XLA."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kgan.layers import GroupedConv2D
from kgan.ops import grouped_convolution

IMAGES = tf.constant(np.random.RandomState(0).normal(size=(2, 5, 6, 12)), tf.float32)


def by_groups(images, kernel, groups):
    parts = zip(tf.split(images, groups, -1), tf.split(kernel, groups, -1), strict=True)
    return tf.concat([tf.nn.conv2d(image, part, 1, "SAME") for image, part in parts], -1)


@pytest.mark.parametrize("groups", [1, 2, 3, 12])
@pytest.mark.parametrize("size", [1, 3, 4])
def test_equals_a_loop_over_the_groups(groups, size):
    layer = GroupedConv2D(size, groups)
    found = layer(IMAGES)
    assert layer.kernel.shape == (size, size, 12 // groups, 12)  # as Keras's
    assert layer.compute_output_shape(IMAGES.shape) == found.shape == IMAGES.shape
    np.testing.assert_allclose(found, by_groups(IMAGES, layer.kernel.value, groups), atol=1e-5)


def test_gradients_of_first_and_second_order():
    layer = GroupedConv2D(3, 4)
    layer.build(IMAGES.shape)
    kernel = layer.kernel.value
    found = []
    for call in (layer, lambda images: by_groups(images, kernel, 4)):
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                inner.watch(IMAGES)
                score = tf.reduce_sum(call(IMAGES) ** 3)
            first = inner.gradient(score, IMAGES)
            penalty = tf.reduce_mean(first**2)
        found.append((first, outer.gradient(penalty, kernel)))
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-2)


@pytest.fixture
def gpu(monkeypatch):
    """The choice for a GPU; Keras compiles the convolution with XLA, which a CPU computes, too."""
    monkeypatch.setattr(grouped_convolution, "_on_gpu", lambda: True)


def convolutions(layer, training):
    """The shapes of the kernels that a traced call convolves with, those in XLA's functions too."""
    traced = tf.function(lambda images: layer(images, training=training))
    graph = traced.get_concrete_function(tf.TensorSpec(IMAGES.shape)).graph
    graphs = [graph, *(function.graph for function in graph._functions.values())]
    return [
        tuple(op.inputs[1].shape)
        for each in graphs
        for op in each.get_operations()
        if op.type == "Conv2D"
    ]


def test_a_gpu_trains_with_the_groups_alone(gpu):
    layer = GroupedConv2D(3, 4)
    layer.build(IMAGES.shape)
    assert convolutions(layer, training=True) == [(3, 3, 3, 12)]
    assert convolutions(layer, training=False) == [(3, 3, 12, 12)]  # exported


def test_a_cpu_trains_with_one_plain_convolution():
    layer = GroupedConv2D(3, 4)
    layer.build(IMAGES.shape)
    assert convolutions(layer, training=True) == [(3, 3, 12, 12)]


@pytest.mark.parametrize("groups", [1, 4, 12])
def test_both_ways_agree_up_to_the_second_derivative(groups, gpu):
    layer = GroupedConv2D(3, groups)
    layer.build(IMAGES.shape)
    kernel = layer.kernel.value
    found = []
    for training in (True, False):
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                inner.watch(IMAGES)
                outputs = layer(IMAGES, training=training)
                score = tf.reduce_sum(tf.sin(outputs))
            first = inner.gradient(score, [IMAGES, kernel])
            penalty = tf.add_n([tf.reduce_mean(gradient**2) for gradient in first])
        found.append([outputs, *first, outer.gradient(penalty, kernel)])
    for grouped, plain in zip(*found, strict=True):
        np.testing.assert_allclose(grouped, plain, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("dtype", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision(dtype):
    layer = GroupedConv2D(3, 4, dtype=dtype)
    found = layer(IMAGES)
    assert found.dtype == dtype.removeprefix("mixed_") and layer.kernel.dtype == "float32"
    expected = by_groups(IMAGES, layer.kernel.value, 4)
    np.testing.assert_allclose(tf.cast(found, tf.float32), expected, atol=0.05)


def test_is_saved_and_loaded(tmp_path):
    initializer = keras.initializers.RandomNormal(seed=3)
    model = keras.Sequential([keras.Input((5, 6, 12)), GroupedConv2D(3, 2, initializer)])
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again(IMAGES), model(IMAGES))
    assert again.layers[0].kernel_initializer.get_config() == initializer.get_config()


def test_refuses_what_does_not_divide():
    with pytest.raises(ValueError, match="groups=5 must divide the 12 channels"):
        GroupedConv2D(3, 5)(IMAGES)
    for size, groups in ((0, 1), (3, 0), (3, 1.5)):
        with pytest.raises(ValueError, match="must be an integer of at least 1; received"):
            GroupedConv2D(size, groups)
