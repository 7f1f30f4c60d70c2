import re

import numpy as np
import pytest

from kgan.errors import UsageError
from kgan.metrics import lpips

NETS = ("alex", "squeeze", "vgg")


@pytest.fixture(scope="module")
def theirs(oracle):
    """Torchmetrics' LPIPS by net: the authors' heads on a trunk that nobody trained.

    Trunks are drawn so that activations keep their size: those of PyTorch fade out in sixteen
    layers, and torchmetrics' 1e-8 beside the squared length, which is not the authors', would
    count.
    """
    torch = oracle("torch")
    made = {}
    for net in NETS:
        torch.manual_seed(0)
        model = oracle("torchmetrics.functional.image.lpips")._LPIPS(net=net, pnet_rand=True)
        for parameter in model.net.parameters():
            if parameter.dim() == 4:
                torch.nn.init.kaiming_normal_(parameter, nonlinearity="relu")
            else:
                torch.nn.init.normal_(parameter, std=0.1)
        made[net] = model
    return made


@pytest.fixture(scope="module")
def files(theirs, oracle, tmp_path_factory):
    """The files of each net, `{"trunk": …, "heads": …}`: torchvision's names, and torchmetrics'."""
    folder = tmp_path_factory.mktemp("lpips")
    packaged = oracle("pathlib").Path(oracle("torchmetrics.functional.image.lpips").__file__)
    made = {}
    for net, model in theirs.items():
        state = {
            re.sub(r"^(slices?\.?\d+)\.", "features.", name): value
            for name, value in model.net.state_dict().items()
        }
        state["classifier.1.weight"] = oracle("torch").zeros(3)
        oracle("torch").save(state, folder / f"{net}.pth")
        made[net] = {
            "trunk": folder / f"{net}.pth",
            "heads": packaged.parent / "lpips_models" / f"{net}.pth",
        }
    return made


@pytest.fixture(scope="module")
def ours(files):
    return {net: lpips.load(net, **files[net]) for net in NETS}


def make_pair(shape=(64, 64), channels=3, seed=0):
    from scipy.ndimage import gaussian_filter

    random = np.random.default_rng(seed)
    first = gaussian_filter(random.normal(size=(3, *shape, channels)), (0, 2, 2, 0)) * 4
    second = first + random.normal(size=first.shape) * np.array([0.01, 0.1, 0.5]).reshape(
        3, 1, 1, 1
    )
    return [side.clip(-1, 1).astype(np.float32) for side in (first, second)]


def reference(oracle, model, first, second):
    torch = oracle("torch")
    sides = (torch.from_numpy(side.transpose(0, 3, 1, 2)) for side in (first, second))
    with torch.no_grad():
        return model(*sides).numpy().reshape(-1)


@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize("shape", [(64, 64), (45, 78)])
def test_torchmetrics(theirs, ours, oracle, net, shape):
    first, second = make_pair(shape)
    expected = reference(oracle, theirs[net], first, second)
    found = ours[net](first, second)
    assert found.dtype == np.float32
    assert expected[0] < expected[1] < expected[2]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize("net", NETS)
def test_the_smallest_images(theirs, ours, oracle, net):
    side = lpips.NETS[net].smallest
    for shape in ((side, side + 1), (side + 1, side), (side + 2, side + 3)):
        first, second = make_pair(shape)
        expected = reference(oracle, theirs[net], first, second)
        np.testing.assert_allclose(ours[net](first, second), expected, rtol=1e-5)
    small = np.zeros((1, side - 1, side, 3), np.float32)
    with pytest.raises(UsageError, match=f"at least {side} pixels per side for net={net!r}"):
        ours[net](small, small)
    with pytest.raises(RuntimeError):
        reference(oracle, theirs[net], small, small)


@pytest.mark.slow
def test_torch_fidelity(theirs, ours, oracle, monkeypatch):
    """Its LPIPS has VGG alone, and the authors' formula; it takes pixels of [0, 255]."""
    module = oracle("torch_fidelity.sample_similarity_lpips")
    heads = {name: value for name, value in theirs["vgg"].state_dict().items() if "lin" in name}
    heads = {name: value for name, value in heads.items() if not name.startswith("lins")}
    trunk = oracle("torchvision").models.vgg16(weights=None)
    layers = {
        re.sub(r"^slice\d\.", "", name): value
        for name, value in theirs["vgg"].net.state_dict().items()
    }
    trunk.features.load_state_dict(layers)
    monkeypatch.setattr(module, "load_state_dict_from_url", lambda *_, **__: heads)
    monkeypatch.setattr(module, "torchvision_load_pretrained_vgg16", lambda: trunk)
    first, second = make_pair()
    expected = reference(
        oracle,
        module.SampleSimilarityLPIPS("vgg"),
        *((side + 1) * 127.5 for side in (first, second)),
    )
    np.testing.assert_allclose(ours["vgg"](first, second), expected, rtol=1e-5)


def test_grey_images_are_repeated(ours):
    first, second = make_pair(channels=1)
    colour = ours["alex"](first.repeat(3, -1), second.repeat(3, -1))
    assert np.array_equal(ours["alex"](first, second), colour)


