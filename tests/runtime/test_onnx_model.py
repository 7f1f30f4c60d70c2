"""Models in ONNX files: the answers of the models in Keras, without TensorFlow."""

import shutil
import subprocess
import sys

import numpy as np
import pytest

import kgan
from kgan import runtime, zoo
from kgan.errors import UsageError
from kgan.networks import SRVGG, Gated, PatchGAN, SNPatchGAN, UNet
from kgan.presets import PresetError
from kgan.runtime import OnnxModel
from kgan.zoo import registry

RANDOM = np.random.RandomState(0)
IMAGES = RANDOM.uniform(-1, 1, (3, 13, 9, 3)).astype("float32")
SMALL = {
    "generator_network": UNet(4, 2, normalization="batch"),
    "discriminator_network": PatchGAN(2, 1),
}


def export(gan, tmp_path, entry=None):
    return OnnxModel(kgan.export.to_onnx(gan, tmp_path / "model.onnx", entry=entry).path)


@pytest.mark.parametrize(
    "name", ["conditional_gan_fashion_mnist", "dcgan_fashion_mnist", "info_gan_fashion_mnist"]
)
def test_a_preset_generates_what_it_does_in_keras(name):
    gan, model = zoo.load(name), runtime.load(name)
    assert model.input_signature == gan.input_signature and model.model == type(gan).__name__
    for arguments in ({"truncation": 0.9}, {"batch_size": 3}):
        made = model.generate(5, seed=3, **arguments)
        assert made.dtype == np.float32
        np.testing.assert_allclose(made, gan.generate(5, seed=3, **arguments), atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", zoo.list_presets())
def test_every_preset_can_be_run(name):
    model, gan = runtime.load(name), zoo.load(name)
    files = (registry.PRESETS / name / file for file in ("sources.npy", "masks.npy"))
    given = [np.load(file)[:2] for file in files if file.exists()]
    if given:
        made, expected = (getattr(side, model.entry)(*given) for side in (model, gan))
    else:
        made, expected = model.generate(4, seed=1), gan.generate(4, seed=1)
    np.testing.assert_allclose(made, expected, atol=1e-4)


def test_labels_are_taken_by_name_and_checked():
    model = runtime.load("conditional_gan_fashion_mnist")
    np.testing.assert_array_equal(
        model.generate(seed=1, labels=["Bag", "Dress"]), model.generate(seed=1, labels=[8, 3])
    )
    with pytest.raises(UsageError, match="labels"):
        model.generate(seed=1, labels=[10])
    with pytest.raises(UsageError, match="ConditionalGAN takes no codes"):
        model.generate(seed=1, codes=[[1.0]])


@pytest.mark.slow
@pytest.mark.parametrize(
    "make, ask",
    [
        (
            lambda: kgan.Pix2Pix(channels=3, latent_dim=2, **SMALL),
            lambda model: model.translate(IMAGES, seed=4, batch_size=2),
        ),
        (
            lambda: kgan.SRGAN(
                generator_network=SRVGG(4, 1, 2), discriminator_network=PatchGAN(2, 1)
            ),
            lambda model: model.upscale(IMAGES, batch_size=2),
        ),
        (
            lambda: kgan.Colorization(**SMALL),
            lambda model: model.colorize(IMAGES, batch_size=2),
        ),
        (
            lambda: kgan.Segmentation(classes=3, **SMALL),
            lambda model: model.segment(IMAGES, batch_size=2),
        ),
        (
            lambda: kgan.Inpainting(
                generator_network=Gated(4, dilations=(2,)), discriminator_network=SNPatchGAN(4, 2)
            ),
            lambda model: model.inpaint(IMAGES, IMAGES[..., 0] > 0, batch_size=2),
        ),
    ],
    ids=["translate", "upscale", "colorize", "segment", "inpaint"],
)
def test_images_become_what_they_do_in_keras(tmp_path, make, ask):
    gan = make()
    made, expected = ask(export(gan, tmp_path)), ask(gan)
    assert made.dtype == expected.dtype and expected.std() > 0.01
    np.testing.assert_allclose(made, expected, atol=1e-4)


@pytest.mark.slow
def test_the_way_back_is_a_file_of_its_own(tmp_path):
    gan = kgan.CycleGAN(
        (16, 16, 3),
        generator_network=UNet(4, 2, normalization="batch"),
        discriminator_network=PatchGAN(2, 1),
    )
    model = export(gan, tmp_path, "translate_back")
    np.testing.assert_allclose(model.translate_back(IMAGES), gan.translate_back(IMAGES), atol=1e-4)
    with pytest.raises(UsageError, match=r"CycleGAN, which cannot translate by this file"):
        model.translate(IMAGES)


def test_errors_name_what_was_asked():
    model = runtime.load("srresnet_x4")
    assert repr(model) == "<OnnxModel 'srresnet_x4', a SRGAN: upscale(source ?x?x3)>"
    with pytest.raises(UsageError, match="which cannot generate by this file; use upscale"):
        model.generate(1)
    with pytest.raises(UsageError, match="images must"):
        model.upscale(IMAGES[..., :1])
    with pytest.raises(UsageError, match="Did you mean 'srresnet_x4'"):
        runtime.load("srresnet")
    with pytest.raises(UsageError, match="must be an ONNX file; there is none"):
        runtime.load("srresnet.onnx")


def test_the_images_do_not_depend_on_the_threads():
    one, two = (runtime.load("dcgan_fashion_mnist", threads=threads) for threads in (1, 2))
    np.testing.assert_allclose(one.generate(3, seed=1), two.generate(3, seed=1), atol=1e-5)


def test_a_changed_file_is_not_run(tmp_path):
    folder = tmp_path / "preset"
    folder.mkdir()
    for file in (registry.PRESETS / "dcgan_fashion_mnist").iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    assert runtime.load(folder).generate(1, seed=0).shape == (1, 28, 28, 1)
    pixels = bytearray((folder / "generator.onnx").read_bytes())
    pixels[len(pixels) // 2] ^= 1
    (folder / "generator.onnx").write_bytes(pixels)
    with pytest.raises(PresetError, match="generator.onnx has another SHA-256"):
        runtime.load(folder)


def test_neither_tensorflow_nor_keras_is_imported(tmp_path):
    program = (
        "import sys; from kgan.cli.main import cli\n"
        "cli('generate dcgan_fashion_mnist -n 1 --out x.png'.split(), standalone_mode=False)\n"
        "assert not {'tensorflow', 'keras', 'onnx', 'matplotlib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True)
    assert (tmp_path / "x.png").stat().st_size > 100


def test_a_preset_without_checksums_or_without_onnxruntime_says_so(tmp_path, monkeypatch):
    shutil.copytree(registry.PRESETS / "dcgan_fashion_mnist", tmp_path / "preset")
    (tmp_path / "preset" / "SHA256SUMS").unlink()
    with pytest.raises(PresetError, match="SHA256SUMS is missing"):
        runtime.load(tmp_path / "preset")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(UsageError, match="needs onnxruntime"):
        runtime.load("dcgan_fashion_mnist")
