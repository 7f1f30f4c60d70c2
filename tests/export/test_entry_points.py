"""What a model can be asked, through each format, with the parity gate."""

import numpy as np
import onnxruntime
import pytest
import tensorflow as tf

import kgan
import kgan.export
from kgan.errors import UsageError

IMAGES = np.random.RandomState(1).uniform(-1, 1, (4, 8, 8, 1)).astype("float32")


def classes(gan, outputs):
    """The likeliest classes of exported logits, and those that the model itself tells."""
    return outputs["class_logits"].argmax(-1), gan.classify(IMAGES)


# Kind, its arguments, entry point, and what the export and the model give for the same inputs.
CASES = {
    "bigan": (
        kgan.BiGAN,
        {},
        "encode",
        lambda gan, outputs: (outputs["latent"], gan.encode(IMAGES)),
    ),
    "acgan": (kgan.ACGAN, {"classes": 3}, "classify", classes),
    "semi_supervised_gan": (kgan.SemiSupervisedGAN, {"classes": 3}, "classify", classes),
    "info_gan": (
        kgan.InfoGAN,
        {"categorical": [3, 2], "continuous": 1},
        "codes",
        lambda gan, outputs: (outputs["code"], gan.encode(IMAGES)),
    ),
}


def run_onnx(path, inputs):
    session = onnxruntime.InferenceSession(path)
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, inputs), strict=True))


def run_saved_model(path, inputs):
    outputs = tf.saved_model.load(path).signatures["serving_default"](
        **{name: tf.constant(values) for name, values in inputs.items()}
    )
    return {name: value.numpy() for name, value in outputs.items()}


FORMATS = [
    pytest.param(kgan.export.to_onnx, "a.onnx", run_onnx, id="onnx"),
    pytest.param(
        kgan.export.to_saved_model, "a", run_saved_model, id="saved_model", marks=pytest.mark.slow
    ),
]


@pytest.mark.parametrize(("export", "name", "run"), FORMATS)
@pytest.mark.parametrize("case", CASES)
def test_what_a_model_is_asked_besides_images(make_stirred, tmp_path, case, export, name, run):
    kind, arguments, entry, answers = CASES[case]
    gan = make_stirred(kind, **arguments)
    made = export(gan, tmp_path / name, entry=entry)
    assert made.max_difference < 1e-5
    outputs = run(made.path, {"image": IMAGES})
    exported, own = answers(gan, outputs)
    np.testing.assert_allclose(exported, own, atol=1e-5)
    (values,) = outputs.values()
    assert values.std(0).max() > 1e-4  # the images matter


@pytest.mark.parametrize(("export", "name", "run"), FORMATS)
@pytest.mark.parametrize("case", CASES)
def test_every_model_generates(make_stirred, tmp_path, case, export, name, run):
    kind, arguments, *_ = CASES[case]
    gan = make_stirred(kind, **arguments)
    made = export(gan, tmp_path / name, entry="generate")
    assert made.max_difference < 1e-5
    outputs = run(made.path, gan.generator_inputs(4, seed=7))
    np.testing.assert_allclose(outputs["image"], gan.generate(4, seed=7), atol=1e-5)


def test_the_metadata_name_the_entry_and_what_it_gives(make_stirred, tmp_path):
    gan = make_stirred(kgan.BiGAN)
    path = kgan.export.to_onnx(gan, tmp_path / "a.onnx", entry="encode").path
    metadata = onnxruntime.InferenceSession(path).get_modelmeta().custom_metadata_map
    assert (metadata["entry"], metadata["latent_dim"]) == ("encode", "4")


@pytest.mark.parametrize("export", [kgan.export.to_onnx, kgan.export.to_saved_model])
def test_an_entry_that_the_model_lacks_gets_the_nearest_name(make_stirred, tmp_path, export):
    gan = make_stirred(kgan.ACGAN, classes=3)
    with pytest.raises(UsageError, match=r"entry='clasify'.*Did you mean 'classify'\?"):
        export(gan, tmp_path / "a.onnx", entry="clasify")
    with pytest.raises(UsageError, match=r"entry='encode' is unknown; .*generate"):
        export(make_stirred(kgan.DCGAN), tmp_path / "a.onnx", entry="encode")
    assert not list(tmp_path.iterdir())
