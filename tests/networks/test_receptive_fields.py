"""The receptive field of a network against the gradients that it really has."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from kgan.layers import CropLike, GroupedConv2D, PullPush, ReflectToMultiple
from kgan.networks import ReceptiveField, UNet, receptive_field, translators
from kgan.signature import Image, Latent, Signature

FREE = (None, None, 3)


def network(*stack, channels=3):
    x = image = keras.Input((None, None, channels))
    for layer in stack:
        x = layer(x)
    return keras.Model(image, x)


def conv(size=3, channels=2, **arguments):
    return layers.Conv2D(channels, size, **{"padding": "same"} | arguments)


class DepthToSpace(layers.Layer):
    """As in kgan.layers, where the networks of super-resolution have it from."""

    __module__ = "kgan.layers.depth_to_space"

    def __init__(self, scale):
        super().__init__()
        self.scale = scale

    def call(self, inputs):
        return tf.nn.depth_to_space(inputs, self.scale)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:1], None, None, input_shape[-1] // self.scale**2)


class BilinearUpsampling(layers.Layer):
    """As in kgan.layers, where the networks of super-resolution have it from."""

    __module__ = "kgan.layers.bilinear_upsampling"

    def __init__(self, scale):
        super().__init__()
        self.scale = scale

    def call(self, inputs):
        return tf.image.resize(inputs, self.scale * tf.shape(inputs)[1:3])

    def compute_output_shape(self, input_shape):
        return (*input_shape[:1], None, None, input_shape[-1])


class ReflectionPadding2D(layers.Layer):
    """As in kgan.layers, where the networks of CycleGAN have it from."""

    __module__ = "kgan.layers.reflection_padding2d"

    def __init__(self, padding):
        super().__init__()
        self.padding = padding

    def call(self, inputs):
        side = (self.padding, self.padding)
        return ops.pad(inputs, ((0, 0), side, side, (0, 0)), mode="reflect")

    def compute_output_shape(self, input_shape):
        return (*input_shape[:1], None, None, input_shape[-1])


def unet(depth=2, **arguments):
    arguments = {"normalization": "batch", **arguments}
    made = UNet(2, depth, **arguments).generator(Signature(Image(FREE)), Image(FREE, "target"))
    return keras.Model(made.inputs, made.layers[-1].input)  # without tanh, which saturates


def residual():
    x = image = keras.Input(FREE)
    y = conv(5)(x)
    x = layers.Add()([conv(3, strides=1, dilation_rate=2)(y), y])
    return keras.Model(image, layers.Concatenate()([x, image]) * 2.0)


def nested():
    inner = keras.Sequential([keras.Input(FREE), conv(3), layers.ReLU()])
    x = image = keras.Input(FREE)
    return keras.Model(image, conv(5)(inner(x)))


def cycle_like():
    x = image = keras.Input(FREE)
    x = ReflectToMultiple(2)(x)
    x = layers.Conv2D(2, 7)(ReflectionPadding2D(3)(x))
    x = conv(3, strides=2)(x)
    x = layers.Conv2D(2, 3)(ReflectionPadding2D(1)(x))
    x = layers.Conv2D(2, 3)(ReflectionPadding2D(1)(layers.UpSampling2D()(x)))
    return keras.Model(image, CropLike()([x, image]))


def filled():
    """Bright pixels are known."""
    image = keras.Input(FREE)
    return keras.Model(image, PullPush(2)([image, ops.cast(image[..., :1] > 0.9, "float32")]))


# Network, its radius, multiple and scale.
CASES = {
    "one pixel": (lambda: network(conv(1), layers.ReLU(), layers.Dense(3)), 0, 1, 1),
    "3x3": (lambda: network(conv(3)), 1, 1, 1),
    "4x4": (lambda: network(conv(4)), 2, 1, 1),
    "rows": (lambda: network(conv((1, 5)), conv((3, 1))), 3, 1, 1),
    "dilated": (
        lambda: network(conv(3, dilation_rate=4), layers.PReLU(shared_axes=(1, 2))),
        4,
        1,
        1,
    ),
    "depthwise": (lambda: network(layers.DepthwiseConv2D(5, padding="same")), 2, 1, 1),
    "grouped": (lambda: network(conv(1, 4), GroupedConv2D(3, 2)), 1, 1, 1),
    "residual": (residual, 4, 1, 1),
    "nested": (nested, 3, 1, 1),
    "sub-pixels": (lambda: network(conv(3), conv(3, 27), DepthToSpace(3), conv(3)), 3, 1, 3),
    "nearest": (lambda: network(conv(3), layers.UpSampling2D(2), conv(3)), 2, 1, 2),
    "bilinear": (lambda: network(layers.UpSampling2D(4, interpolation="bilinear")), 2, 1, 4),
    "bilinear of any size": (lambda: network(BilinearUpsampling(3), conv(3)), 2, 1, 3),
    "unet": (unet, 9, 4, 1),
    "transposed": (lambda: unet(upsampling="transposed"), 9, 4, 1),
    "deeper": (lambda: unet(3), 21, 8, 1),
    "pooled": (
        lambda: network(
            ReflectToMultiple(2), layers.AveragePooling2D(2), conv(3), layers.UpSampling2D(2)
        ),
        3,
        2,
        1,
    ),
    "reflected": (cycle_like, 11, 2, 1),
    "filled": (filled, 9, 4, 1),
    "padded by hand": (
        lambda: network(layers.ZeroPadding2D(2), layers.Conv2D(2, 5, activation="relu")),
        2,
        1,
        1,
    ),
}


def reached(made, scale, size):
    """The largest distance from which an input column changes an output column of that place."""
    random = np.random.RandomState(0)
    for weight in made.weights:
        weight.assign(random.uniform(0.1, 1.0, weight.shape))
    image = tf.constant(random.uniform(0.1, 1, (1, 8, size, 3)), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(image)
        columns = tf.reduce_sum(made(image), (0, 1, 3))
    gradients = np.abs(tape.jacobian(columns, image)).sum((1, 2, 4))
    places, moved = np.nonzero(gradients)
    return np.abs(moved - places // scale).max()


@pytest.mark.parametrize("case", CASES)
def test_no_gradient_comes_from_beyond_the_radius(case):
    make, radius, multiple, scale = CASES[case]
    made = make()
    found = receptive_field(made)
    assert (found.radius, found.multiple, found.scale) == (radius, multiple, scale)
    far = reached(made, scale, size=16 * max(4, -(-2 * radius // 16)))
    assert far <= radius
    assert far >= radius - 2 * multiple  # it is no loose bound


def test_the_largest_tensor_is_known():
    made = network(conv(3, 5), conv(3, 4 * 6), DepthToSpace(2), conv(3, 3))
    assert receptive_field(made).values == 24
    assert receptive_field(network(conv(3, 3), layers.UpSampling2D(4))).values == 48


@pytest.mark.parametrize("normalization", ["batch", "none"])
def test_a_latent_has_no_place(normalization):
    inputs = Signature(Image(FREE), Latent(3))
    made = UNet(2, 2, normalization=normalization).generator(inputs, Image(FREE, "target"))
    assert receptive_field(made).radius == 9


@pytest.mark.slow
@pytest.mark.parametrize("name", translators.classes)
def test_every_network_of_kgan_is_known(name):
    """Add a rule for a new layer in kgan/networks/receptive_rules.py."""
    made = translators.classes[name](width=4).generator(
        Signature(Image(FREE)), Image(FREE, "target")
    )
    found = receptive_field(made)
    assert found.radius is not None or "sees the whole image" in found.reason


def test_networks_within_networks_take_latents_too():
    inputs = Signature(Image(FREE), Latent(3))
    inner = UNet(2, 2, normalization="batch").generator(inputs, Image(FREE, "target"))
    image, latent = keras.Input(FREE), keras.Input((3,))
    whole = keras.Model([image, latent], inner({"image": conv(3, 3)(image), "latent": latent}))
    assert receptive_field(whole).radius == 10


def squeeze():
    x = image = keras.Input(FREE)
    mean = layers.GlobalAveragePooling2D(keepdims=True)(x)
    return keras.Model(image, conv(3)(x * layers.Dense(3)(mean)))


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: unet(normalization="instance"), "its InstanceNormalization sees the whole image"),
        (
            lambda: network(conv(3, 4), layers.GroupNormalization(2)),
            "its GroupNormalization sees the whole image",
        ),
        (squeeze, "its GlobalAveragePooling2D sees the whole image"),
    ],
)
def test_what_sees_the_whole_image_leaves_no_radius(make, reason):
    found = receptive_field(make())
    assert (found.radius, found.scale, found.reason) == (None, 1, reason)
    assert found.values > 0


class Blur(layers.Layer):
    def call(self, inputs):
        return inputs + ops.mean(inputs, (1, 2), keepdims=True)

    def compute_output_shape(self, input_shape):
        return input_shape


class Own(keras.Model):
    def call(self, inputs):
        return inputs


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: network(conv(3), Blur()), "nothing is known of what its Blur sees"),
        (Own, "nothing is known of the layers of its Own"),
        (
            lambda: network(conv(3, strides=2), layers.UpSampling2D(2)),
            "its Conv2D steps over sizes that need not be multiples",
        ),
        (lambda: network(layers.Softmax(axis=1)), "nothing is known of what its Softmax sees"),
        (lambda: network(layers.UpSampling2D(2, interpolation="lanczos5")), "UpSampling2D"),
        (lambda: network(layers.Resizing(8, 8)), "nothing is known of what its Resizing sees"),
        (
            lambda: keras.Sequential([keras.Input((8, 6, 3)), conv(3)]),
            "it takes images of 6x8 pixels only",
        ),
        (lambda: keras.Sequential([keras.Input((8,)), layers.Dense(2)]), "it makes no image"),
    ],
)
def test_what_is_not_known_leaves_nothing(make, reason):
    found = receptive_field(make())
    assert found.radius is None and found.scale is None and reason in found.reason


def test_fewer_pixels_than_before():
    halved = network(ReflectToMultiple(2), conv(3, strides=2))
    assert receptive_field(halved) == ReceptiveField(
        None, 2, None, 3.0, "it makes 1/2 pixels of each"
    )
