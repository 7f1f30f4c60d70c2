"""Half the bytes, float32 outside, and sizes and places that half precision cannot count."""

import numpy as np
import onnx
import onnxruntime
import pytest

import kgan
import kgan.export
from kgan.errors import UsageError

FLOAT16 = onnx.TensorProto.FLOAT16


@pytest.fixture(scope="module")
def files(gan, tmp_path_factory):
    folder = tmp_path_factory.mktemp("half")
    return [
        kgan.export.to_onnx(gan, folder / f"{precision}.onnx", precision=precision)
        for precision in ("float32", "float16")
    ]


def test_the_file_has_half_the_bytes_and_nearly_the_images(gan, files):
    whole, half = files
    assert half.bytes < 0.55 * whole.bytes
    latent = kgan.latent.sample(5, 8, seed=3)
    (images,) = onnxruntime.InferenceSession(half.path).run(["image"], {"latent": latent})
    assert images.dtype == np.float32
    difference = np.abs(images - gan.generate(5, seed=3)).max()
    assert 1e-6 < difference < 2e-2 and 1e-6 < half.max_difference < 2e-2
    assert whole.max_difference < 1e-5


def test_every_weight_is_in_half_precision_and_the_metadata_stay(files):
    whole, half = (onnx.load(made.path) for made in files)
    onnx.checker.check_model(half, full_check=True)
    floats = {tensor.data_type for tensor in half.graph.initializer if tensor.data_type in (1, 10)}
    assert floats == {FLOAT16}
    stated = [{prop.key: prop.value for prop in model.metadata_props} for model in (whole, half)]
    assert stated[0] == stated[1]


def test_sizes_and_places_beyond_2048(tmp_path):
    """The padding and the cropping of a U-Net count pixels."""
    networks = kgan.networks.UNet(width=2, depth=2)
    gan = kgan.Pix2Pix(1, generator_network=networks, ema_halflife_images=None)
    image = np.random.RandomState(0).uniform(-1, 1, (1, 6, 2051, 1)).astype("float32")
    path = kgan.export.to_onnx(gan, tmp_path / "a.onnx", precision="float16").path
    (made,) = onnxruntime.InferenceSession(path).run(["target"], {"source": image})
    assert made.shape == image.shape
    np.testing.assert_allclose(made, gan.translate(image), atol=2e-2)


def test_an_unknown_precision(gan, tmp_path):
    with pytest.raises(UsageError, match="precision='float61' is unknown.*'float16'"):
        kgan.export.to_onnx(gan, tmp_path / "a.onnx", precision="float61")
    assert not list(tmp_path.iterdir())
