from pathlib import Path

import pytest

from kgan import export
from kgan.cli import models
from kgan.cli.export import export as command
from kgan.export import exporting, formats


@pytest.fixture
def exporters(monkeypatch):
    """The exporters replaced; gives the calls. tests/export has the real ones."""
    calls = []

    def exporter(name):
        def call(served, path, **options):
            calls.append((name, served, path, options))
            return export.Export(Path(path), 2_340_000, 1.2e-7)

        return call

    monkeypatch.setattr(models, "find", lambda model: model)
    monkeypatch.setattr(models, "load", lambda found, recipe: f"the GAN {found}")
    for name, form in formats.FORMATS.items():
        monkeypatch.setitem(formats.FORMATS, name, form._replace(write=exporter(name)))
    monkeypatch.setattr(exporting, "Serving", lambda *served: served)
    monkeypatch.setattr(exporting, "to_bundle", exporter("bundle"))
    return calls


def test_the_command_has_every_format():
    """It lists them itself, since --help does not load TensorFlow."""
    (form,) = (each for each in command.params if each.name == "form")
    assert set(form.type.names) == {*formats.FORMATS, exporting.BUNDLE, exporting.PAGE}


@pytest.mark.parametrize(
    ("form", "options", "expected"),
    [
        ("onnx", [], (None, {})),
        ("onnx", ["--opset", 13], (None, {"opset": 13})),
        ("onnx-fp16", ["--entry", "a"], ("a", {})),
        ("saved_model", [], (None, {})),
        ("litert", [], (None, {})),
    ],
)
def test_the_format_chooses_the_exporter(kgan, exporters, form, options, expected):
    result = kgan("export", "gan", "--format", form, "--out", "a.onnx", *options)
    assert result.exit_code == 0
    entry, settings = expected
    assert exporters == [(form, ("the GAN gan", entry), Path("a.onnx"), settings)]
    assert result.stdout == "a.onnx: 2.3 MB, differs from Keras by 1.2e-07 at most\n"


def test_a_bundle_takes_the_model(kgan, exporters):
    assert kgan("export", "gan", "--format", "bundle", "--out", "a").exit_code == 0
    assert exporters == [("bundle", "the GAN gan", Path("a"), {})]


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["--format", "onxx", "--out", "a"], ["Did you mean 'onnx'?"]),
        (["--format", "onnx"], ["--out"]),
        (["--out", "a"], ["--format"]),
        (["--format", "saved_model", "--out", "a", "--opset", "13"], ["--opset", "onnx"]),
        (["--format", "bundle", "--out", "a", "--opset", "13"], ["--opset", "onnx"]),
        (["--format", "bundle", "--out", "a", "--entry", "b"], ["--entry", "every entry point"]),
    ],
)
def test_wrong_use(refuses, words, parts):
    refuses(2, parts, "export", "gan", *words)


def test_the_error_of_an_unknown_entry_names_the_option(refuses, tiny_gan, monkeypatch):
    monkeypatch.setattr(models, "find", lambda model: model)
    monkeypatch.setattr(models, "load", lambda found, recipe: tiny_gan)
    words = ("export", "gan", "--format", "onnx", "--out", "a.onnx", "--entry", "encode")
    refuses(2, ["Error: --entry='encode' is unknown; expected one of generate."], *words)


def test_a_failed_export_is_a_failure(kgan, exporters, refuses, monkeypatch):
    def fail(gan, path):
        raise export.ExportError("The onnx export differs from Keras by 1, more than 0.0001.")

    failing = formats.FORMATS["onnx"]._replace(write=fail)
    monkeypatch.setitem(formats.FORMATS, "onnx", failing)
    words = ("export", "gan", "--format", "onnx", "--out", "a.onnx")
    refuses(1, ["differs from Keras by 1"], *words)


@pytest.mark.slow
def test_a_run_becomes_an_onnx_file(folder, tiny_gan, kgan):
    (folder / "run").mkdir()
    tiny_gan.save(folder / "run" / "model.keras")
    result = kgan("export", "run", "--format", "onnx", "--out", "gan.onnx", "--opset", 13)
    assert result.exit_code == 0, result.stderr
    assert (folder / "gan.onnx").stat().st_size > 10_000
    assert result.stdout.startswith("gan.onnx: 0.0 MB, differs from Keras by ")
