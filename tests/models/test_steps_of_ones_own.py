"""Steps that users write, in whatever place: counted once each, followed by the average."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import kgan
from kgan.errors import UsageError


def networks():
    generator = keras.Sequential(
        [keras.Input((8,)), layers.Dense(256, "tanh"), layers.Reshape((16, 16, 1))]
    )
    discriminator = keras.Sequential([keras.Input((16, 16, 1)), layers.Flatten(), layers.Dense(1)])
    return generator, discriminator


def compiled(kind=kgan.GAN):
    gan = kind(*networks())
    gan.compile(run_eagerly=True)
    return gan


def assert_followed(gan, before, steps):
    moved = [
        np.abs(old - new).max()
        for old, new in zip(before, gan.averaged_generator.get_weights(), strict=True)
    ]
    assert max(moved) > 0 and int(gan.training_seeds.step) == steps


class Taught:
    """A mixin with a step as keras.io teaches it."""

    def train_step(self, images):
        latents = keras.random.normal((16, 8), seed=self.training_seeds)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.nn.softplus(-self.discriminator(self.generator(latents))))
        weights = self.generator.trainable_weights
        self.generator_optimizer.apply(tape.gradient(loss, weights), weights)
        return {"g_loss": loss}


class OfMixin(Taught, kgan.GAN):
    pass


@pytest.mark.parametrize("place", ["mixin", "object"])
def test_the_average_follows_a_step_wherever_it_is_written(images, place):
    gan = compiled(OfMixin if place == "mixin" else kgan.GAN)
    if place == "object":
        gan.train_step = lambda data: Taught.train_step(gan, data)
    before = gan.averaged_generator.get_weights()
    gan.fit(images, batch_size=16, verbose=0)
    assert_followed(gan, before, steps=4)


def test_a_loop_of_ones_own_from_public_parts(images):
    gan = compiled()
    before, latents = gan.averaged_generator.get_weights(), []
    for _ in range(3):
        with gan.tape("generator") as tape:
            real, fake = gan.examples({"image": tf.constant(images[:16])})
            with tape.stop_recording():
                gan.update_discriminator(real, fake)
            gan.update_generator(tape, real, fake)
        gan.end_step(real)
        latents.append(fake["latent"].numpy())
    assert_followed(gan, before, steps=3)
    assert not np.array_equal(latents[0], latents[1])


def test_a_step_that_trains_another_model(images):
    inner = compiled()

    class Host(kgan.GAN):
        def train_step(self, data):
            inner.train_step(data)
            return super().train_step(data)

    host = compiled(Host)
    before = host.averaged_generator.get_weights()
    host.fit(images, batch_size=16, verbose=0)
    assert_followed(host, before, steps=4)
    assert int(inner.training_seeds.step) == 4


def test_each_loss_has_its_own_name(images):
    class Shared(kgan.GAN):
        def losses(self, player, real, fake):
            return super().losses(player, real, fake) | {"distance": 0.0}

    with pytest.raises(UsageError, match="both discriminator and generator have 'distance'"):
        compiled(Shared).fit(images, batch_size=16, verbose=0)

    class Bare(kgan.GAN):
        def losses(self, player, real, fake):
            return tf.constant(1.0)

    with pytest.raises(UsageError, match=r"losses\(\) must return a dict of scalars by name"):
        compiled(Bare).fit(images, batch_size=16, verbose=0)

    class Nothing(kgan.GAN):
        def losses(self, player, real, fake):
            return {}

    with pytest.raises(UsageError, match="received an empty dict. Return at least one for the dis"):
        compiled(Nothing).fit(images, batch_size=16, verbose=0)


@pytest.mark.parametrize("eager", [True, False])
@pytest.mark.parametrize(("results", "words"), [(None, "NoneType"), ({}, "an empty dict")])
def test_a_step_that_returns_nothing_is_refused(images, results, words, eager):
    class Silent(kgan.GAN):
        def train_step(self, data):
            super().train_step(data)
            return results

    gan = Silent(*networks())
    gan.compile(run_eagerly=eager)
    message = rf"^train_step\(\) must return a dict of scalars by name.* received {words}\. .*$"
    with pytest.raises(UsageError, match=message):
        gan.fit(images, batch_size=16, verbose=0)


@pytest.mark.parametrize("further", [False, True])
def test_a_loss_of_ones_own_that_is_no_number_ends_the_run(images, further):
    class Broken(kgan.GAN):
        def train_step(self, data):
            logs = super().train_step(data) if further else {}
            return {**logs, "energy": tf.constant(float("nan"))}

    stop = kgan.callbacks.StopOnNaN()
    words = r"energy became nan in epoch 1, step 1: check how train_step\(\) computes it"
    with pytest.raises(FloatingPointError, match=words):
        compiled(Broken).fit(images, batch_size=16, verbose=0, callbacks=[stop])
    health = kgan.callbacks.Health()
    compiled(Broken).fit(images, batch_size=16, verbose=0, callbacks=[health])
    assert [one.failure_mode for one in health.findings] == ["nan"]


def test_a_metric_that_is_no_number_does_not_end_the_run(images):
    gan = kgan.GAN(*networks())
    gan.compile(metrics=[keras.metrics.MeanMetricWrapper(lambda true, pred: true / 0.0, "odd")])
    history = gan.fit(images, batch_size=16, verbose=0, callbacks=[kgan.callbacks.StopOnNaN()])
    assert not np.isfinite(history.history["odd"]).all()
