"""The classification accuracy score: what a classifier learns from generated images alone.

Ravuri & Vinyals, "Classification Accuracy Score for Conditional Generative Models", 2019,
arXiv:1905.10887: a conditional generator that has the classes' distributions teaches as much as the
real images would. Compare the score with the one that real training images give.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kgan.checks import check_integer
from kgan.errors import UsageError
from kgan.validate import check_images, check_labels

BATCH = 128  # images per step of the classifier
WIDTH, FEATURE_DIM = 24, 96  # those of the packaged judge
_RATE = 3e-3


def classification_accuracy_score(
    train_images: Any,
    train_labels: Any,
    test_images: Any,
    test_labels: Any,
    epochs: int = 4,
    seed: int = 0,
) -> float:
    """The test accuracy of a classifier that is trained on the other images, 0 to 1.

    The classifier is `kgan.networks.classifier` with the sizes of the packaged judge, trained by
    Adam with a rate that falls by a cosine. The same seed gives the same score on one machine.

    Args:
        train_images: generated images, float32 `(n, size, size, channels)` in [-1, 1]; 4 divides
            the size, 8 to 256.
        train_labels: the classes they were asked for, integers `(n,)`.
        test_images: real images `(m, size, size, channels)`, none that the generator learned
            from if the score is to be the paper's.
        test_labels: their classes, integers `(m,)`.
        epochs: times that the classifier sees the training images.
        seed: of its weights and of the order.

    Raises:
        UsageError: invalid images or labels, different shapes, fewer than 128 training
            images, or fewer than two classes.
    """
    from kgan.networks.shape import check_image_shape

    train_images = check_images(train_images, argument="train_images")
    check_image_shape(train_images.shape[1:])
    test_images = check_images(test_images, train_images.shape[1:], "test_images")
    train_labels = check_labels(train_labels, len(train_images), argument="train_labels")
    test_labels = check_labels(test_labels, len(test_images), argument="test_labels")
    epochs = check_integer("epochs", epochs, 1)
    seed = check_integer("seed", seed, 0, 2**31 - 1)
    classes = int(max(train_labels.max(), test_labels.max())) + 1
    if len(train_images) < BATCH:
        raise UsageError(
            f"train_images must be at least {BATCH} images; received {len(train_images)}. "
            "Generate more.",
            "train_images",
        )
    if classes < 2:
        raise UsageError(
            "train_labels and test_labels must be of 2 classes or more; received class 0 alone.",
            "train_labels",
        )
    steps = len(train_images) // BATCH
    learner = Learner(train_images.shape[1:], classes, steps * epochs, seed)
    order = np.random.default_rng(seed)
    for _ in range(epochs):
        shuffled = order.permutation(len(train_images))[: steps * BATCH]
        for chosen in shuffled.reshape(steps, BATCH):
            learner.learn(train_images[chosen], train_labels[chosen])
    return float((learner.classify(test_images) == test_labels).mean())


class Learner:
    """The classifier of the classification accuracy score, trained on one batch at a time.

    Args:
        image_shape: `(height, width, channels)` of the images.
        classes: the number of classes that it predicts.
        steps: the number of training batches; the learning rate falls over them.
        seed: of its weights.

    Example:
        >>> learner = kgan.metrics.classification.Learner((28, 28, 1), 10, steps=100, seed=0)
        >>> learner.learn(fake, fake_labels)
        >>> accuracy = np.mean(learner.classify(real) == real_labels)
    """

    def __init__(self, image_shape: tuple[int, int, int], classes: int, steps: int, seed: int):
        import keras

        from kgan.networks.classifier import classifier

        self.image_shape = image_shape
        self._model = classifier(image_shape, classes, WIDTH, FEATURE_DIM, seed=seed)
        self._model.compile(
            keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(_RATE, steps)),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            jit_compile=False,
        )

    def learn(self, images: np.ndarray, labels: np.ndarray) -> None:
        """Take a step on images `(n, *image_shape)` and their classes `(n,)`."""
        self._model.train_on_batch(images, labels)

    def classify(self, images: np.ndarray) -> np.ndarray:
        """The likeliest class, `(n,)`, of images `(n, *image_shape)`."""
        from kgan.batches import in_batches

        logits = in_batches(lambda batch: self._model(batch, training=False), images, 500)
        return logits.argmax(1)
