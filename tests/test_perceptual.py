"""The perceptual term: others' networks, the paper's formula, and a network that stays frozen."""

import hashlib

import keras
import numpy as np
import pytest
import tensorflow as tf

import kgan
from kgan import perceptual
from kgan.errors import UsageError
from kgan.metrics.extractors import efficientnet, weights as weights_of
from kgan.metrics.extractors.torch_file import read_state_dict
from kgan.networks import Gated, PatchGAN, SNPatchGAN, UNet
from kgan.terms import Perceptual, computed, terms

REAL, FAKE = (
    np.random.RandomState(seed).uniform(-1, 1, (2, 32, 40, 3)).astype("float32") for seed in (0, 1)
)


@pytest.fixture(scope="module")
def vgg19(tmp_path_factory, oracle):
    """torchvision's VGG19 with weights that keep the size of the features, as far as conv2_2."""
    torch, vgg = oracle("torch"), oracle("torchvision.models.vgg")
    torch.manual_seed(0)
    features = vgg.make_layers(vgg.cfgs["E"])[:9]
    for layer in features:
        if hasattr(layer, "weight"):
            torch.nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            torch.nn.init.normal_(layer.bias, std=0.1)
    path = tmp_path_factory.mktemp("vgg") / "vgg19.pth"
    state = {f"features.{name}": value for name, value in features.state_dict().items()}
    torch.save({**state, "classifier.6.bias": torch.zeros(3)}, path)
    return features, path


def theirs(features, images, last):
    """torchvision's features up to a layer, of images as its documentation scales them."""
    import torch

    mean, deviation = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    scaled = ((images + 1) / 2 - mean) / deviation
    with torch.no_grad():
        made = features[:last](torch.from_numpy(scaled.transpose(0, 3, 1, 2)).float())
    return made.numpy().transpose(0, 2, 3, 1)


def test_a_shift_leaves_out_rows_and_columns_that_follow_from_the_real_images():
    shifted, plain = Perceptual(0.5, max_shift=7), Perceptual(0.5)
    assert shifted.get_config()["max_shift"] == 7
    seen = set()
    for number in range(4):
        real = np.roll(REAL, number, axis=-2) - np.float32(0.01 * number)
        real = np.clip(real, -1, 1)
        levels = int(np.round((real + np.float32(1)) * np.float32(127.5)).sum())
        down, right = levels % 8, levels // 8 % 8
        seen.add((down, right))
        cut = (slice(None), slice(down, down + 25), slice(right, right + 33))
        expected = float(plain(real[cut], FAKE[cut]))
        assert float(shifted(real, FAKE)) == pytest.approx(expected, rel=1e-5)
        assert float(tf.function(shifted)(real, FAKE)) == pytest.approx(expected, rel=1e-4)
    assert len(seen) > 1


@pytest.mark.parametrize(
    ("layers", "lasts"), [(("relu2_2",), [9]), (("conv1_2", "relu1_2", "conv2_1"), [3, 4, 6])]
)
def test_the_papers_formula_with_torchvisions_network(vgg19, layers, lasts):
    """Equation 5 as a mean: features divided by 12.75, squared differences."""
    features, path = vgg19
    term = Perceptual(0.5, "vgg19", layers, path)
    expected = 0.0
    for last in lasts:
        real, fake = (theirs(features, images, last) / 12.75 for images in (REAL, FAKE))
        expected += 0.5 * np.mean((real - fake) ** 2)
    assert float(term(REAL, FAKE)) == pytest.approx(expected, rel=1e-4)
    assert float(term(REAL, REAL)) == 0.0


def test_the_layers_of_vgg19_are_those_of_torchvision(oracle):
    vgg = oracle("torchvision.models.vgg")
    model = keras.Model(
        images := keras.Input((None, None, 3)), [*perceptual._vgg19(images).values()]
    )
    named = {layer.name: layer for layer in model.layers}
    for index, layer in enumerate(vgg.make_layers(vgg.cfgs["E"])):
        if hasattr(layer, "weight"):
            kernel = tuple(layer.weight.permute(2, 3, 1, 0).shape)
            assert named[f"features.{index}"].kernel.shape == kernel
    assert len([name for name in named if name.startswith("features.")]) == 16


def test_efficientnets_blocks_at_the_images_own_size():
    term = Perceptual(3.0, layers=("stage1", "stage4"))
    whole = efficientnet.network()
    state = read_state_dict(efficientnet.weights_path(), efficientnet.SHA256, "weights")
    weights_of.assign(whole, state, "weights")
    images = keras.Input((None, None, 3))
    outputs = efficientnet.blocks(images)
    model = keras.Model(images, [outputs["_blocks.0"], outputs["_blocks.7"]])
    for layer in model.layers:
        if layer.weights:
            layer.set_weights(whole.get_layer(layer.name).get_weights())
    real, fake = (model((each * 127.5 + 0.5) / 128) for each in (REAL, FAKE))
    expected = sum(np.mean((np.asarray(a) - b) ** 2) for a, b in zip(real, fake, strict=True))
    assert float(term(REAL, FAKE)) == pytest.approx(3 * expected / 36, rel=1e-4)
    assert term.sha256 == efficientnet.SHA256


