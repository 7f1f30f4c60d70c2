"""ConditionalGAN: the formulas of each way in, and a tiny run that learns what is asked."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import kgan
from kgan.layers import ConditionalBatchNormalization, SpectralNormalization

SIZES = {"image_shape": (8, 8, 1), "latent_dim": 4, "width": 2}
IMAGES = np.random.RandomState(0).uniform(-1, 1, (6, 8, 8, 1)).astype("float32")
PLAYERS = ("generator", "discriminator")
LABELS = np.array([0, 1, 2, 0, 1, 2], "int32")


def logits(gan, labels):
    return np.asarray(gan.discriminator({"image": IMAGES, "label": labels}))[:, 0]


@pytest.mark.parametrize("networks", ["dcgan", "resnet", "mlp", "r3gan"])
def test_two_labels_logits_differ_by_embeddings_times_features(networks):
    """Equation 4 of Miyato & Koyama: the class enters by an inner product alone."""
    gan = kgan.ConditionalGAN(
        classes=3, conditioning="projection", networks=networks, normalization="none", **SIZES
    )
    network = gan.discriminator
    embedding = network.get_layer("embedding").kernel.numpy()  # (classes, features)
    features = keras.Model(network.input, network.get_layer("logit").input)
    seen = np.asarray(features({"image": IMAGES, "label": LABELS}))
    for first, second in ((0, 1), (1, 2)):
        apart = logits(gan, np.full(6, first)) - logits(gan, np.full(6, second))
        expected = seen @ (embedding[first] - embedding[second])
        np.testing.assert_allclose(apart, expected, rtol=1e-3, atol=1e-6)
        assert np.abs(apart).max() > 1e-4


def test_projection_brings_the_papers_parts():
    gan = kgan.ConditionalGAN(classes=3, conditioning="projection", **SIZES)
    assert gan.networks.normalization == "spectral"
    kinds = [type(layer) for layer in gan.discriminator.layers]
    assert SpectralNormalization in kinds
    assert isinstance(gan.discriminator.get_layer("embedding"), SpectralNormalization)
    layers = [type(layer) for layer in gan.generator.layers]
    assert ConditionalBatchNormalization in layers
    gan.compile()
    assert type(gan.two_player_loss) is kgan.losses.Hinge and gan.discriminator_steps == 5
    for optimizer in (gan.generator_optimizer, gan.discriminator_optimizer):
        found = (float(optimizer.learning_rate), optimizer.beta_1, optimizer.beta_2)
        assert found == pytest.approx((2e-4, 0.0, 0.9))
    other = kgan.ConditionalGAN(classes=3, **SIZES)
    assert other.networks.normalization in (None, "batch")
    other.compile()
    assert type(other.two_player_loss) is kgan.losses.NonSaturating


def test_a_class_scales_and_shifts_the_normalised_images():
    gan = kgan.ConditionalGAN(classes=3, conditioning="projection", **SIZES)
    made = gan.generate(2, seed=0, labels=[0, 0])
    np.testing.assert_array_equal(made, gan.generate(2, seed=0, labels=[1, 1]))  # starts at 1 and 0
    layer = next(
        layer
        for layer in gan.averaged_generator.layers
        if isinstance(layer, ConditionalBatchNormalization)
    )
    shift = layer.shift.numpy()
    shift[1] += 1.0
    layer.shift.assign(shift)
    np.testing.assert_array_equal(made, gan.generate(2, seed=0, labels=[0, 0]))
    assert np.abs(made - gan.generate(2, seed=0, labels=[1, 1])).max() > 1e-6


def test_a_concatenated_label_changes_image_and_logit():
    gan = kgan.ConditionalGAN(classes=3, **SIZES)
    first, second = (gan.generate(4, seed=0, labels=[k] * 4) for k in (0, 1))
    assert np.abs(first - second).max() > 1e-5
    assert np.abs(logits(gan, np.full(6, 0)) - logits(gan, np.full(6, 1))).max() > 1e-6


@pytest.mark.parametrize("conditioning", ["concatenation", "projection"])
def test_both_sides_are_judged_with_the_batchs_labels(conditioning):
    gan = kgan.ConditionalGAN(classes=3, conditioning=conditioning, networks="mlp", **SIZES)
    gan.compile(run_eagerly=True, discriminator_steps=1)
    seen = []
    plain = gan.discriminate

    def spy(side, training):
        seen.append(np.asarray(side["label"]))
        return plain(side, training)

    gan.discriminate = spy
    gan.fit((IMAGES, LABELS), batch_size=6, verbose=0)
    ((_, labels),) = kgan.data.load((IMAGES, LABELS), batch_size=6, seed=0, labels=True)
    assert len(seen) == 3  # real and fake for the discriminator, fake for the generator
    for found in seen:
        np.testing.assert_array_equal(found, labels)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "conditioning"), [("label", "concatenation"), ("condition", "projection")]
)
def test_learns_the_mean_of_each_condition(kind, conditioning):
    """Images of one grey, which the class or the first number of the vector says."""
    random = np.random.RandomState(0)
    labels = random.randint(3, size=96).astype("int32")
    greys = np.array([-0.7, 0.0, 0.7], "float32")
    images = np.broadcast_to(greys[labels][:, None, None, None], (96, 8, 8, 1))
    images = np.clip(images + random.normal(0, 0.02, images.shape), -1, 1).astype("float32")
    vectors = np.stack([greys[labels], random.normal(size=96)], 1).astype("float32")
    count = {"label": {"classes": 3}, "condition": {"condition_dim": 2}}[kind]
    gan = kgan.ConditionalGAN(
        (8, 8, 1),
        latent_dim=4,
        width=16,
        conditioning=conditioning,
        networks="mlp",
        ema_halflife_images=4000.0,
        **count,
    )
    adam = {f"{player}_optimizer": keras.optimizers.Adam(1e-3, 0.5) for player in PLAYERS}
    gan.compile("hinge", penalties=[kgan.penalties.R1(3.0)], discriminator_steps=1, **adam)
    gan.fit((images, labels if kind == "label" else vectors), batch_size=32, epochs=400, verbose=0)
    for number, grey in enumerate(greys):
        asked = {"labels": [number] * 30}
        if kind == "condition":
            asked = {"conditions": np.stack([np.full(30, grey), random.normal(size=30)], 1)}
        assert gan.generate(seed=1, **asked).mean() == pytest.approx(grey, abs=0.25)


def test_a_vector_goes_the_same_ways():
    for conditioning in ("concatenation", "projection"):
        gan = kgan.ConditionalGAN(condition_dim=2, conditioning=conditioning, **SIZES)
        assert list(gan.batch_signature) == ["image", "condition"]
        assert list(gan.input_signature) == ["latent", "condition"]
        vectors = np.random.RandomState(0).normal(size=(6, 2)).astype("float32")
        one, other = (
            np.asarray(gan.discriminator({"image": IMAGES, "condition": side}))
            for side in (vectors, -vectors)
        )
        assert np.abs(one - other).max() > 1e-6


def test_generate_counts_what_is_asked():
    gan = kgan.ConditionalGAN(classes=3, networks="mlp", **SIZES)
    in_turn = gan.generate(5, seed=2)
    for labels in ([0, 1, 2, 0, 1], np.array([0, 1, 2, 0, 1]), np.array([0, 1, 2, 0, 1], "uint8")):
        np.testing.assert_array_equal(gan.generate(seed=2, labels=labels), in_turn)
    pieces = gan.generate(seed=2, labels=[0, 1, 2, 0, 1], batch_size=2)
    np.testing.assert_allclose(pieces, in_turn, atol=1e-6)
    vector = kgan.ConditionalGAN(condition_dim=2, networks="mlp", **SIZES)
    assert vector.generate(conditions=np.zeros((3, 2))).shape == (3, 8, 8, 1)


def test_penalties_keep_the_condition():
    """R1 of a projection discriminator by hand, each image with its own label."""
    gan = kgan.ConditionalGAN(
        classes=3, conditioning="projection", normalization="none", networks="mlp", **SIZES
    )
    still = {f"{player}_optimizer": keras.optimizers.SGD(0.0) for player in PLAYERS}
    gan.compile(
        penalties=[kgan.penalties.R1(2.0)], discriminator_steps=1, run_eagerly=True, **still
    )
    expected = []
    for labels in (LABELS, 2 - LABELS):
        images = tf.constant(IMAGES)
        with tf.GradientTape() as tape:
            tape.watch(images)
            judged = gan.discriminator({"image": images, "label": tf.constant(labels)})
        expected.append((tape.gradient(judged, images).numpy() ** 2).sum((1, 2, 3)).mean())
    found = gan.fit((IMAGES, LABELS), batch_size=6, verbose=0).history["r1"][0]
    assert found == pytest.approx(expected[0], rel=1e-4)
    assert abs(expected[0] / expected[1] - 1) > 0.01
