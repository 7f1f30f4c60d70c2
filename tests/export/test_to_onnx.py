import importlib
import json
import sys

import keras
import numpy as np
import onnx
import onnxruntime
import pytest
from tf2onnx import optimizer

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


def test_labels_have_a_name_a_type_and_their_number(conditional, tmp_path):
    export = kgan.export.to_onnx(conditional, tmp_path / "conditional.onnx")
    assert export.max_difference < 1e-5
    model = onnx.load(export.path)
    onnx.checker.check_model(model, full_check=True)
    assert [tensor(value) for value in model.graph.input] == [
        ("latent", ["batch", 4], onnx.TensorProto.FLOAT),
        ("label", ["batch"], onnx.TensorProto.INT32),
    ]
    assert {entry.key: entry.value for entry in model.metadata_props}["classes"] == "3"
    session = onnxruntime.InferenceSession(export.path)
    inputs = conditional.generator_inputs(seed=7, labels=[2, 0, 1, 1])
    (images,) = session.run(["image"], inputs)
    # float16 has 11 bits: generate itself is that far away.
    assert np.abs(images - conditional.generate(seed=7, labels=[2, 0, 1, 1])).max() < 1e-2
    (others,) = session.run(["image"], {**inputs, "label": np.zeros(4, np.int32)})
    assert np.abs(images - others)[[0, 2, 3]].max(axis=(1, 2, 3)).min() > 0.01


@pytest.fixture
def in_this_process(monkeypatch):
    """The proof without the fresh process, which is slow to start."""

    def prove(runtime, path, *cases, tolerance):
        return max(
            float(np.abs(run_all(path, inputs) - outputs["image"]).max())
            for inputs, outputs in cases
        )

    monkeypatch.setattr(module, "prove", prove)


def run_all(path, inputs):
    return onnxruntime.InferenceSession(path).run(["image"], inputs)[0]


@pytest.mark.parametrize(
    "arguments",
    [
        {"classes": 3},
        {"classes": 3, "networks": "resnet", "conditioning": "projection"},
        {"classes": 3, "networks": "r3gan"},
        {"classes": 3, "networks": "mlp"},
        {"condition_dim": 5, "conditioning": "projection"},
    ],
    ids=lambda arguments: "-".join(map(str, arguments.values())),
)
def test_every_network_exports_its_condition(make_stirred, tmp_path, in_this_process, arguments):
    gan = make_stirred(kgan.ConditionalGAN, **arguments, dtype="mixed_bfloat16")
    path = tmp_path / "generator.onnx"
    assert kgan.export.to_onnx(gan, path).max_difference < 1e-5
    metadata = onnxruntime.InferenceSession(path).get_modelmeta().custom_metadata_map
    further = {key: metadata[key] for key in ("classes", "condition_dim") if key in metadata}
    name = "classes" if "classes" in arguments else "condition_dim"
    assert further == {name: str(arguments[name])}
    given = {"conditions": np.ones((2, 5))} if name == "condition_dim" else {"labels": [2, 0]}
    inputs = gan.generator_inputs(2, seed=7, **given)
    assert run_all(path, inputs).std() > 0.01  # not saturated
    # bfloat16 has 8 bits.
    assert np.abs(run_all(path, inputs) - gan.generate(2, seed=7, **given)).max() < 0.1


def test_grouped_convolutions_are_stored_without_their_zeros(gan, tmp_path, in_this_process):
    latents = keras.Input((8,))
    hidden = keras.layers.Reshape((16, 16, 8))(keras.layers.Dense(2048)(latents))
    hidden = kgan.layers.GroupedConv2D(3, groups=4)(hidden)
    images = keras.layers.Conv2D(1, 3, padding="same", activation="tanh")(hidden)
    grouped = kgan.GAN(keras.Model(latents, images), gan.discriminator)
    path = tmp_path / "grouped.onnx"
    assert kgan.export.to_onnx(grouped, path).max_difference < 1e-6
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    sizes = {tensor.name: tuple(tensor.dims) for tensor in model.graph.initializer}
    found = {
        sizes[node.input[1]]: [entry.i for entry in node.attribute if entry.name == "group"]
        for node in model.graph.node
        if node.op_type == "Conv"
    }
    assert found == {(8, 2, 3, 3): [4], (1, 8, 3, 3): [1]}


@pytest.mark.slow
@pytest.mark.parametrize("opset", [12, 18])
def test_one_channel_keeps_its_rank_in_whatever_order_tf2onnx_optimizes(
    tmp_path, monkeypatch, opset
):
    """Its own order varies with those of its sets; this one loses a Squeeze each time."""
    order = optimizer._optimizers.copy()
    order.move_to_end("reshape_optimizer")
    monkeypatch.setattr(optimizer, "_optimizers", order)
    gan = kgan.Pix2Pix(channels=1, source_channels=2, generator_network=kgan.networks.UNet(4, 2))
    export = kgan.export.to_onnx(gan, tmp_path / "gan.onnx", opset=opset)
    assert export.max_difference < 1e-5


def test_the_metadata_tell_how_to_make_codes(make_stirred, tmp_path, in_this_process):
    gan = make_stirred(kgan.InfoGAN, categorical=[3, 2], continuous=2)
    path = tmp_path / "generator.onnx"
    kgan.export.to_onnx(gan, path)
    metadata = onnxruntime.InferenceSession(path).get_modelmeta().custom_metadata_map
    layout = json.loads(metadata["code"])
    assert layout == {"categorical": [3, 2], "continuous": 2}
    values = {"numpy": np, "seed": 3, "n": 5, "latent_dim": int(metadata["latent_dim"]), **layout}
    inputs = {
        "latent": eval(metadata["prior"], values),
        "code": eval(metadata["code_prior"], values),
    }
    assert np.abs(run_all(path, inputs) - gan.generate(5, seed=3)).max() < 1e-5


@pytest.mark.parametrize("wrong", [0.1, np.nan])
def test_a_wrong_weight_fails_and_leaves_the_older_export(gan, tmp_path, monkeypatch, wrong):
    convert = module._convert

    def convert_then_break(serving, path, *arguments):
        convert(serving, path, *arguments)
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
