import numpy as np
import pytest

from kgan.export.proof import ExportError, prove

INPUTS, OUTPUTS = (
    {"latent": np.zeros((3, 2), np.float32)},
    {"image": np.zeros((3, 4, 4, 1), np.float32)},
)


@pytest.mark.parametrize(
    ("runtime", "package", "blocked"),
    [
        ("saved_model", "tensorflow", "kgan"),
        ("onnx", "onnxruntime", "kgan"),
        ("onnx", "onnxruntime", "tensorflow"),
        ("onnx", "onnxruntime", "keras"),
    ],
)
def test_the_fresh_process_cannot_import(tmp_path, monkeypatch, runtime, package, blocked):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / f"{package}.py").write_text(f"import {blocked}")
    with pytest.raises(ExportError, match=f"does not run: .*import of {blocked} halted"):
        prove(runtime, tmp_path / "file", (INPUTS, OUTPUTS))


def fake_runtime(tmp_path, monkeypatch, answer):
    """A runtime whose answer for a latent is the expression `answer`."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "onnxruntime.py").write_text(
        "import numpy as np\n"
        "class InferenceSession:\n"
        "    def __init__(self, path, providers): pass\n"
        "    def get_outputs(self):\n"
        "        from types import SimpleNamespace\n"
        "        return [SimpleNamespace(name='image')]\n"
        "    def run(self, names, inputs):\n"
        f"        n = len(inputs['latent']); return [{answer}]\n"
    )


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("np.zeros((1, 4, 4, 1), np.float32)", r"shape \(1, 4, 4, 1\) for a batch of 3"),
        ("np.zeros((n, 4, 4, 1))", "image as float64"),
        ("np.full((n, 4, 4, 1), 2e-4, np.float32)", "differs from Keras by 0.0002"),
        ("np.full((n, 4, 4, 1), np.nan, np.float32)", "differs from Keras by nan"),
    ],
)
def test_other_images_are_refused(tmp_path, monkeypatch, answer, message):
    fake_runtime(tmp_path, monkeypatch, answer)
    with pytest.raises(ExportError, match=message):
        prove("onnx", tmp_path / "file", (INPUTS, OUTPUTS))


def test_the_largest_difference_of_both_batches_is_returned(tmp_path, monkeypatch):
    fake_runtime(tmp_path, monkeypatch, "np.full((n, 4, 4, 1), 1e-5 * n, np.float32)")
    difference = prove("onnx", tmp_path / "file", (INPUTS, OUTPUTS))
    assert difference == pytest.approx(3e-5)


def test_every_input_gets_its_name_and_type(tmp_path, monkeypatch):
    answer = (
        "np.full((n, 4, 4, 1), (sorted(inputs) == ['label', 'latent'] "
        "and inputs['label'].dtype == np.int32) - 1, np.float32)"
    )
    fake_runtime(tmp_path, monkeypatch, answer)
    labels = {"label": np.arange(3, dtype=np.int32)}
    assert prove("onnx", tmp_path / "file", ({**INPUTS, **labels}, OUTPUTS)) == 0
    with pytest.raises(ExportError, match="differs from Keras by 1"):
        prove("onnx", tmp_path / "file", (INPUTS, OUTPUTS))


def test_every_case_is_compared(tmp_path, monkeypatch):
    """An export that froze the size of its first case fails at the second."""
    fake_runtime(tmp_path, monkeypatch, "np.zeros((n, 4, 4, 1), np.float32)")
    larger = {"image": np.zeros((3, 4, 7, 1), np.float32)}
    with pytest.raises(
        ExportError, match=r"shape \(1, 4, 4, 1\) for a batch of 1, expected .*4, 7"
    ):
        prove("onnx", tmp_path / "file", (INPUTS, OUTPUTS), (INPUTS, larger))
