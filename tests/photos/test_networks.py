"""A model's network by ONNX and by Keras, and which of the two runs."""

import json
import sys

import numpy as np
import onnx
import pytest

import kgan
from kgan.errors import UsageError
from kgan.networks import PatchGAN, UNet
from kgan.photos import KerasNetwork, Network, OnnxNetwork, Picture, load, process
from kgan.receptive_field import ReceptiveField
from kgan.runtime import onnx_model
from kgan.signature import Image as ImageField, Label, Latent, Mask, Signature


@pytest.fixture(scope="module")
def gan():
    networks = {
        "generator_network": UNet(4, 2, normalization="batch"),
        "discriminator_network": PatchGAN(2, 1),
    }
    gan = kgan.Pix2Pix(channels=3, latent_dim=2, **networks)
    gan.compile()
    random = np.random.RandomState(0)
    for weight in gan.averaged_generator.weights:
        value = random.normal(0, 0.4, weight.shape)
        weight.assign(np.abs(value) + 0.5 if "variance" in weight.path else value)
    return gan


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def onnx_file(gan, folder):
    return kgan.export.to_onnx(gan, folder / "model.onnx").path


@pytest.fixture(scope="module")
def preset(gan, folder):
    sources = np.random.RandomState(0).uniform(-1, 1, (2, 16, 16, 3)).astype("float32")
    return kgan.presets.save(gan, folder / "preset", inputs={"sources": sources})


# -- the same by both --------------------------------------------------------------------------


def test_an_export_says_what_the_model_knows(gan, onnx_file):
    exported, own = OnnxNetwork(onnx_file), KerasNetwork(gan)
    assert (exported.entry, own.entry) == ("translate", "translate")
    assert exported.inputs == own.inputs and exported.outputs == own.outputs
    assert exported.field == own.field and exported.field.radius == 9
    assert exported.source.smallest == 4 and exported.scale == own.scale == 1


@pytest.mark.parametrize("tile", [None, 8])
def test_both_give_the_same_picture(gan, onnx_file, photograph, tile):
    colour = photograph(21, 50)
    made = [
        np.asarray(process(each, Picture(colour), seed=5, tile=tile)).astype(int)
        for each in (OnnxNetwork(onnx_file), KerasNetwork(gan))
    ]
    assert made[0].std() > 5 and np.abs(made[0] - made[1]).max() <= 1
    expected = gan.translate(colour[np.newaxis] / np.float32(127.5) - 1, seed=5)[0]
    assert np.abs(made[1] - (expected + 1) * 127.5).max() <= 1


# -- which one runs ----------------------------------------------------------------------------


def test_load_takes_models_files_presets_and_runs(gan, onnx_file, preset, folder, monkeypatch):
    gan.save(folder / "model.keras")
    monkeypatch.chdir(folder)
    assert isinstance(load(gan), KerasNetwork)
    assert isinstance(load(onnx_file), OnnxNetwork)
    assert isinstance(load(str(folder / "model.keras")), KerasNetwork)
    assert isinstance(load(preset), OnnxNetwork) and isinstance(load("preset"), OnnxNetwork)
    assert isinstance(load("pix2pix_emoji", "translate"), OnnxNetwork)
    with pytest.raises(UsageError, match="is not a run"):
        load(folder)


