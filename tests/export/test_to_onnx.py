import importlib
import json
import sys

import keras
import numpy as np
import onnx
import onnxruntime
import pytest

import kgan
import kgan.export
from kgan import latent
from kgan.errors import UsageError

module = importlib.import_module("kgan.export.to_onnx")


def run(path, latents):
    return onnxruntime.InferenceSession(path).run(["image"], {"latent": latents})[0]


def tensor(value):
    shape = [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]
    return value.name, shape, value.type.tensor_type.elem_type


def test_signature_names_types_and_free_batch(onnx_file):
    model = onnx.load(onnx_file.path)
    onnx.checker.check_model(model, full_check=True)
    assert [tensor(value) for value in model.graph.input] == [
        ("latent", ["batch", 8], onnx.TensorProto.FLOAT)
    ]
    assert [tensor(value) for value in model.graph.output] == [
        ("image", ["batch", 16, 16, 1], onnx.TensorProto.FLOAT)
    ]
    assert [opset.version for opset in model.opset_import if not opset.domain] == [18]


def test_metadata_tells_how_to_make_latents(onnx_file):
    session = onnxruntime.InferenceSession(onnx_file.path)
    metadata = session.get_modelmeta().custom_metadata_map
    assert json.loads(metadata["image_shape"]) == [16, 16, 1]
    assert metadata["kgan_version"] == kgan.__version__
    values = {"numpy": np, "seed": 3, "n": 5, "latent_dim": int(metadata["latent_dim"])}
    assert np.array_equal(eval(metadata["prior"], values), latent.sample(5, 8, seed=3))


def test_a_seed_gives_the_images_of_generate(gan, onnx_file):
    images = run(onnx_file.path, latent.sample(4, gan.latent_dim, seed=7))
    assert np.abs(images - gan.generate(4, seed=7)).max() < 1e-4


def test_no_weight_is_stored_twice(gan, onnx_file):
    weights = 4 * gan.averaged_generator.count_params()
    assert onnx_file.bytes == onnx_file.path.stat().st_size < weights + 8000


def test_mixed_precision_exports_float32(mixed_gan, tmp_path):
    export = kgan.export.to_onnx(mixed_gan, tmp_path / "mixed.onnx", opset=13)
    assert export.max_difference < 1e-5
    types = {tensor.data_type for tensor in onnx.load(export.path).graph.initializer}
    assert onnx.TensorProto.FLOAT16 not in types
    images = run(export.path, latent.sample(4, 8, seed=7))
    # float16 has 11 bits: generate itself is that far away.
    assert np.abs(images - mixed_gan.generate(4, seed=7)).max() < 1e-2


@pytest.mark.parametrize("wrong", [0.1, np.nan])
def test_a_wrong_weight_fails_and_leaves_the_older_export(gan, tmp_path, monkeypatch, wrong):
    convert = module._convert

    def convert_then_break(serving, path, opset):
        convert(serving, path, opset)
        model = onnx.load(path)
        kernel = max(model.graph.initializer, key=lambda tensor: np.prod(tensor.dims))
        broken = onnx.numpy_helper.to_array(kernel) + np.float32(wrong)
        kernel.CopyFrom(onnx.numpy_helper.from_array(broken, kernel.name))
        onnx.save(model, path)

    monkeypatch.setattr(module, "_convert", convert_then_break)
    path = tmp_path / "generator.onnx"
    path.write_text("older")
    with pytest.raises(kgan.export.ExportError, match=r"differs from Keras by (\d\.\d+|nan), more"):
        kgan.export.to_onnx(gan, path)
    assert [file.name for file in tmp_path.iterdir()] == ["generator.onnx"]
    assert path.read_text() == "older"


def test_what_tf2onnx_cannot_convert_fails_with_its_reason(gan, tmp_path, capfd):
    latents = keras.Input((8,))
    hidden = keras.layers.Reshape((16, 16, 2))(keras.layers.Dense(512)(latents))
    hidden = keras.layers.Conv2D(2, 3, padding="same", groups=2)(hidden)
    images = keras.layers.Conv2D(1, 3, padding="same", activation="tanh")(hidden)
    grouped = kgan.GAN(keras.Model(latents, images), gan.discriminator)
    with pytest.raises(kgan.export.ExportError, match=r"does not run: .*not supported"):
        kgan.export.to_onnx(grouped, tmp_path / "grouped.onnx")
    assert list(tmp_path.iterdir()) == []
    assert "not supported" not in capfd.readouterr().err


@pytest.mark.parametrize("missing", ["onnx", "tf2onnx", "onnxruntime"])
def test_a_missing_package_names_the_extra(gan, tmp_path, monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(kgan.export.ExportError, match=rf'{missing}, .*pip install "kgan\[onnx\]"'):
        kgan.export.to_onnx(gan, tmp_path / "generator.onnx")


@pytest.mark.parametrize("opset", [8, 19, "18", None])
def test_an_opset_out_of_range_is_refused(gan, tmp_path, opset):
    with pytest.raises(UsageError, match="must be an integer, 9 to 18"):
        kgan.export.to_onnx(gan, tmp_path / "generator.onnx", opset=opset)


def test_a_path_that_is_no_onnx_file_is_refused(gan, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "folder.onnx").mkdir()
    for name in ("notes.txt", "folder.onnx"):
        with pytest.raises(UsageError, match=r"a file whose name ends in .onnx"):
            kgan.export.to_onnx(gan, tmp_path / name)
    assert (tmp_path / "notes.txt").read_text() == "mine"
