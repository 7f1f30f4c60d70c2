"""kgan's LeakyReLU is Keras's, and is fused into the convolution before it."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from kgan.layers import LeakyReLU

INPUTS = tf.constant(np.random.RandomState(0).normal(size=(3, 5)), tf.float32)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("slope", [0.2, 0.0])
def test_equals_keras_up_to_the_second_derivative(slope, training):
    found = []
    for layer in (LeakyReLU(slope), keras.layers.LeakyReLU(slope)):
        with tf.GradientTape() as outer:
            outer.watch(INPUTS)
            with tf.GradientTape() as inner:
                inner.watch(INPUTS)
                outputs = layer(INPUTS, training=training)
                score = tf.reduce_sum(outputs**3)
            gradient = inner.gradient(score, INPUTS)
        found.append([outputs, gradient, outer.gradient(gradient, INPUTS)])
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)


@pytest.mark.parametrize("dtype", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision(dtype):
    outputs = LeakyReLU(0.5, dtype=dtype)(INPUTS, training=True)
    assert outputs.dtype == dtype.removeprefix("mixed_")
    expected = np.where(INPUTS > 0, INPUTS, 0.5 * INPUTS)
    np.testing.assert_allclose(tf.cast(outputs, tf.float32), expected, atol=0.02)


def test_is_rebuilt_from_its_configuration():
    layer = LeakyReLU(0.3)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert type(again) is LeakyReLU
    assert again.get_config() == layer.get_config()


PROGRAM = """
import kgan, numpy as np
gan = kgan.DCGAN((16, 16, 1), latent_dim=4, width=4)
gan.compile(penalties=["r1"])  # its second derivatives, too
gan.fit(np.zeros((8, 16, 16, 1), "float32") - 1, batch_size=4, verbose=0)
"""


@pytest.mark.slow
def test_tensorflows_optimizer_has_nothing_to_report():
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "remapper" not in done.stderr
