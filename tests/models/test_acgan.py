"""ACGAN's two losses and its logs by hand."""

import numpy as np
import pytest
import tensorflow as tf

import kgan
from kgan.models.classes import accuracy, cross_entropy

LOGITS = np.array([[2.0, 0.0, -1.0], [0.5, 0.4, 0.3], [0.0, 0.0, 3.0], [1.0, 2.0, 3.0]], "float32")


def log_softmax(logits):
    return logits - np.log(np.exp(logits).sum(-1, keepdims=True))


def test_cross_entropy_and_accuracy_leave_the_unlabelled_out():
    labels = np.array([0, -1, 1, 2], "int32")
    known = log_softmax(LOGITS)[[0, 2, 3], [0, 1, 2]]
    assert float(cross_entropy(LOGITS, labels)) == pytest.approx(-known.mean(), rel=1e-6)
    assert float(accuracy(LOGITS, labels)) == pytest.approx(2 / 3)  # the third is wrong
    none = np.full(4, -1, "int32")
    assert float(cross_entropy(LOGITS, none)) == float(accuracy(LOGITS, none)) == 0.0


def side(seed, labels):
    random = np.random.RandomState(seed)
    return {
        "label": tf.constant(labels),
        "logit": tf.constant(random.normal(size=(4, 1)), tf.float32),
        "class_logits": tf.constant(random.normal(size=(4, 3)), tf.float32),
    }


def test_losses_by_hand():
    gan = kgan.ACGAN((8, 8, 1), classes=3, latent_dim=4, width=2, class_weight=0.5, networks="mlp")
    gan.compile()
    labels = np.array([0, 2, 1, 1], "int32")
    real, fake = side(1, labels), side(2, labels)

    def entropy(of):
        return -log_softmax(of["class_logits"].numpy())[np.arange(4), labels].mean()

    source = float(gan.two_player_loss.discriminator(real["logit"], fake["logit"]))
    classes = entropy(real) + entropy(fake)
    found = float(gan.log("discriminator", gan.losses("discriminator", real, fake)))
    assert found == pytest.approx(source + 0.5 * classes, rel=1e-5)
    logged = {name: float(value) for name, value in gan._train_log.result().items()}
    logged |= {name: float(value) for name, value in gan.diagnostics(real, fake).items()}
    assert logged["source_loss"] == pytest.approx(source, rel=1e-5)
    assert logged["class_loss"] == pytest.approx(0.5 * classes, rel=1e-5)
    for name, of in (("real", real), ("fake", fake)):
        share = (of["class_logits"].numpy().argmax(-1) == labels).mean()
        assert logged[f"{name}_class_accuracy"] == pytest.approx(share)
    fooled = float(gan.two_player_loss.generator(None, fake["logit"]))
    found = float(sum(gan.losses("generator", {}, fake).values()))
    assert found == pytest.approx(fooled + 0.5 * entropy(fake), rel=1e-5)


def test_the_discriminator_takes_no_label_and_the_generator_does():
    gan = kgan.ACGAN((8, 8, 1), classes=3, latent_dim=4, width=2)
    assert list(gan.input_signature) == ["latent", "label"]
    assert list(gan.batch_signature) == ["image", "label"]
    assert set(gan.discriminator.output) == {"logit", "class_logits"}
    assert not isinstance(gan.discriminator.input, dict)
    apart = gan.generate(3, seed=0, labels=[0] * 3) - gan.generate(3, seed=0, labels=[1] * 3)
    assert np.abs(apart).max() > 1e-6


def test_bad_arguments():
    for classes in (1, 0, 2.5, None):
        with pytest.raises(ValueError, match="classes must be an integer of at least 2; received"):
            kgan.ACGAN((8, 8, 1), classes=classes)
    with pytest.raises(ValueError, match="class_weight must be a number of at least 0"):
        kgan.ACGAN((8, 8, 1), width=2, class_weight=-1)
