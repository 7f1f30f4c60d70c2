"""A bundle holds every entry point in every format, and tells when a file is another."""

import json
import shutil
import subprocess

import numpy as np
import onnxruntime
import pytest

import kgan
import kgan.export
from kgan.errors import UsageError
from kgan.export import ExportError

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def gan(make_stirred):
    return make_stirred(kgan.BiGAN)


@pytest.fixture(scope="module")
def bundle(gan, tmp_path_factory):
    return gan.export(tmp_path_factory.mktemp("bundle") / "bigan", "bundle")


@pytest.fixture
def copy(bundle, tmp_path):
    return shutil.copytree(bundle.path, tmp_path / "copy")


def test_it_holds_every_entry_point_in_every_format(bundle):
    names = {file.name for file in bundle.path.iterdir()}
    entries = {f"{entry}{end}" for entry in ("generate", "encode") for end in ENDS}
    assert names == {*entries, "kgan.json", "SHA256SUMS", "vectors"}
    index = json.loads((bundle.path / "kgan.json").read_text("utf-8"))
    assert (index["model"], index["kgan_version"]) == ("BiGAN", kgan.__version__)
    assert set(index["files"]) == entries
    assert [field["name"] for field in index["entries"]["encode"]["inputs"]] == ["image"]
    assert [field["shape"] for field in index["entries"]["generate"]["outputs"]] == [[8, 8, 1]]
    differences = {name: facts["max_difference"] for name, facts in index["files"].items()}
    assert max(differences.values()) == bundle.max_difference < 2e-2
    assert all(found < 1e-4 for name, found in differences.items() if "fp16" not in name)
    sizes = [file.stat().st_size for file in bundle.path.rglob("*") if file.is_file()]
    assert bundle.bytes == sum(sizes)


ENDS = ("", ".onnx", "-fp16.onnx", ".tflite")


def test_its_files_are_those_of_the_formats(bundle, gan):
    latent = kgan.latent.sample(3, 4, seed=1)
    session = onnxruntime.InferenceSession(bundle.path / "generate.onnx")
    (images,) = session.run(["image"], {"latent": latent})
    np.testing.assert_allclose(images, gan.generate(3, seed=1), atol=1e-5)


def test_sha256sum_reads_its_sums(bundle):
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=bundle.path, check=True)


def test_the_proof_is_repeated(bundle):
    index = json.loads((bundle.path / "kgan.json").read_text("utf-8"))
    proved = kgan.export.verify(bundle.path)
    assert [each.path.name for each in proved] == list(index["files"])
    for each in proved:
        facts = index["files"][each.path.name]
        assert each.bytes == facts["bytes"]
        assert each.max_difference == pytest.approx(facts["max_difference"], rel=0.5, abs=1e-6)


def test_a_file_of_other_weights_is_found(copy, make_stirred):
    """Even with sums of its own: its images are others."""
    other = make_stirred(kgan.BiGAN, seed=5)
    file = copy / "generate.onnx"
    file.unlink()
    kgan.export.to_onnx(other, file)
    with pytest.raises(ExportError, match="generate.onnx is not the file that was exported"):
        kgan.export.verify(copy)
    sums = subprocess.run(["sha256sum", file.name], cwd=copy, capture_output=True, text=True).stdout
    lines = (copy / "SHA256SUMS").read_text("utf-8").splitlines(keepends=True)
    lines = [sums if line.endswith("  generate.onnx\n") else line for line in lines]
    (copy / "SHA256SUMS").write_text("".join(lines), "utf-8")
    with pytest.raises(ExportError, match="onnx export differs from Keras by"):
        kgan.export.verify(copy)


@pytest.mark.parametrize("name", ["encode.onnx", "vectors/encode.npz", "SHA256SUMS"])
def test_a_missing_file_is_found(copy, name):
    (copy / name).unlink()
    with pytest.raises(ExportError, match=f"{name} is not the file"):
        kgan.export.verify(copy)


def test_what_is_no_bundle(tmp_path):
    with pytest.raises(UsageError, match="must be a folder that kgan.export.to_bundle wrote"):
        kgan.export.verify(tmp_path)


def test_a_bundle_replaces_a_bundle_and_nothing_else(gan, bundle, tmp_path):
    (tmp_path / "mine.txt").write_text("mine", "utf-8")
    with pytest.raises(UsageError, match="must be a new folder or a bundle.*'mine.txt'"):
        kgan.export.to_bundle(gan, tmp_path)
    with pytest.raises(UsageError, match="gan must be a model of kgan"):
        kgan.export.to_bundle("gan", tmp_path / "a")
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]
    before = {file.name for file in bundle.path.iterdir()}
    (bundle.path / "mine.txt").write_text("mine", "utf-8")
    with pytest.raises(UsageError, match="'mine.txt'"):
        kgan.export.to_bundle(gan, bundle.path)
    (bundle.path / "mine.txt").unlink()
    assert kgan.export.to_bundle(gan, bundle.path).path == bundle.path
    assert {file.name for file in bundle.path.iterdir()} == before
