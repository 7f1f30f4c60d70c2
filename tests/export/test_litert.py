"""LiteRT files give Keras's images, by names, for free batches and sizes."""

import json
import subprocess

import numpy as np
import pytest
import tensorflow as tf

import kgan
import kgan.export
from kgan.errors import UsageError
from kgan.export import ExportError
from kgan.networks import PatchGAN, UNet


@pytest.fixture(scope="module")
def litert_file(gan, tmp_path_factory):
    return kgan.export.to_litert(gan, tmp_path_factory.mktemp("export") / "generator.tflite")


def runner(path):
    return tf.lite.Interpreter(str(path)).get_signature_runner("serving_default")


def test_a_seed_gives_the_images_of_generate(gan, litert_file):
    images = runner(litert_file.path)(latent=kgan.latent.sample(5, 8, seed=7))["image"]
    np.testing.assert_allclose(images, gan.generate(5, seed=7), atol=1e-5)
    assert 0 <= litert_file.max_difference < 1e-5


def test_no_weight_is_stored_twice(gan, litert_file):
    weights = 4 * gan.averaged_generator.count_params()
    assert weights < litert_file.bytes == litert_file.path.stat().st_size < 1.2 * weights


def test_unzip_prints_the_metadata_of_an_onnx_file(gan, litert_file, onnx_file):
    command = ["unzip", "-p", litert_file.path, "kgan.json"]
    found = json.loads(subprocess.run(command, capture_output=True, check=False).stdout)
    model = kgan.runtime.OnnxModel(onnx_file.path)
    assert found == model.metadata and found["model"] == "DCGAN"


def test_labels_have_a_name_and_a_type(conditional, tmp_path):
    export = kgan.export.export(conditional, tmp_path / "conditional.tflite")
    run = runner(export.path)
    details = run.get_input_details()
    assert {name: each["dtype"] for name, each in details.items()} == {
        "latent": np.float32,
        "label": np.int32,
    }
    inputs = conditional.generator_inputs(seed=7, labels=[2, 0, 1, 1])
    made = run(**inputs)["image"]
    # float16 has 11 bits: generate itself is that far away.
    np.testing.assert_allclose(made, conditional.generate(seed=7, labels=[2, 0, 1, 1]), atol=1e-2)


@pytest.mark.slow
def test_height_and_width_are_free(tmp_path):
    gan = kgan.Pix2Pix(
        channels=3,
        generator_network=UNet(4, 2, normalization="batch"),
        discriminator_network=PatchGAN(2, 1),
    )
    run = runner(kgan.export.to_litert(gan, tmp_path / "translate.tflite").path)
    for height, width in ((8, 8), (13, 9)):
        images = np.random.RandomState(0).uniform(-1, 1, (2, height, width, 3)).astype("float32")
        np.testing.assert_allclose(run(source=images)["target"], gan.translate(images), atol=1e-5)


def test_a_failed_proof_leaves_the_older_file(gan, litert_file, tmp_path, monkeypatch):
    path = tmp_path / "generator.tflite"
    path.write_bytes(b"older")

    def fail(*arguments, **options):
        raise ExportError("It differs.")

    monkeypatch.setattr("kgan.export.litert.prove", fail)
    monkeypatch.setattr("kgan.export.litert._converted", lambda serving: b"newer")
    with pytest.raises(ExportError, match="It differs"):
        kgan.export.to_litert(gan, path)
    assert path.read_bytes() == b"older" and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["generator.onnx", "generator"])
def test_another_name_is_refused(gan, tmp_path, name):
    with pytest.raises(UsageError, match="must be a file whose name ends in .tflite") as raised:
        kgan.export.to_litert(gan, tmp_path / name)
    assert raised.value.argument == "path"
