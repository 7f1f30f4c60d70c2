import json

import pytest

from kgan.errors import UsageError


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
        (("a.pb",), r"path='a\.pb' must end in \.onnx or \.tflite, or be a folder"),
        (("a.onnx", "onxx"), "format='onxx' is unknown.*Did you mean 'onnx'"),
        (("a.onnx", None, "encode"), "entry='encode' is unknown"),
    ],
)
def test_exports_that_cannot_be(labelled_gan, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=message):
        labelled_gan.export(*arguments)
    assert not list(tmp_path.iterdir())
