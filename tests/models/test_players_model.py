"""What every model answers: its size in two lines, its inputs by name, its files."""

import json

import numpy as np
import pytest

import kgan
from kgan.errors import UsageError


@pytest.fixture(scope="module")
def labelled_gan():
    names = ["boot", "bag", "shirt"]
    gan = kgan.ConditionalGAN((8, 8, 1), classes=3, latent_dim=4, width=4, class_names=names)
    gan.compile()
    return gan


def test_two_lines_say_what_a_model_is(labelled_gan, tiny_gan, images, make_gan):
    gan = make_gan()
    gan.fit(images, batch_size=16, verbose=0)
    for model in (labelled_gan, tiny_gan, gan):
        lines = repr(model).splitlines()
        assert len(lines) == 2 and max(map(len, lines)) <= 100 and str(model) == repr(model)
    assert repr(labelled_gan).startswith("<ConditionalGAN: latent 4, label 0..2 -> image 8x8x1;")
    assert repr(gan).endswith("; 4 steps>")
    count = f"{gan.generator.count_params():,}"
    assert f"generator {count}, discriminator" in repr(gan)
    translator = kgan.Pix2Pix(generator_network=kgan.networks.UNet(width=4, depth=2))
    assert repr(translator).startswith("<Pix2Pix: source ?x?x3 -> target ?x?x3;")


def test_predict_takes_what_generate_feeds(labelled_gan):
    inputs = labelled_gan.generator_inputs(6, seed=3, labels=[0, 1, 2, 2, 1, 0])
    expected = labelled_gan.generate(6, seed=3, labels=[0, 1, 2, 2, 1, 0])
    as_tuple = tuple(inputs[name] for name in labelled_gan.input_signature)
    for given in (inputs, as_tuple):
        np.testing.assert_allclose(labelled_gan.predict(given, verbose=0), expected, atol=1e-6)


@pytest.mark.parametrize("given", [(np.zeros((2, 4)),), {"latent": np.zeros((2, 4))}, (1, 2, 3)])
def test_inputs_that_are_not_all_there(labelled_gan, given):
    with pytest.raises(UsageError, match="inputs must hold latent, label: a dict by these names"):
        labelled_gan.inputs_by_name(given)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "suffix"), [("onnx", ".onnx"), ("saved_model", "")])
def test_a_model_exports_itself(labelled_gan, tmp_path, name, suffix):
    made = labelled_gan.export(tmp_path / f"file{suffix}")
    assert made.max_difference < 1e-4 and made.path == tmp_path / f"file{suffix}"
    if name == "saved_model":
        metadata = json.loads((made.path / "assets.extra" / "kgan.json").read_text("utf-8"))
        assert json.loads(metadata["class_names"]) == ["boot", "bag", "shirt"]
        assert metadata["entry"] == "generate"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("a.pb",), r"path='a\.pb' must end in \.onnx, or be a folder for a SavedModel"),
        (("a.onnx", "onxx"), "format='onxx' is unknown.*Did you mean 'onnx'"),
        (("a.onnx", None, "encode"), "entry='encode' is unknown"),
    ],
)
def test_exports_that_cannot_be(labelled_gan, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=message):
        labelled_gan.export(*arguments)
    assert not list(tmp_path.iterdir())
