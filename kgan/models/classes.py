"""What models with classes compute of the discriminator's class logits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from kgan.models.entry_point import EntryPoint
from kgan.signature import Signature, Vector

if TYPE_CHECKING:
    import keras

    from kgan.models.gan import GAN

CLASS_LOGITS = "class_logits"


def cross_entropy(class_logits, labels):
    """Mean cross-entropy of logits `(batch, classes)` with labels `(batch,)`, except those below 0.

    0 where no image has a label.
    """
    known = tf.cast(labels >= 0, tf.float32)
    each = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.maximum(labels, 0), class_logits)
    return tf.math.divide_no_nan(tf.reduce_sum(known * each), tf.reduce_sum(known))


def accuracy(class_logits, labels):
    """The share of labels, without those below 0, that have the largest logit."""
    known = tf.cast(labels >= 0, tf.float32)
    right = tf.cast(tf.argmax(class_logits, -1, tf.int32) == labels, tf.float32)
    return tf.math.divide_no_nan(tf.reduce_sum(known * right), tf.reduce_sum(known))


def classifier(gan: GAN, discriminator: keras.Model) -> EntryPoint:
    """The entry point `classify`: from images to `class_logits`, by this discriminator."""

    def classify(network, batch):
        outputs = network(batch[gan.output_name], training=False)
        outputs = outputs if isinstance(outputs, dict) else {CLASS_LOGITS: outputs}
        return {CLASS_LOGITS: tf.cast(outputs[CLASS_LOGITS], tf.float32)}

    logits = Vector(gan.classes or 0, CLASS_LOGITS)
    return EntryPoint("classify", discriminator, classify, gan.output_signature, Signature(logits))


def most_likely(gan: GAN, images, batch_size: int) -> np.ndarray:
    """The classes with the largest logits by the entry point `classify`: int32 `(n,)`."""
    classify = gan.entry_points()["classify"]
    logits = gan._batches(images, lambda image: classify({gan.output_name: image}), batch_size)
    return logits[CLASS_LOGITS].argmax(-1).astype(np.int32)
