"""The encoder is the package's network and stays as it is; the decoder sees it and the image."""

import keras
import numpy as np
import pytest

import kgan
from kgan import perceptual
from kgan.errors import UsageError
from kgan.networks import EfficientNetUNet, PatchGAN
from kgan.signature import Image, Latent, Signature

RANDOM = np.random.RandomState(0)
IMAGES = RANDOM.uniform(-1, 1, (2, 19, 33, 3)).astype("float32")
ENCODER = "efficientnet_lite0_features"


def network(*noise, channels=3, dtype=None, seed=0, **arguments):
    source, target = Image((None, None, channels), "source"), Image((None, None, 2), "target")
    networks = EfficientNetUNet(**{"width": 2, **arguments})
    return networks.generator(Signature(source, *noise), target, seed, dtype)


@pytest.fixture(scope="module")
def built():
    return network()


@pytest.mark.parametrize("size", [(16, 16), (19, 33)])
def test_any_height_and_width(built, size):
    made = np.asarray(built(RANDOM.uniform(-1, 1, (2, *size, 3)).astype("float32")))
    assert made.shape == (2, *size, 2) and made.dtype == "float32"
    assert np.abs(made).max() <= 1.0 and made.std() > 1e-6


def test_the_features_are_those_of_the_frozen_network(built):
    encoder = built.get_layer(ENCODER)
    theirs = perceptual.load("efficientnet_lite0", ("stage4",))
    image = RANDOM.uniform(-1, 1, (1, 32, 48, 3)).astype("float32")
    np.testing.assert_array_equal(encoder(image)["stage4"], theirs(image)["stage4"])
    assert encoder(image)["stage4"].shape == (1, 2, 3, 80)


def test_the_parameters_of_the_decoder_alone_are_trained(built):
    width, encoded = 2, (16, 24, 40, 80)
    made = [width, width, 2 * width, 4 * width, 8 * width]  # from full size inwards
    taken = [made[1] + width, *(a + b for a, b in zip(made[2:], encoded[:3], strict=True))]
    expected = sum((9 * a + 2) * b for a, b in zip([*taken, encoded[3]], made, strict=True))
    expected += (9 * 3 + 2) * width + (made[0] + 1) * 2
    assert sum(np.prod(each.shape) for each in built.trainable_variables) == expected


def test_training_leaves_the_encoder_as_it_was():
    gan = kgan.Segmentation(2, 3, EfficientNetUNet(2), PatchGAN(2, layers=1))
    gan.compile()
    networks = gan.generator, gan.averaged_generator
    before = [each.get_layer(ENCODER).get_weights() for each in networks]
    decoder = gan.generator.get_weights()
    images, maps = IMAGES[:, :16, :32], RANDOM.randint(0, 2, (2, 16, 32))
    gan.fit(images, maps, batch_size=2, epochs=2, verbose=0)
    for each, old in zip(networks, before, strict=True):
        for value, same in zip(each.get_layer(ENCODER).get_weights(), old, strict=True):
            np.testing.assert_array_equal(value, same)
    changed = [np.any(a != b) for a, b in zip(gan.generator.get_weights(), decoder, strict=True)]
    assert sum(changed) > len(gan.generator.trainable_variables) / 2


def test_a_saved_model_needs_no_package(tmp_path, monkeypatch):
    gan = kgan.Segmentation(2, 3, EfficientNetUNet(2), PatchGAN(2, layers=1), seed=3)
    gan.save(tmp_path / "a.keras")

    def missing():
        raise UsageError("the weights are missing")

    known = perceptual.NETWORKS["efficientnet_lite0"]
    monkeypatch.setitem(perceptual.NETWORKS, "efficientnet_lite0", known._replace(path=missing))
    twin = kgan.load_model(tmp_path / "a.keras")
    np.testing.assert_array_equal(twin.translate(IMAGES), gan.translate(IMAGES))
    with pytest.raises(UsageError, match="the weights are missing"):
        network()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a.onnx", "a"])
def test_it_is_exported(tmp_path, name):
    """TensorFlow refuses names that begin with an underscore, as the package's do."""
    gan = kgan.Segmentation(2, 3, EfficientNetUNet(2), PatchGAN(2, layers=1))
    assert gan.export(tmp_path / name).max_difference < 1e-4


def test_half_precision(built):
    model = network(dtype="mixed_bfloat16")
    assert model.get_layer(ENCODER).compute_dtype == "float32"
    made = np.asarray(model(IMAGES))
    assert made.dtype == "float32"
    np.testing.assert_allclose(made, np.asarray(built(IMAGES)), atol=0.05)


def test_a_grey_image_is_seen_as_rgb(built):
    """The same weights, those of the image's own features summed over the channels."""
    model, grey = network(channels=1), IMAGES[..., :1]
    weights = built.get_weights()
    shapes = [each.shape for each in model.get_weights()]
    weights = [
        each if each.shape == shape else each.sum(2, keepdims=True)
        for each, shape in zip(weights, shapes, strict=True)
    ]
    model.set_weights(weights)
    expected = np.asarray(built(np.repeat(grey, 3, -1)))
    np.testing.assert_allclose(np.asarray(model(grey)), expected, atol=1e-5)


def test_a_latent_changes_the_image():
    model = network(Latent(3))
    made = [
        np.asarray(model({"source": IMAGES, "latent": np.full((2, 3), value, "float32")}))
        for value in (-1, 1)
    ]
    assert np.abs(made[0] - made[1]).max() > 1e-4


def test_a_seed_pins_the_weights():
    first, same, other = (network(seed=seed).get_weights() for seed in (1, 1, 2))
    for one, twin in zip(first, same, strict=True):
        np.testing.assert_array_equal(one, twin)
    assert any(np.any(one != twin) for one, twin in zip(first, other, strict=True))


def test_what_a_pixel_sees_is_known(built):
    field = kgan.networks.receptive_field(built)
    assert (field.multiple, field.scale) == (16, 1) and 60 < field.radius < 200


def test_it_comes_back_from_its_configuration():
    networks = EfficientNetUNet(8, "none")
    twin = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(networks))
    assert (twin.width, twin.normalization, twin.pretrained) == (8, "none", False)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"width": 0}, "width must be an integer of at least 1"),
        ({"pretrained": "no"}, "pretrained must be True or False"),
        ({"channels": 2}, "channels must be 3 or 1 for EfficientNetUNet; received 2"),
    ],
)
def test_what_is_refused(arguments, message):
    with pytest.raises(UsageError, match=message):
        network(**arguments)
