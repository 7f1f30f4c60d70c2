"""Each way to compute equals TensorFlow's own, and so do its first and second derivatives."""

import numpy as np
import pytest
import tensorflow as tf

from kgan.ops import strided_convolution

# (batch, size of the images, channels of the images, channels of the features)
SHAPES = {
    "few channels": (2, 8, 3, 5),
    "some": (2, 8, 6, 5),
    "many channels": (2, 8, 64, 4),
    "two halves": (1, 14, 64, 128),
}


@pytest.fixture(params=[True, False], ids=["avx2", "else"])
def avx2(request, monkeypatch):
    """Both ways on whatever processor runs the test."""
    monkeypatch.setattr(strided_convolution, "_avx2_alone", lambda: request.param)


def tensors(shape):
    batch, size, channels, depth = SHAPES[shape]
    random = np.random.RandomState(0)
    images = random.normal(size=(batch, size, size, channels))
    kernel = random.normal(size=(4, 4, channels, depth))
    features = random.normal(size=(batch, size // 2, size // 2, depth))
    return [tf.constant(array, tf.float32) for array in (images, kernel, features)]


def native_spread(features, kernel):
    batch, height, width, _ = features.shape
    size = (batch, 2 * height, 2 * width, kernel.shape[2])
    return tf.nn.conv2d_transpose(features, kernel, size, 2, "SAME")


def native_convolve(images, kernel):
    return tf.nn.conv2d(images, kernel, 2, "SAME")


def native_kernel_gradient(images, features):
    kernel = tf.zeros((4, 4, images.shape[3], features.shape[3]))
    with tf.GradientTape() as tape:
        tape.watch(kernel)
        outputs = native_convolve(images, kernel)
    return tape.gradient(outputs, kernel, features)


def derivatives(function, first, second):
    """Value, gradients, and the gradients of the squared gradients."""
    with tf.GradientTape() as outer:
        outer.watch([first, second])
        with tf.GradientTape() as inner:
            inner.watch([first, second])
            value = function(first, second)
            score = tf.reduce_sum(tf.sin(value))
        gradients = inner.gradient(score, [first, second])
        penalty = tf.add_n([tf.reduce_mean(gradient**2) for gradient in gradients])
    return [value, *gradients, *outer.gradient(penalty, [first, second])]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", ["convolve", "spread", "kernel_gradient"])
def test_equals_tensorflow_up_to_the_second_derivative(name, shape, avx2):
    images, kernel, features = tensors(shape)
    arguments, native = {
        "convolve": ((images, kernel), native_convolve),
        "spread": ((features, kernel), native_spread),
        "kernel_gradient": ((images, features), native_kernel_gradient),
    }[name]
    ours = derivatives(getattr(strided_convolution, name), *arguments)
    theirs = derivatives(native, *arguments)
    for our, their in zip(ours, theirs, strict=True):
        scale = float(tf.reduce_max(tf.abs(their)))
        np.testing.assert_allclose(our, their, atol=2e-4 * scale)


def test_a_processor_is_recognised(monkeypatch):
    found = []
    monkeypatch.setattr(np, "show_config", lambda mode: {"SIMD Extensions": {"found": found}})
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "1")
    expected = {
        ("AVX2",): True,
        ("X86_V3",): True,
        ("AVX2", "AVX512F"): False,
        ("X86_V3", "X86_V4"): False,
        ("NEON",): False,
    }
    for names, alone in expected.items():
        found[:] = names
        assert strided_convolution._avx2_alone.__wrapped__() is alone, names
    found[:] = ["AVX2"]
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    assert strided_convolution._avx2_alone.__wrapped__() is False


@pytest.mark.parametrize("name", ["convolve", "spread", "kernel_gradient"])
def test_gradients_of_unknown_shape(name, avx2):
    """As they come from a function whose gradient is computed in Python."""
    images, kernel, features = tensors("many channels")
    first, second = {
        "convolve": (images, kernel),
        "spread": (features, kernel),
        "kernel_gradient": (images, features),
    }[name]
    function = getattr(strided_convolution, name)

    @tf.function
    def gradients():
        with tf.GradientTape() as tape:
            tape.watch([first, second])
            outputs = function(first, second)
        upstream = tf.numpy_function(np.ones_like, [outputs], tf.float32)
        return tape.gradient(outputs, [first, second], upstream)

    with tf.GradientTape() as tape:
        tape.watch([first, second])
        outputs = function(first, second)
    expected = tape.gradient(outputs, [first, second])
    for found, right in zip(gradients(), expected, strict=True):
        np.testing.assert_allclose(found, right, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize(
    ("operation", "shape", "with_avx2", "without"),
    [
        ("spread", (28, 1, 64), "_overlap_add", "_overlap_add"),
        ("spread", (28, 5, 64), "own", "own"),
        ("spread", (14, 64, 128), "_halves", "own"),
        ("spread", (8, 512, 1024), "_halves", "own"),
        ("spread", (16, 64, 128), "own", "own"),
        ("kernel_gradient", (16, 64, 128), "_forward_convolution", "own"),
        ("kernel_gradient", (16, 63, 128), "own", "own"),
    ],
)
def test_the_measured_shapes_choose_the_way(operation, shape, with_avx2, without, monkeypatch):
    def own():
        pass

    for alone, expected in ((True, with_avx2), (False, without)):
        monkeypatch.setattr(strided_convolution, "_avx2_alone", lambda alone=alone: alone)
        way = strided_convolution._fastest(operation, *shape, own)
        assert way.__name__ == expected
