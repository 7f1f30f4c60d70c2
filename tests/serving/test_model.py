"""The models of a server: their names, and what one call of them may take."""

import shutil

import numpy as np
import pytest

from kgan.errors import UsageError
from kgan.photos.picture import Picture
from kgan.photos.processing import process
from kgan.runtime import OnnxModel
from kgan.serving import Limits
from kgan.serving.model import VALUES, ServedModel, load_models, that_can
from kgan.zoo import registry


def test_a_model_is_named_after_its_preset_its_folder_or_its_file(files, folder):
    shutil.copytree(registry.PRESETS / "dcgan_fashion_mnist", folder / "mine")
    models = ["srresnet_x4", "mine/", str(files / "tiny.onnx"), f"other={files / 'tiny.onnx'}"]
    served = load_models(models, Limits())
    assert list(served) == ["srresnet_x4", "mine", "tiny", "other"]
    assert [each.model.entry for each in served.values()] == ["upscale"] + 3 * ["generate"]


def test_the_model_is_chosen_by_name_among_those_that_can(files):
    models = ["srresnet_x4", str(files / "tiny.onnx"), f"other={files / 'tiny.onnx'}"]
    served = load_models(models, Limits())
    assert that_can(served, "upscale", None).name == "srresnet_x4"
    assert that_can(served, "generate", "other").name == "other"
    with pytest.raises(UsageError, match="model must be given: one of other, tiny"):
        that_can(served, "generate", None)
    with pytest.raises(UsageError, match="model='srresnet_x4' is unknown; expected one of other"):
        that_can(served, "generate", "srresnet_x4")


def test_a_call_takes_fewer_rows_the_larger_they_are(files):
    served = ServedModel("in", OnnxModel(files / "inpainter.onnx"), Limits(rows=8))
    assert served.most_pixels == VALUES // 3  # of 3 values each

    def most(height, width):
        return served.most_rows({"image": (1, height, width, 3), "mask": (1, height, width, 1)})

    assert most(100, 100) == 8
    assert most(4000, 4000) == 2
    assert most(10_000, 10_000) == 0
    tiny = ServedModel("tiny", OnnxModel(files / "tiny.onnx"), Limits(rows=8))
    assert tiny.most_rows({"latent": (1, 4), "label": (1,)}) == 8


def test_a_file_with_an_input_of_an_unknown_kind_is_refused(files):
    model = OnnxModel(files / "tiny.onnx")
    described = model.input_signature.to_json().replace(
        '"latent", "kind": "latent"', '"z", "kind": "sound"'
    )
    model.input_signature = type(model.input_signature).from_json(described)
    with pytest.raises(UsageError, match="inputs that this version of kgan can check; it takes z"):
        ServedModel("tiny", model, Limits())


def test_the_batches_of_a_photograph_go_where_it_is_told(files):
    network = ServedModel("in", OnnxModel(files / "inpainter.onnx"), Limits()).network
    seen = []

    def ask(batch):
        seen.append({name: each.shape for name, each in batch.items()})
        return {"filled": batch["image"] * 0 + 1}

    picture = Picture(np.zeros((20, 30, 3), np.uint8))
    made = process(network.through(ask), picture, mask=np.ones((20, 30)))
    assert seen == [{"image": (1, 20, 30, 3), "mask": (1, 20, 30, 1)}]
    assert (np.asarray(made) == 255).all()
    assert network.ask is not ask
