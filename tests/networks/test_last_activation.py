"""Which activation a network ends in, and the warnings about it."""

import warnings

import keras
import pytest
from keras import layers

import kgan
from kgan.networks.last_activation import last_activation


def ends(*tail):
    return keras.Sequential([keras.Input((4,)), layers.Dense(16), *tail])


@pytest.mark.parametrize(
    ("network", "name"),
    [
        (lambda: ends(), "linear"),
        (lambda: ends(layers.Dense(4, "sigmoid")), "sigmoid"),
        (lambda: ends(layers.Activation("tanh"), layers.Reshape((4, 4, 1))), "tanh"),
        (lambda: ends(layers.ReLU(), layers.Flatten(), layers.Identity()), "relu"),
        (lambda: ends(layers.Dense(16, "sigmoid"), layers.Rescaling(2, -1)), None),
        (lambda: ends(keras.Sequential([keras.Input((16,)), layers.Softmax()])), "softmax"),
        (lambda: keras.Model(x := keras.Input((4,)), keras.ops.sigmoid(x)), "sigmoid"),
    ],
)
def test_the_last_activation(network, name):
    assert last_activation(network()) == name


def gan(generator_end, discriminator_end):
    generator = ends(layers.Dense(16, generator_end), layers.Reshape((4, 4, 1)))
    discriminator = keras.Sequential(
        [keras.Input((4, 4, 1)), layers.Flatten(), layers.Dense(1, discriminator_end)]
    )
    return kgan.GAN(generator, discriminator)


@pytest.mark.parametrize(
    ("ends", "message"),
    [
        (("tanh", "sigmoid"), "discriminator ends in a sigmoid, but .* Take the last activation"),
        (("sigmoid", None), 'generator ends in a sigmoid, .* Use activation="tanh"'),
        (("relu", None), "generator ends in a relu, which never goes below 0"),
    ],
)
def test_a_range_that_does_not_fit_warns_at_once(ends, message):
    with pytest.warns(UserWarning, match=message) as seen:
        gan(*ends)
    assert [warning.filename for warning in seen] == [__file__]


def test_networks_that_fit_do_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gan("tanh", None)
        gan("tanh", "linear")
        for name in ("dcgan", "resnet", "mlp"):
            kgan.DCGAN((8, 8, 1), latent_dim=4, width=4, networks=name)
        kgan.R3GAN((8, 8, 1), latent_dim=4, width=4)