def test_identical_images_either_way_round_and_any_batch(files, ours):
    first, second = make_pair()
    assert ours["alex"](first, first).tolist() == [0, 0, 0]
    found = ours["alex"](first, second)
    np.testing.assert_allclose(ours["alex"](second, first), found, rtol=1e-6)
    alone = lpips.load("alex", **files["alex"], batch_size=2)(first, second)
    np.testing.assert_allclose(alone, found, rtol=1e-6)


def test_float32_whatever_the_policy(files, ours):
    import keras

    keras.config.set_dtype_policy("mixed_float16")
    try:
        loaded = lpips.load("alex", **files["alex"])
    finally:
        keras.config.set_dtype_policy("float32")
    pair = make_pair()
    assert np.array_equal(loaded(*pair), ours["alex"](*pair))


def test_what_a_score_says_of_it(files, ours, monkeypatch):
    from kgan.files import sha256

    digest = sha256(files["alex"]["trunk"])
    assert ours["alex"].description == {
        "name": "lpips_alex",
        "trunk_sha256": digest,
        "heads_sha256": sha256(files["alex"]["heads"]),
    }
    assert not ours["alex"].canonical
    # As if the trunk were torchvision's; the heads are the authors'.
    for net in NETS:
        digest = sha256(files[net]["trunk"])
        monkeypatch.setitem(lpips.NETS, net, lpips.NETS[net]._replace(trunk=digest[:8]))
        assert lpips.load(net, **files[net]).canonical


def test_a_sha256_that_is_asked_for(files):
    from kgan.files import sha256

    digest = sha256(files["alex"]["trunk"])
    assert lpips.load("alex", **files["alex"], trunk_sha256=digest).trunk_sha256 == digest
    for part in ("trunk", "heads"):
        with pytest.raises(UsageError, match=f"{part}=.* SHA-256"):
            lpips.load("alex", **files["alex"], **{f"{part}_sha256": "0" * 64})


def test_files_of_another_net(files, oracle, tmp_path):
    heads = files["alex"]["heads"]
    with pytest.raises(UsageError, match=r"trunk=.*'features.0.weight' of the shape .*11, 11\)"):
        lpips.load("alex", trunk=files["vgg"]["trunk"], heads=heads)
    with pytest.raises(UsageError, match=r"heads=.*'lin1.model.1.weight' of the shape \(1, 192"):
        lpips.load("alex", trunk=files["alex"]["trunk"], heads=files["vgg"]["heads"])
    with pytest.raises(UsageError, match=r"must hold 'features.0.weight'.*none of that name"):
        lpips.load("alex", trunk=heads, heads=heads)
    torch = oracle("torch")
    state = torch.load(files["alex"]["trunk"])
    torch.save(state | {"features.12.weight": torch.zeros(2)}, tmp_path / "more.pth")
    with pytest.raises(UsageError, match=r"net='alex', which has no 'features.12.weight'"):
        lpips.load("alex", trunk=tmp_path / "more.pth", heads=heads)
    torch.save(state | {"features.3.bias": torch.full((192,), np.nan)}, tmp_path / "nan.pth")
    with pytest.raises(UsageError, match=r"must be finite; 'features.3.bias' holds NaN"):
        lpips.load("alex", trunk=tmp_path / "nan.pth", heads=heads)
    state = torch.load(heads, map_location="cpu")
    torch.save(state | {"lin5.model.1.weight": torch.zeros(2)}, tmp_path / "heads.pth")
    with pytest.raises(UsageError, match=r"must hold 5 heads for net='alex'; received 6"):
        lpips.load("alex", trunk=files["alex"]["trunk"], heads=tmp_path / "heads.pth")


def test_wrong_arguments(files, ours):
    with pytest.raises(UsageError, match="net='alexnet' is unknown.*Did you mean 'alex'"):
        lpips.load("alexnet", **files["alex"])
    with pytest.raises(UsageError, match="batch_size must be an integer of at least 1"):
        lpips.load("alex", **files["alex"], batch_size=0)
    with pytest.raises(UsageError, match=r"must be RGB or grey; received 4 channels"):
        ours["alex"](*make_pair(channels=4))
    with pytest.raises(UsageError, match="first and second must have one shape"):
        ours["alex"](make_pair()[0], make_pair((64, 32))[1])


def test_the_distance_of_a_path_length(ours):
    """It grows as the square of a small step: the length does not depend on the step."""
    import keras

    import kgan
    from kgan.metrics.path_length import path_length

    generator = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(
                32 * 32, "tanh", kernel_initializer=keras.initializers.RandomNormal(seed=0)
            ),
            keras.layers.Reshape((32, 32, 1)),
        ]
    )
    generator.layers[0].set_weights([20 * generator.layers[0].kernel.numpy(), np.zeros(1024)])
    discriminator = keras.Sequential(
        [keras.Input((32, 32, 1)), keras.layers.Flatten(), keras.layers.Dense(1)]
    )
    gan = kgan.GAN(generator, discriminator)
    coarse, fine = (path_length(gan, ours["alex"], 64, epsilon) for epsilon in (1e-3, 1e-4))
    assert fine > 0.1
    assert coarse == pytest.approx(fine, rel=0.05)
