"""What the outputs of networks tell about their range: no proof, so no false alarms either."""

import warnings

import keras
import numpy as np
import pytest
from keras import layers, ops

import kgan
from kgan.networks import output_range
from kgan.networks.output_range import measured_problems

SHAPE = (8, 8, 1)


class Generator(keras.Model):
    """Images that end in whatever function its `call` applies."""

    def __init__(self, end, **initial):
        super().__init__()
        self.hidden = layers.Dense(32, "relu")
        self.image = layers.Dense(64, **initial)
        self.end = end
        self(np.zeros((1, 4), "float32"))

    def call(self, latents):
        return ops.reshape(self.end(self.image(self.hidden(latents))), (-1, *SHAPE))


class Discriminator(keras.Model):
    def __init__(self, end, normalized=False, **initial):
        super().__init__()
        self.hidden = layers.Dense(32, "leaky_relu")
        self.normalized = layers.LayerNormalization() if normalized else layers.Identity()
        self.logit = layers.Dense(1, **initial)
        self.end = end
        self(np.zeros((1, *SHAPE), "float32"))

    def call(self, images):
        hidden = self.normalized(self.hidden(ops.reshape(images, (-1, 64))))
        return self.end(self.logit(hidden))


def linear(x):
    return x


def good_generator():
    return keras.Sequential([keras.Input((4,)), layers.Dense(64, "tanh"), layers.Reshape(SHAPE)])


def good_discriminator():
    return keras.Sequential([keras.Input(SHAPE), layers.Flatten(), layers.Dense(1)])


def made(generator=None, discriminator=None):
    pair = generator or good_generator(), discriminator or good_discriminator()
    return kgan.GAN(*pair, ema_halflife_images=None)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("end", "message"),
    [
        (lambda x: 127.5 + 127.5 * ops.tanh(x), "generator makes values from .* to .*lie in"),
        (lambda x: 3.0 * x, "generator makes values from -.* to .*Use activation=.tanh"),
        (ops.sigmoid, "generator never goes below 0"),
        (lambda x: ops.minimum(ops.relu(x), 1.0), "generator never goes below 0"),
    ],
)
def test_a_generator_of_another_range_warns(end, message, seed):
    keras.utils.set_random_seed(seed)
    with pytest.warns(UserWarning, match=message) as seen:
        made(generator=Generator(end))
    assert [warning.filename for warning in seen] == [__file__]


def test_a_generator_with_a_linear_end_warns():
    keras.utils.set_random_seed(0)
    dense = layers.Dense(64, kernel_initializer=keras.initializers.RandomNormal(stddev=1.0))
    with pytest.warns(UserWarning, match="generator makes values from"):
        made(generator=keras.Sequential([keras.Input((4,)), dense, layers.Reshape(SHAPE)]))


def test_points_may_lie_anywhere():
    latents = keras.Input((4,))
    points = layers.Reshape((1, 1, 2))(layers.Rescaling(100.0)(layers.Dense(2)(latents)))
    assert measured_problems(keras.Model(latents, points), good_discriminator()) == []


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("end", "lowest"), [(ops.sigmoid, 0), (ops.tanh, -1)])
def test_a_discriminator_of_bounded_outputs_warns(end, lowest, seed):
    keras.utils.set_random_seed(seed)
    with pytest.warns(UserWarning, match=rf"gives nothing outside of \[{lowest}, 1\]") as seen:
        made(discriminator=Discriminator(end))
    assert [warning.filename for warning in seen] == [__file__]


@pytest.mark.parametrize("seed", range(25))
def test_no_false_alarm(seed):
    keras.utils.set_random_seed(seed)
    generators = [
        Generator(ops.tanh),
        Generator(linear, kernel_initializer="zeros"),
        Generator(ops.sigmoid, kernel_initializer="zeros"),
        Generator(lambda x: 2 * ops.sigmoid(x) - 1),
    ]
    discriminators = [
        Discriminator(linear),
        Discriminator(linear, normalized=True),
        Discriminator(linear, kernel_initializer="zeros"),
        Discriminator(linear, kernel_initializer="zeros", bias_initializer="ones"),
        Discriminator(lambda x: ops.relu(x)),
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        for generator in generators:
            made(generator=generator)
        for discriminator in discriminators:
            made(discriminator=discriminator)


def test_a_network_that_fails_on_random_inputs_gets_no_message():
    def fails(x):
        if x.shape[0] not in (None, 1):
            raise RuntimeError("one image at a time")
        return x

    gan = made(discriminator=Discriminator(fails))
    assert measured_problems(gan.generator, gan.discriminator) == []


@pytest.mark.slow
@pytest.mark.parametrize("networks", ["dcgan", "resnet", "r3gan", "mlp"])
def test_packaged_networks_do_not_run(networks, monkeypatch):
    monkeypatch.setattr(output_range, "_outputs", None)
    shared = {"latent_dim": 4, "width": 4, "networks": networks}
    kgan.DCGAN(SHAPE, **shared)
    kgan.ConditionalGAN(SHAPE, classes=3, conditioning="projection", **shared)
    kgan.ACGAN(SHAPE, classes=3, **shared)
    kgan.PacGAN(SHAPE, pack=2, **shared)
    kgan.InfoGAN(SHAPE, categorical=(3,), **shared)
    kgan.SemiSupervisedGAN(SHAPE, classes=3, **shared)
    kgan.BiGAN(SHAPE, **shared)
