"""JPEG's colours by Pillow, and luminance that stays whatever the chroma."""

import keras
import numpy as np
import tensorflow as tf
from PIL import Image

from kgan.layers import ChromaToRGB
from kgan.luminance import luminance

RANDOM = np.random.RandomState(0)
COLORS = RANDOM.uniform(-1, 1, (4, 6, 5, 3)).astype("float32")


def ycbcr(images):
    """Luminance and chroma of RGB images, float64, by the formulas of ITU-T T.871."""
    red, green, blue = np.moveaxis(np.float64(images), -1, 0)
    grey = 0.299 * red + 0.587 * green + 0.114 * blue
    chroma = np.stack([(blue - grey) / 1.772, (red - grey) / 1.402], -1)
    return grey[..., None], chroma


def test_colours_come_back():
    grey, chroma = ycbcr(COLORS)
    for training in (False, True):
        made = ChromaToRGB()([grey, chroma], training=training)
        np.testing.assert_allclose(made, COLORS, atol=1e-6)


def test_pillow_has_these_colours():
    """Both round: to a grey level, and Pillow the chroma, which counts up to 1.8 times."""
    pixels = RANDOM.randint(60, 196, (16, 16, 3)).astype("uint8")
    parts = np.asarray(Image.fromarray(pixels).convert("YCbCr")).astype("float32")
    grey, chroma = parts[..., :1] / 127.5 - 1, (parts[..., 1:] - 128) / 127.5
    made = (np.asarray(ChromaToRGB()([grey[None], chroma[None]]))[0] + 1) * 127.5
    pillow = np.asarray(Image.fromarray(parts.astype("uint8"), "YCbCr").convert("RGB"))
    assert np.abs(made - pillow).max() <= 1.01


def test_luminance_is_pillows_grey():
    pixels = RANDOM.randint(0, 256, (16, 16, 3)).astype("uint8")
    grey = np.asarray(Image.fromarray(pixels).convert("L"), "float64")
    assert np.abs(luminance(pixels.astype("float64"))[..., 0] - grey).max() <= 0.51
    np.testing.assert_array_equal(luminance(COLORS[..., :1]), COLORS[..., :1])
    np.testing.assert_allclose(luminance(tf.constant(COLORS)), luminance(COLORS), atol=1e-6)


def test_no_colour_is_out_of_range_or_of_another_luminance():
    """Chroma that RGB does not have is brought towards grey, on the same line."""
    grey = RANDOM.uniform(-1, 1, (8, 8, 8, 1)).astype("float32")
    grey[0, 0, :3, 0] = -1, 1, 0
    chroma = RANDOM.uniform(-1, 1, (8, 8, 8, 2)).astype("float32")
    chroma[1] = 0
    made = np.asarray(ChromaToRGB()([grey, chroma]))
    assert made.min() >= -1 and made.max() <= 1
    np.testing.assert_allclose(luminance(made), grey, atol=2e-7)
    np.testing.assert_allclose(made[0, 0, :2], [[-1] * 3, [1] * 3], atol=2e-7)
    np.testing.assert_allclose(made[1], np.repeat(grey[1], 3, -1), atol=2e-7)
    _, found = ycbcr(made)
    share = (found * chroma).sum(-1) / np.maximum((chroma**2).sum(-1), 1e-9)
    np.testing.assert_allclose(found, share[..., None] * chroma, atol=1e-5)
    limited = np.abs(made).max(-1) > 1 - 1e-6
    assert 0.3 < limited[2:].mean() < 0.95
    np.testing.assert_allclose(share[2:][~limited[2:]], 1, atol=1e-5)


def test_training_keeps_the_gradient_of_every_pixel():
    grey, chroma = tf.zeros((1, 2, 1, 1)), tf.Variable(np.full((1, 2, 1, 2), 0.9, "float32"))
    with tf.GradientTape() as tape:
        made = ChromaToRGB()([grey, chroma], training=True)
        total = tf.reduce_sum(made * [1.0, 2.0, 4.0])
    assert float(tf.reduce_max(made)) > 1
    blue, red = 1.772, 1.402
    expected = [4 * blue - 2 * 0.114 * blue / 0.587, red - 2 * 0.299 * red / 0.587]
    np.testing.assert_allclose(tape.gradient(total, chroma)[0, 0, 0], expected, rtol=1e-5)


def test_it_is_a_layer_of_a_model():
    inputs = [keras.Input((None, None, 1)), keras.Input((None, None, 2))]
    model = keras.Model(inputs, ChromaToRGB()(inputs))
    assert model.output_shape == (None, None, None, 3)
    twin = keras.Model.from_config(model.get_config())
    given = [COLORS[..., :1], COLORS[..., 1:]]
    np.testing.assert_array_equal(twin(given), model(given))
