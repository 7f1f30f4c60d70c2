import numpy as np
import tensorflow as tf

from kgan.layers import ClipImages

WIDE = np.float32([[-1.5, -1.0, 0.25, 3.0]])


def test_inference_clips_and_training_does_not():
    layer = ClipImages()
    np.testing.assert_array_equal(layer(WIDE), [[-1, -1, 0.25, 1]])
    np.testing.assert_array_equal(layer(WIDE, training=False), [[-1, -1, 0.25, 1]])
    np.testing.assert_array_equal(layer(WIDE, training=True), WIDE)
    images = tf.Variable(WIDE)
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(layer(images, training=True))
    np.testing.assert_array_equal(tape.gradient(total, images), np.ones_like(WIDE))
