import numpy as np
import pytest
import tensorflow as tf

import kgan.export
from kgan import latent
from kgan.errors import UsageError


def test_signature_names_types_and_free_batch(saved_model):
    serve = tf.saved_model.load(saved_model.path).signatures["serving_default"]
    (received,) = serve.structured_input_signature[1].values()
    assert (received.name, received.shape.as_list(), received.dtype) == (
        "latent",
        [None, 8],
        tf.float32,
    )
    (name,) = serve.structured_outputs
    image = serve.structured_outputs[name]
    assert (name, image.shape.as_list(), image.dtype) == ("image", [None, 16, 16, 1], tf.float32)


def test_a_seed_gives_the_images_of_generate(gan, saved_model):
    loaded = tf.saved_model.load(saved_model.path)
    images = loaded.serve(latent.sample(4, gan.latent_dim, seed=7))["image"].numpy()
    assert np.abs(images - gan.generate(4, seed=7)).max() < 1e-4


def test_no_weight_is_stored_twice(gan, saved_model):
    weights = 4 * gan.averaged_generator.count_params()
    data = saved_model.path / "variables" / "variables.data-00000-of-00001"
    assert weights <= data.stat().st_size < 1.02 * weights
    files = [file for file in saved_model.path.rglob("*") if file.is_file()]
    assert saved_model.bytes == sum(file.stat().st_size for file in files) < 1.6 * weights


def test_the_difference_is_that_of_rounding(saved_model):
    assert 0 <= saved_model.max_difference < 1e-5


@pytest.mark.slow
def test_labels_have_a_name_and_a_type(conditional, tmp_path):
    export = kgan.export.to_saved_model(conditional, tmp_path / "conditional")
    assert export.max_difference < 1e-5
    loaded = tf.saved_model.load(export.path)
    received = loaded.signatures["serving_default"].structured_input_signature[1]
    assert {name: (spec.dtype.name, spec.shape.as_list()) for name, spec in received.items()} == {
        "latent": ("float32", [None, 4]),
        "label": ("int32", [None]),
    }
    inputs = conditional.generator_inputs(seed=7, labels=[2, 0, 1, 1])
    images = loaded.serve(**inputs)["image"].numpy()
    # float16 has 11 bits: generate itself is that far away.
    assert np.abs(images - conditional.generate(seed=7, labels=[2, 0, 1, 1])).max() < 1e-2
    others = loaded.serve(inputs["latent"], np.zeros(4, np.int32))["image"].numpy()
    assert np.abs(images - others)[[0, 2, 3]].max(axis=(1, 2, 3)).min() > 0.01


@pytest.mark.slow
def test_a_wrong_weight_fails_and_leaves_the_older_export(gan, tmp_path, monkeypatch):
    save = tf.saved_model.save

    def break_then_save(serving, path, signatures):
        weight = serving.weights[0]
        kept = weight.numpy()
        weight.assign(kept + 0.1)
        save(serving, path, signatures=signatures)
        weight.assign(kept)

    monkeypatch.setattr(tf.saved_model, "save", break_then_save)
    older = tmp_path / "served"
    older.mkdir()
    (older / "saved_model.pb").write_text("older")
    with pytest.raises(kgan.export.ExportError, match=r"differs from Keras by 0\.\d+, more than"):
        kgan.export.to_saved_model(gan, older)
    assert [file.name for file in tmp_path.rglob("*")] == ["served", "saved_model.pb"]
    assert (older / "saved_model.pb").read_text() == "older"


def test_an_older_export_is_replaced(gan, tmp_path, monkeypatch):
    # The proof by a fresh process is the fixture's; here only the place of the folder counts.
    monkeypatch.setattr("kgan.export.saved_model.prove", lambda *arguments: 0.0)
    (tmp_path / "served" / "variables").mkdir(parents=True)
    (tmp_path / "served" / "saved_model.pb").write_text("older")
    kgan.export.to_saved_model(gan, tmp_path / "served")
    assert (tmp_path / "served" / "saved_model.pb").stat().st_size > 1000
    assert [file.name for file in tmp_path.iterdir()] == ["served"]


@pytest.mark.parametrize("foreign", ["thesis.tex", "saved_model.txt"])
def test_a_folder_of_something_else_is_refused(gan, tmp_path, foreign):
    (tmp_path / foreign).write_text("mine")
    (tmp_path / "saved_model.pb").write_text("older")
    with pytest.raises(UsageError, match=f"holds '{foreign}'"):
        kgan.export.to_saved_model(gan, tmp_path)
    assert (tmp_path / foreign).read_text() == "mine"


def test_a_file_is_refused(gan, tmp_path):
    (tmp_path / "notes").write_text("mine")
    with pytest.raises(UsageError, match="received a file"):
        kgan.export.to_saved_model(gan, tmp_path / "notes")
    assert (tmp_path / "notes").read_text() == "mine"
