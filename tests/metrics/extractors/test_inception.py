import warnings

import keras
import numpy as np
import pytest
import torch

from kgan.checks import Given
from kgan.errors import UsageError
from kgan.files import sha256
from kgan.metrics.extractors import inception, weights
from kgan.metrics.extractors.torch_file import read_state_dict


def deviation(found, expected):
    """The greatest difference, relative to the greatest value."""
    return np.abs(np.asarray(found) - expected).max() / np.abs(expected).max()


def channels_first(images):
    return torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))


def torch_blocks(oracle, network, images):
    """The four outputs of pytorch-fid's InceptionV3 around a network, averaged over the places.

    `images` are in [0, 1].
    """
    module = oracle("pytorch_fid.inception")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "fid_inception_v3", lambda: network)
        whole = module.InceptionV3([0, 1, 2, 3]).eval()
    return [block.mean((2, 3)).numpy() for block in whole(channels_first(images))]


@pytest.fixture(scope="module")
def fidelity(oracle, random_weights):
    """torch-fidelity's features of uint8 images `(n, height, width, 3)`, by name."""
    names = ["2048", "logits_unbiased"]
    network = oracle("torch_fidelity.feature_extractor_inceptionv3").FeatureExtractorInceptionV3(
        "test", names, feature_extractor_weights_path=random_weights
    )

    def features(pixels):
        made = network(channels_first(pixels))
        return {name: part.numpy() for name, part in zip(names, made, strict=True)}

    return features


@pytest.fixture(scope="module")
def model(random_weights):
    """The network in float32 with the random weights."""
    model = inception.network()
    weights.assign(
        model, read_state_dict(random_weights), Given("weights", "w"), ignored=("fc.bias",)
    )
    return model


@pytest.fixture(scope="module")
def extractors(model, random_weights):
    """The extractors of the random weights by way of resizing."""
    digest = sha256(random_weights)
    return {name: inception.extractor(model, digest, name) for name in inception.RESIZES}


@pytest.mark.slow
def test_every_layer_equals_that_of_pytorch_fid(oracle, pytorch_fid_network, random_weights):
    """In float64: 94 units of convolution, BatchNorm and ReLU, eleven blocks, and the logits."""
    model = inception.network("float64")
    weights.assign(
        model, read_state_dict(random_weights), Given("weights", "w"), ignored=("fc.bias",)
    )
    images = np.random.RandomState(0).uniform(-1, 1, (1, 299, 299, 3))

    reached, hooks = {}, []
    for name, module in pytorch_fid_network.named_modules():
        if name.startswith(("Conv2d_", "Mixed_")) and not name.endswith((".conv", ".bn")):
            keep = lambda _, __, out, name=name: reached.update({name: out.clone()})  # noqa: E731
            hooks.append(module.register_forward_hook(keep))
    try:
        whole = pytorch_fid_network.double()
        blocks = torch_blocks(oracle, whole, (images + 1) / 2)
    finally:
        for hook in hooks:
            hook.remove()
        pytorch_fid_network.float()
    assert len(reached) == 94 + 11

    found = keras.Model(
        model.input, {**model.output, **{name: model.get_layer(name).output for name in reached}}
    )(images)
    worst = {
        name: deviation(found[name], out.permute(0, 2, 3, 1).numpy())
        for name, out in reached.items()
    }
    for name, block in zip(("64", "192", "768", "2048"), blocks, strict=True):
        worst[name] = deviation(found[name], block)
    logits = blocks[-1] @ read_state_dict(random_weights)["fc.weight"].T.astype(np.float64)
    worst["logits"] = deviation(found["logits"], logits)
    print(f"greatest deviation of {len(worst)}: {max(worst.values()):.1e}")
    assert max(worst.values()) < 1e-12


@pytest.mark.slow
def test_features_equal_those_of_pytorch_fid(oracle, pytorch_fid_network, model, images):
    """In float32, from images of another size, its resizing included."""
    images = images[:2]
    expected = torch_blocks(oracle, pytorch_fid_network, (images + 1) / 2)
    for dimensions, block in zip(inception.DIMENSIONS, expected, strict=True):
        extractor = inception.extractor(model, "0", "pytorch_fid", dimensions)
        found = extractor.features(images)
        assert found.shape == (2, dimensions) and extractor.feature_dim == dimensions
        print(f"{dimensions}: {deviation(found, block):.1e}")
        assert deviation(found, block) < 1e-5


@pytest.mark.slow
def test_features_and_logits_equal_those_of_torch_fidelity(extractors, fidelity, images):
    """As above, with its own resizing."""
    images = images[:2]
    expected = fidelity(np.rint((images + 1) * 127.5).astype(np.uint8))
    extractor = extractors["tensorflow1"]
    assert deviation(extractor.features(images), expected["2048"]) < 1e-5
    logits = extractor.logits(images)
    assert logits.shape == (2, extractor.classes) == (2, 1008)
    assert deviation(logits, expected["logits_unbiased"]) < 1e-5
    assert extractor.classify(images[:1]) == logits[0].argmax()