@pytest.mark.slow
def test_a_step_follows_its_gradient_and_leaves_the_network_as_it_is():
    term = Perceptual(layers=("stage1",))
    term.prepare()
    before = term._features.get_weights()
    assert not term._features.trainable_weights
    fake = tf.Variable(FAKE)

    @tf.function
    def gradient():
        with tf.GradientTape() as tape:
            value = term(REAL, fake)
        return value, tape.gradient(value, fake)

    value, slope = gradient()
    step = 1e-3 * np.sign(slope)
    change = float(term(REAL, FAKE + step)) - float(term(REAL, FAKE - step))
    assert change == pytest.approx(2 * float(np.sum(slope * step)), rel=0.05)
    assert float(value) == pytest.approx(float(term(REAL, FAKE)), rel=1e-4)
    for old, new in zip(before, term._features.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_grey_images_are_repeated_and_half_precision_is_float32():
    term = Perceptual(layers=("stage1",))
    grey, other = REAL[..., :1], FAKE[..., :1]
    assert float(term(grey, other)) == pytest.approx(
        float(term(grey.repeat(3, -1), other.repeat(3, -1)))
    )
    assert term(REAL.astype("float16"), FAKE.astype("float16")).dtype == "float32"
    with pytest.raises(UsageError, match="takes RGB or grey images; received 4 channels"):
        term(np.zeros((1, 8, 8, 4), "float32"), np.zeros((1, 8, 8, 4), "float32"))


def test_it_is_saved_by_name_and_sha256_and_found_by_it(vgg19, tmp_path, monkeypatch):
    _, path = vgg19
    term = Perceptual(2.0, "vgg19", ("relu1_2",), path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    config = keras.saving.serialize_keras_object(term)
    assert config["config"] == {
        "weight": 2.0,
        "network": "vgg19",
        "layers": ("relu1_2",),
        "weights": None,
        "max_shift": 0,
        "sha256": digest,
    }
    monkeypatch.setenv("KGAN_HOME", str(tmp_path))
    twin = keras.saving.deserialize_keras_object(config)
    with pytest.raises(UsageError, match=f"a file of SHA-256 {digest}. Put it into .*weights"):
        twin(REAL, FAKE)
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "other.pth").write_bytes(b"other")
    (tmp_path / "weights" / "any name.pth").write_bytes(path.read_bytes())
    assert float(twin(REAL, FAKE)) == float(term(REAL, FAKE))


def test_the_logs_number_terms_of_one_kind():
    added = [Perceptual(), terms.get("l1"), Perceptual(2.0)]
    found = computed(added, REAL, FAKE)
    assert list(found) == ["perceptual", "l1", "perceptual_2"]
    assert float(found["perceptual_2"]) == pytest.approx(2 * float(found["perceptual"]))
    assert float(found["l1"]) == pytest.approx(100 * np.abs(REAL - FAKE).mean(), rel=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"network": "vgg16"}, "network='vgg16' is unknown; expected one of efficientnet_lite0, v"),
        ({"layers": ("stage8",)}, "layer of efficientnet_lite0='stage8' is unknown"),
        ({"layers": "stage1"}, r"layers must be a tuple of names, such as \('stage2'"),
        ({"network": "vgg19"}, "weights must be given for 'vgg19'.*vgg19-dcbb9e9d.pth"),
        ({"weights": "file.pth"}, "weights must be left out for 'efficientnet_lite0'"),
        ({"network": "vgg19", "weights": "gone.pth"}, "weights='gone.pth' must be a file"),
        ({"weight": -1}, "weight must be a number of at least 0"),
    ],
)
def test_what_is_refused(arguments, message):
    with pytest.raises(UsageError, match=message):
        Perceptual(**arguments)


def test_the_package_that_is_missing_is_named(monkeypatch):
    monkeypatch.setattr(efficientnet, "PACKAGE", "no_such_package")
    with pytest.raises(UsageError, match="network='efficientnet_lite0' needs .*kgan.efficientnet"):
        Perceptual().prepare()


def test_another_file_is_refused(vgg19, tmp_path):
    _, path = vgg19
    with pytest.raises(UsageError, match="SHA-256"):
        Perceptual(network="vgg19", layers=("relu1_2",), weights=path, sha256="0" * 64)(REAL, FAKE)
    term = Perceptual(network="vgg19", weights=path)  # which ends at conv2_2
    with pytest.raises(UsageError, match=r"vgg19.pth.* it lacks features\.10\.bias"):
        term(REAL, FAKE)


@pytest.mark.slow
@pytest.mark.parametrize("model", ["inpainting", "cycle", "pairs"])
def test_models_read_the_network_before_they_trace_a_step(model):
    images = np.random.RandomState(0).uniform(-1, 1, (4, 32, 32, 3)).astype("float32")
    unet = UNet(4, 2, normalization="batch")
    small = {"generator_network": unet, "discriminator_network": PatchGAN(4, 1)}
    term = Perceptual(0.1, layers=("stage1",))
    gan, data = {
        "inpainting": (
            lambda: kgan.Inpainting(
                3, Gated(4, dilations=(2,)), SNPatchGAN(4, 1), content_terms=[term]
            ),
            (images, images[..., :1] > 0),
        ),
        "cycle": (lambda: kgan.CycleGAN((32, 32, 3), cycle=term, **small), (images, images)),
        "pairs": (lambda: kgan.Pix2Pix(3, content_terms=[term], **small), (images, images)),
    }[model]
    gan = gan()
    gan.compile()
    history = gan.fit(data, batch_size=2, epochs=1, verbose=0).history
    assert np.isfinite(history["generator_loss"][0])
