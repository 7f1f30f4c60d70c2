import keras
import numpy as np

from kgan.layers import KeepKnown, PullPush

RANDOM = np.random.RandomState(0)
IMAGES = RANDOM.uniform(-1, 1, (2, 5, 4, 3)).astype("float32")
OTHERS = RANDOM.uniform(-1, 1, (2, 5, 4, 3)).astype("float32")
MASKS = (RANDOM.uniform(size=(2, 5, 4, 1)) > 0.5).astype("float32")
KNOWN = np.repeat(MASKS > 0, 3, -1)


def test_known_pixels_are_kept_bit_for_bit():
    kept = np.asarray(KeepKnown(dtype="float32")([IMAGES, MASKS, OTHERS]))
    assert kept.dtype == np.float32
    np.testing.assert_array_equal(kept, np.where(KNOWN, IMAGES, OTHERS))


def test_they_are_layers_of_a_model_in_half_precision():
    image, mask = keras.Input((None, None, 3)), keras.Input((None, None, 1))
    half = keras.layers.Conv2D(3, 1, dtype="mixed_float16")(PullPush()([image, mask]))
    model = keras.Model([image, mask], KeepKnown(dtype="float32")([image, mask, half]))
    assert model.output_shape == (None, None, None, 3)
    twin = keras.Model.from_config(model.get_config())
    twin.set_weights(model.get_weights())
    made = np.asarray(twin([IMAGES, MASKS]))
    np.testing.assert_array_equal(made, model([IMAGES, MASKS]))
    np.testing.assert_array_equal(made[KNOWN], IMAGES[KNOWN])
    assert made.dtype == np.float32