@pytest.mark.parametrize("size", [32, 299, 640])
def test_the_way_to_the_network(oracle, size):
    """Both resizings and ranges, pixel by pixel: of small images, large ones and fitting ones."""
    pixels = np.random.RandomState(0).randint(0, 256, (1, size, size, 3), np.uint8)
    images = pixels.astype(np.float32) / 127.5 - 1
    torch_images = channels_first(pixels.astype(np.float32))

    expected = torch.nn.functional.interpolate(
        torch_images / 255, size=(299, 299), mode="bilinear", align_corners=False
    )
    found = np.asarray(inception.RESIZES["pytorch_fid"](images)).transpose(0, 3, 1, 2)
    np.testing.assert_allclose(found, 2 * expected.numpy() - 1, atol=4e-6)

    like_tensorflow = oracle("torch_fidelity.interpolate_compat_tensorflow")
    expected = like_tensorflow.interpolate_bilinear_2d_like_tensorflow1x(
        torch_images, size=(299, 299), align_corners=False
    )
    found = np.asarray(inception.RESIZES["tensorflow1"](images)).transpose(0, 3, 1, 2)
    np.testing.assert_allclose(found, (expected.numpy() - 128) / 128, atol=4e-6)


@pytest.mark.slow
def test_the_resizings_give_other_features(extractors, images):
    one, two = (extractor.features(images[:1]) for extractor in extractors.values())
    assert deviation(one, two) > 1e-2
    assert {name: e.description["resize"] for name, e in extractors.items()} == {
        "pytorch_fid": "pytorch_fid",
        "tensorflow1": "tensorflow1",
    }


def test_what_it_says_of_itself(extractors, random_weights):
    digest = sha256(random_weights)
    assert extractors["tensorflow1"].description == {
        "name": "inception",
        "sha256": digest,
        "resize": "tensorflow1",
    }
    assert not extractors["tensorflow1"].canonical  # the weights are others
    assert extractors["tensorflow1"].image_shape == (None, None, 3)


def test_canonical_are_the_canonical_weights_with_all_dimensions_alone(model):
    assert inception.SHA256.startswith(inception.URL.rpartition("-")[2].removesuffix(".pth"))
    made = inception.extractor(model, inception.SHA256, "tensorflow1")
    assert made.canonical and made.name == "inception"
    made = inception.extractor(model, inception.SHA256, "tensorflow1", 768)
    assert not made.canonical and made.name == "inception_768"
    assert not inception.extractor(model, inception.SHA256[::-1], "pytorch_fid").canonical


@pytest.mark.slow
def test_it_computes_in_float32_whatever_the_policy(extractors, random_weights, images):
    keras.config.set_dtype_policy("mixed_float16")
    try:
        with pytest.warns(UserWarning, match="not the canonical ones.* with 6726"):
            mixed = inception.load(random_weights)
    finally:
        keras.config.set_dtype_policy("float32")
    expected = extractors["tensorflow1"].features(images[:1])
    np.testing.assert_array_equal(mixed.features(images[:1]), expected)


@pytest.mark.slow
def test_weights_are_fetched_once(monkeypatch, tmp_path, server, random_weights):
    folder, address = server
    (folder / "w.pth").write_bytes(random_weights.read_bytes())
    monkeypatch.setenv("KGAN_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(inception, "URL", f"{address}/w.pth")
    monkeypatch.setattr(inception, "SHA256", sha256(random_weights))
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # the canonical ones need no warning
        extractor = inception.load()
    assert extractor.canonical and extractor.sha256 == sha256(random_weights)
    assert (tmp_path / "home/weights/w.pth").read_bytes() == random_weights.read_bytes()
    (folder / "w.pth").unlink()
    assert inception.load().description == extractor.description


def test_errors(random_weights, tmp_path):
    with pytest.raises(UsageError, match=r"resize='pytorch' .*Did you mean 'pytorch_fid'"):
        inception.load(random_weights, "pytorch")
    with pytest.raises(UsageError, match=r"resize=\['pytorch_fid'\]"):
        inception.load(random_weights, ["pytorch_fid"])
    with pytest.raises(UsageError, match=r"dimensions must be one of \(64, .*received 128"):
        inception.load(random_weights, dimensions=128)
    with pytest.raises(UsageError, match=r"weights=.*SHA-256 0000; received"):
        inception.load(random_weights, sha256="0000")
    with pytest.raises(UsageError, match=r"weights must be a readable PyTorch file .*none\.pth"):
        inception.load(tmp_path / "none.pth")
    torch.save({"a": torch.ones(1)}, tmp_path / "a.pth")
    with pytest.raises(
        UsageError, match=r"weights of inception; it lacks Conv2d_1a.* and \d+ more"
    ):
        inception.load(tmp_path / "a.pth")
