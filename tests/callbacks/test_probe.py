import numpy as np
import pytest
import tensorflow as tf

import kgan
from kgan.callbacks import probe


@pytest.fixture(scope="module", params=[True, False], ids=["eager", "graph"])
def gan(request):
    gan = kgan.DCGAN((16, 16, 1), latent_dim=4, width=4, normalization="batch")
    gan.compile(loss="wasserstein", run_eagerly=request.param)
    return gan


@pytest.fixture(scope="module")
def probed(gan):
    return probe.Probe(gan)


def state(gan):
    return [variable.numpy() for part in gan.state().values() for variable in part]


@pytest.fixture(scope="module")
def sides(gan, images):
    rows = {"image": images}
    return rows, probe.inputs_for(gan, rows, seed=0)


def test_nothing_is_changed(gan, probed, sides):
    before = state(gan)
    probed.logits(*sides, sides[0])
    probed.gradients(*sides)
    probed.images(sides[1])
    for expected, found in zip(before, state(gan), strict=True):
        np.testing.assert_array_equal(expected, found)


def test_logits_are_those_of_the_training_pass(gan, probed, sides):
    rows, inputs = sides
    real, fake, apart = probed.logits(rows, inputs)
    twin = kgan.DCGAN.from_config(gan.get_config())
    for name, network in gan.networks_by_name.items():
        getattr(twin, name).set_weights(network.get_weights())
    # These do change the moving statistics.
    expected = twin.discriminator(rows["image"], training=True)
    np.testing.assert_allclose(real, np.ravel(expected), rtol=1e-4, atol=1e-6)
    expected = twin.discriminator(twin.generator(inputs["latent"], training=True), training=True)
    np.testing.assert_allclose(fake, np.ravel(expected), rtol=1e-3, atol=1e-5)
    assert len(apart) == 0


def test_images_are_the_averaged_generators(gan, probed, sides):
    expected = gan.generate(64, seed=0)
    np.testing.assert_allclose(probed.images(sides[1]), expected, atol=1e-6)


def test_normalisation_cannot_tell_held_out_images_from_training_ones(probed, sides, images):
    rows, inputs = sides
    real, _, apart = probed.logits(rows, inputs, {"image": images})
    np.testing.assert_allclose(real, apart, rtol=1e-4, atol=1e-6)


def test_the_gradient_is_the_generators(gan, probed, sides):
    norm, slope = probed.gradients(*sides)
    weights = gan.generator.trainable_variables
    with tf.GradientTape() as tape:
        fakes = gan.generator(sides[1]["latent"], training=True)
        loss = -tf.reduce_mean(gan.discriminator(fakes, training=True))
    gradients = tape.gradient(loss, [weight.value for weight in weights])
    values = np.concatenate([np.ravel(gradient) for gradient in gradients])
    assert norm == pytest.approx(float(np.sqrt(np.square(values).mean())), rel=1e-3)
    assert slope == pytest.approx(1.0)


def test_measuring_logs_nothing(gan, probed, sides):
    before = [variable.numpy() for variable in gan._train_log.variables]
    probed.gradients(*sides)
    probed.logits(*sides)
    for variable, value in zip(gan._train_log.variables, before, strict=True):
        np.testing.assert_array_equal(variable, value)


def test_chunks_hold_whole_packs():
    rows = {"image": np.zeros((150, 2)), "label": np.arange(150)}
    assert [len(part["image"]) for part in probe.chunks(rows)] == [64, 64, 22]
    parts = list(probe.chunks(rows, pack=5))
    assert [len(part["label"]) for part in parts] == [60, 60, 30]
    assert np.concatenate([part["label"] for part in parts]).tolist() == list(range(150))
