"""What models with classes compute of the discriminator's class logits."""

from __future__ import annotations

import tensorflow as tf


def cross_entropy(class_logits, labels):
    """Mean cross-entropy of logits `(batch, classes)` with labels `(batch,)`; those below 0 apart.

    0 where no image has a label.
    """
    known = tf.cast(labels >= 0, tf.float32)
    each = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.maximum(labels, 0), class_logits)
    return tf.math.divide_no_nan(tf.reduce_sum(known * each), tf.reduce_sum(known))


def accuracy(class_logits, labels):
    """The share of labels, those below 0 apart, that have the largest logit."""
    known = tf.cast(labels >= 0, tf.float32)
    right = tf.cast(tf.argmax(class_logits, -1, tf.int32) == labels, tf.float32)
    return tf.math.divide_no_nan(tf.reduce_sum(known * right), tf.reduce_sum(known))
