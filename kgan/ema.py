"""The averaged generator that sampling, metrics and export use."""

from __future__ import annotations

import keras


class ExponentialMovingAverage:
    """Keeps `average`'s weights at a moving average of `source`'s, batch statistics included.

    Karras et al., "Progressive Growing of GANs", 2018, arXiv:1710.10196, appendix A.1.
    """

    def __init__(self, source: keras.Model, average: keras.Model):
        self.pairs = list(zip(average.weights, source.weights, strict=True))

    def update(self, batch_size, halflife) -> None:
        """Move the average by one training step of `batch_size` images, in all replicas at once.

        `halflife` is the number of real images after which a weight counts half.
        """
        import tensorflow as tf

        batch_size = tf.cast(batch_size, tf.float32)
        # At least one image: the first step copies the source.
        decay = 0.5 ** (batch_size / tf.maximum(halflife, 1.0))

        def move(average, source, decay):
            weight = 1.0 - tf.cast(decay, average.dtype)
            average.assign_add(weight * (tf.cast(source, average.dtype) - average))

        def update_all(strategy, decay):
            for average, source in self.pairs:
                strategy.extended.update(average.value, move, args=(source.value, decay))

        tf.distribute.get_replica_context().merge_call(update_all, args=(decay,))


def untrained_copy(model: keras.Model) -> keras.Model:
    """A copy with the same weights that no optimizer trains."""
    twin = keras.models.clone_model(model)
    twin.set_weights(model.get_weights())
    twin.trainable = False
    return twin