def test_without_onnxruntime_a_preset_runs_by_keras(preset, onnx_file, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert not onnx_model.available()
    assert isinstance(load(preset), KerasNetwork)
    with pytest.raises(UsageError, match=r'needs onnxruntime: pip install "kgan\[onnx\]"'):
        load(onnx_file)


PROGRAM = """
import sys
import numpy as np
from kgan import photos
picture = photos.Picture(np.full((40, 50, 3), 90, "uint8"))
photos.process(photos.load(sys.argv[1]), picture)
print({"tensorflow", "keras", "onnx", "matplotlib"} & set(sys.modules))
"""


def test_onnx_needs_neither_tensorflow_nor_keras(python, preset):
    for model in ("pix2pix_emoji", preset, preset / "generator.onnx"):
        stdout, stderr = python("-c", PROGRAM, model).communicate()
        assert stdout == "set()\n", stderr


def test_a_preset_of_an_older_kgan_runs_by_keras(gan, preset, tmp_path):
    sources = np.zeros((1, 8, 8, 3), "float32")
    older = kgan.presets.save(gan, tmp_path / "older", inputs={"sources": sources})
    model = onnx.load(older / "generator.onnx")
    kept = [each for each in model.metadata_props if each.key != "inputs"]
    del model.metadata_props[:]
    model.metadata_props.extend(kept)
    onnx.save(model, older / "generator.onnx")
    with pytest.raises(UsageError, match=r"this version of kgan exported.*they lack 'inputs'"):
        load(older / "generator.onnx")
    with pytest.raises(kgan.presets.PresetError, match="generator.onnx has another SHA-256"):
        load(older)
    (older / "SHA256SUMS").write_text(kgan.presets.files.sums(older))
    assert isinstance(load(older), KerasNetwork)


def test_a_packaged_preset_is_the_one_that_kgan_came_with(monkeypatch):
    monkeypatch.setattr("kgan.zoo.registry.preset_sha256", lambda name: "0" * 64)
    with pytest.raises(kgan.presets.PresetError, match="'pix2pix_emoji' is damaged"):
        load("pix2pix_emoji")


# -- what is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize("content", [None, b"", b"no model"])
def test_a_file_that_is_no_onnx(tmp_path, content):
    path = tmp_path / "a.onnx"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match="MODEL='.*a.onnx' must be an ONNX file"):
        load(path)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("entry", None),
        ("inputs", "[]]"),
        ("inputs", '[{"name": "image"}]'),
        ("receptive_field", '{"radius": "wide"}'),
        ("receptive_field", '{"radius": 1, "values": "many"}'),
    ],
)
def test_broken_metadata_are_refused(make, tmp_path, key, value):
    model = onnx.load(make("upscaler"))
    facts = {each.key: each.value for each in model.metadata_props} | {key: value}
    del model.metadata_props[:]
    onnx.helper.set_model_props(model, {key: text for key, text in facts.items() if text})
    onnx.save(model, tmp_path / "a.onnx")
    with pytest.raises(UsageError, match="Export the model again"):
        load(tmp_path / "a.onnx")


def test_an_entry_point_that_is_not_there(gan, make):
    with pytest.raises(UsageError, match="cannot translate; use `kgan upscale`"):
        load(make("upscaler"), "translate")
    with pytest.raises(UsageError, match="entry of Pix2Pix='upscale' is unknown"):
        load(gan, "upscale")
    with pytest.raises(UsageError, match="entry of DCGAN='' is unknown; there is none yet"):
        load(kgan.DCGAN((8, 8, 1), latent_dim=2, width=2))


IMAGE, LABEL = ImageField((None, None, 3)), Label(3)


@pytest.mark.parametrize(
    ("entry", "fields", "message"),
    [
        ("upscale", (IMAGE, LABEL), "mine must upscale from image, and a latent if need be"),
        ("upscale", (IMAGE, Mask((None, None, 1))), "it takes image .*, mask"),
        ("inpaint", (IMAGE,), "mine must inpaint from image and mask"),
        ("translate", (Latent(3),), "it takes latent 3"),
        ("generate", (IMAGE,), "entry='generate' is unknown"),
    ],
)
def test_inputs_that_a_command_does_not_have(entry, fields, message):
    with pytest.raises(UsageError, match=message):
        Network("mine", entry, Signature(*fields), Signature(IMAGE), ReceptiveField(0))


@pytest.mark.slow
def test_a_saved_model_has_the_same_metadata(gan, tmp_path, onnx_file):
    made = kgan.export.to_saved_model(gan, tmp_path / "saved")
    facts = json.loads((made.path / "assets.extra" / "kgan.json").read_text("utf-8"))
    assert Signature.from_json(facts["inputs"]) == OnnxNetwork(onnx_file).inputs
    assert ReceptiveField.from_json(facts["receptive_field"]).radius == 9


def test_a_generator_from_latents_has_no_receptive_field(tmp_path):
    gan = kgan.DCGAN((8, 8, 1), latent_dim=2, width=2)
    path = kgan.export.to_onnx(gan, tmp_path / "a.onnx").path
    facts = {each.key: each.value for each in onnx.load(path).metadata_props}
    assert "receptive_field" not in facts and facts["entry"] == "generate"
    with pytest.raises(UsageError, match="they lack 'receptive_field'"):
        load(path)


def test_it_is_all_there_without_keras(python):
    code = "import sys, kgan.photos as p; p.read, p.process; print('keras' in sys.modules)"
    assert python("-c", code).communicate()[0] == "False\n"
