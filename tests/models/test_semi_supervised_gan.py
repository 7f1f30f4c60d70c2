"""SemiSupervisedGAN: K+1 classes in K logits, and losses on labelled and unlabelled images."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import kgan
from kgan.models.classes import cross_entropy

SIZES = {"image_shape": (8, 8, 1), "classes": 3, "latent_dim": 4, "width": 4, "networks": "mlp"}
RANDOM = np.random.RandomState(0)
IMAGES = RANDOM.uniform(-1, 1, (8, 8, 8, 1)).astype("float32")


@pytest.fixture
def gan():
    gan = kgan.SemiSupervisedGAN(**SIZES)
    gan.compile(run_eagerly=True)
    return gan


def side(labels, features=None):
    logits = RANDOM.normal(size=(len(labels), 3)).astype("float32")
    judged = {"class_logits": tf.constant(logits), "label": tf.constant(labels, tf.int32)}
    judged["logit"] = tf.reduce_logsumexp(judged["class_logits"], -1, keepdims=True)
    return judged | ({} if features is None else {"features": tf.constant(features)})


def test_the_logit_is_that_of_a_softmax_over_one_more_class_with_logit_zero(gan):
    judged = gan.discriminate({"image": tf.constant(IMAGES)}, training=True)
    logits = np.concatenate([judged["class_logits"], np.zeros((8, 1))], 1).astype("float64")
    shares = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    real = 1 - shares[:, 3:]
    np.testing.assert_allclose(keras.ops.sigmoid(judged["logit"]), real, rtol=1e-5)
    # So that the two-player loss is the paper's: -log(1 - p(K+1)) on reals, -log p(K+1) on fakes.
    loss = float(gan.two_player_loss.discriminator(judged["logit"], judged["logit"]))
    assert loss == pytest.approx(-np.log(real).mean() - np.log(1 - real).mean(), rel=1e-5)


def test_the_discriminators_loss_by_hand(gan):
    labels = [1, -1, 0, -1, -1, 2, -1]
    real, fake = side(labels), side([0] * 7)
    logits = real["class_logits"].numpy()
    known = [0, 2, 5]
    log_shares = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    classes = -log_shares[known, [1, 0, 2]].mean()
    # The four unlabelled in turn, as many as the side has.
    unlabelled = real["logit"].numpy()[[1, 3, 4, 6, 1, 3, 4]]
    source = float(gan.two_player_loss.discriminator(unlabelled, fake["logit"]))
    found = float(gan.log("discriminator", gan.losses("discriminator", real, fake)))
    assert found == pytest.approx(source + classes, rel=1e-5)
    logged = {name: float(value) for name, value in gan._train_log.result().items()}
    assert logged["class_loss"] == pytest.approx(classes, rel=1e-5)
    share = (logits[known].argmax(-1) == [1, 0, 2]).mean()
    value, weight = gan.diagnostics(real, fake)["class_accuracy"]
    assert (float(value), float(weight)) == (pytest.approx(share), 3)


@pytest.mark.parametrize("labels", [[0, 1, 2, 0], [-1, -1, -1, -1]])
def test_all_count_where_all_are_alike(gan, labels):
    real, fake = side(labels), side(labels)
    labels = np.array(labels, "int32")
    source = float(gan.two_player_loss.discriminator(real["logit"], fake["logit"]))
    found = float(gan.log("discriminator", gan.losses("discriminator", real, fake)))
    if labels[0] < 0:
        assert found == pytest.approx(source, rel=1e-6)
    else:
        classes = float(cross_entropy(real["class_logits"], labels))
        assert found == pytest.approx(source + classes, rel=1e-5)


def test_the_generator_matches_mean_features(gan):
    real = side([-1, 0, -1, -1], RANDOM.normal(size=(4, 5)).astype("float32"))
    fake = side([0] * 4, RANDOM.normal(size=(4, 5)).astype("float32"))
    mean = real["features"].numpy()[[0, 2, 3, 0]].mean(0)
    expected = ((mean - fake["features"].numpy().mean(0)) ** 2).mean()
    assert float(gan.losses("generator", real, fake)["generator_loss"]) == pytest.approx(
        expected, rel=1e-5
    )
    assert float(gan.losses("generator", real, real)["generator_loss"]) < expected


def test_the_logs_weigh_batches_by_their_labelled_images(gan):
    """One batch of four holds all the labels: the other three say nothing of the classes."""
    labels = np.full(8, -1, "int32")
    labels[2:4] = [1, 2]
    still = {
        f"{player}_optimizer": keras.optimizers.SGD(0.0)
        for player in ("generator", "discriminator")
    }
    gan.compile(run_eagerly=True, **still)
    batches = tf.data.Dataset.from_tensor_slices((IMAGES, labels)).batch(2, True)
    logs = gan.fit(batches, verbose=0).history
    logits = np.asarray(gan.discriminator(IMAGES[2:4])["class_logits"])
    expected = -(logits - np.log(np.exp(logits).sum(-1, keepdims=True)))[[0, 1], [1, 2]].mean()
    assert logs["class_loss"][0] == pytest.approx(expected, rel=1e-4)
    assert logs["class_accuracy"][0] == pytest.approx((logits.argmax(-1) == [1, 2]).mean())
    assert gan.evaluate(batches, verbose=0)["class_loss"] == pytest.approx(expected, rel=1e-4)


def test_features_are_what_the_last_layer_sees(gan):
    judged = gan.discriminate({"image": tf.constant(IMAGES)}, training=False)
    layer = gan.discriminator.get_layer("class_logits")
    np.testing.assert_allclose(layer(judged["features"]), judged["class_logits"], atol=1e-5)


def test_classify_asks_the_averaged_discriminator(gan):
    gan.discriminator.set_weights([0 * weight for weight in gan.discriminator.get_weights()])
    found = gan.classify(IMAGES, batch_size=3)
    logits = np.asarray(gan.averaged_discriminator(IMAGES)["class_logits"])
    assert found.dtype == np.int32
    np.testing.assert_array_equal(found, logits.argmax(-1))
    assert len(set(found.tolist())) > 1


@pytest.mark.slow
def test_learns_the_classes_from_a_few_labels():
    """Three greys, one labelled image of each."""
    greys, truth = np.array([-0.6, 0.0, 0.6], "float32"), np.arange(96) % 3
    images = greys[truth][:, None, None, None] + RANDOM.normal(0, 0.1, (96, 8, 8, 1))
    images = np.clip(images, -1, 1).astype("float32")
    labels = np.where(np.arange(96) < 3, truth, -1).astype("int32")
    gan = kgan.SemiSupervisedGAN(**{**SIZES, "width": 16, "seed": 1})
    gan.compile(discriminator_optimizer=keras.optimizers.Adam(2e-3, 0.5))
    gan.fit((images, labels), batch_size=32, epochs=40, verbose=0)
    assert (gan.classify(images) == truth).mean() > 0.9


def test_bad_input(gan):
    with pytest.raises(
        ValueError, match=r"labels must be 0 to .*, or -1 for an image.* from -2 to"
    ):
        gan.fit((IMAGES, np.arange(8) % 3 - 2), batch_size=4)
    with pytest.raises(ValueError, match=r"labels must be .* from 1 to 3\. Build the model with"):
        gan.fit((IMAGES, np.arange(8) % 3 + 1), batch_size=4)
    with pytest.raises(ValueError, match="classes must be an integer of at least 2; received 1"):
        kgan.SemiSupervisedGAN(**{**SIZES, "classes": 1})
    for images in (IMAGES[:, :4], IMAGES[..., 0], IMAGES.repeat(2, -1)):
        with pytest.raises(ValueError, match=r"images must have (the shape|rank)"):
            gan.classify(images)
    with pytest.raises(ValueError, match="batch_size must be an integer of at least 1"):
        gan.classify(IMAGES, batch_size=0)
    with pytest.raises(ValueError, match="labels must be None, since SemiSupervisedGAN takes"):
        gan.generate(3, labels=[0, 1, 2])
