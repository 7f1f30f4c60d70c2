import json
import zipfile

import keras
import numpy as np
import pytest
from keras import layers

import kgan
from kgan.errors import UsageError


@pytest.fixture(scope="module")
def saved(tiny_gan, tmp_path_factory):
    """The path of a good file."""
    path = tmp_path_factory.mktemp("saved") / "gan.keras"
    tiny_gan.save(path)
    return path


@pytest.fixture
def path(tmp_path):
    return tmp_path / "gan.keras"


def changed(source, target, change):
    """Write `target` as `source` with another configuration."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "config.json":
                config = json.loads(content)
                change(config)
                content = json.dumps(config).encode()
            new.writestr(name, content)


def refused(path, *parts):
    with pytest.raises(UsageError) as error:
        kgan.load_model(path)
    message = str(error.value)
    assert message.startswith(f"path={str(path)!r} ")
    assert message.endswith(".") and ".." not in message.removeprefix(f"path={str(path)!r}")
    for part in parts:
        assert part in message


def test_a_good_file_by_str_and_path(tiny_gan, saved):
    expected = tiny_gan.generate(2, seed=3)
    for name in (saved, str(saved)):
        gan = kgan.load_model(name)
        assert type(gan) is kgan.DCGAN
        np.testing.assert_array_equal(gan.generate(2, seed=3), expected)


def test_nothing_there(path, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"must be a .keras file; there is none"):
        kgan.load_model(path)
    with pytest.raises(FileNotFoundError, match=r"must be a .keras file; this is a folder"):
        kgan.load_model(tmp_path)
    with pytest.raises(ValueError, match="path must be the path of a .keras file; received None"):
        kgan.load_model(None)


@pytest.mark.parametrize("part", [0.0, 0.01, 0.5, 0.99])
def test_cut_short(saved, path, part):
    content = saved.read_bytes()
    path.write_bytes(content[: int(len(content) * part)])
    refused(path, "must be a .keras file", "cut short", "a checkpoint of the run")


def test_one_flipped_byte(saved, path):
    content = bytearray(saved.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    refused(path, "cannot be loaded: Bad CRC-32 for file 'model.weights.h5'. Copy it again")


def test_text(path):
    path.write_text("epoch,loss\n1,0.5\n")
    refused(path, "must be a .keras file", "of another format")


def test_another_archive(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("notes.txt", "no model")
    refused(path, "cannot be loaded", "no item named 'config.json'", "Copy it again")


def test_another_kind_of_model(path):
    keras.Sequential([keras.Input((3,)), layers.Dense(2)]).save(path)
    refused(path, "holds a Sequential, not a model of kgan", "kgan.GAN(generator, discriminator)")


@pytest.mark.filterwarnings("ignore:Skipping nested container")
def test_weights_of_other_networks(saved, path):
    changed(saved, path, lambda config: config["config"]["networks"]["config"].update(width=16))
    refused(path, "cannot be loaded", "objects could not be loaded", "Copy it again")


def test_a_class_that_nothing_registered(saved, path):
    changed(
        saved, path, lambda config: config.update(class_name="MyGAN", registered_name="my>MyGAN")
    )
    refused(path, "Could not locate class 'MyGAN'. Import the module that defines")


def test_a_lambda_layer_is_refused_and_never_runs(path, tmp_path):
    """The file has a Lambda layer written in by hand, since `kgan.GAN` would refuse it."""
    witness = tmp_path / "it ran"
    generator = keras.Sequential([keras.Input((8,)), layers.Dense(64), layers.Reshape((8, 8, 1))])
    discriminator = keras.Sequential([keras.Input((8, 8, 1)), layers.Flatten(), layers.Dense(1)])
    gan = kgan.GAN(generator, discriminator)
    gan.compile()
    gan.save(tmp_path / "good.keras")
    code = layers.Lambda(lambda x, name=str(witness): open(name, "w").close() or x)
    unsafe = keras.saving.serialize_keras_object(code)

    def add(config):
        config["config"]["generator"]["config"]["layers"].append(unsafe)

    changed(tmp_path / "good.keras", path, add)
    refused(path, "it holds a Lambda layer, whose code would run on loading", "Replace that layer")
    keras.Sequential([keras.Input((3,)), code]).save(path)
    witness.unlink(missing_ok=True)  # saving may have called it
    refused(path, "it holds a Lambda layer")
    assert not witness.exists()


@pytest.mark.parametrize("package", ["keras_hub", "keras_cv", "keras_nlp", "evil"])
@pytest.mark.parametrize("where", ["model", "layer", "function"])
def test_a_module_that_the_file_names_is_not_imported(
    saved, path, tmp_path, monkeypatch, package, where
):
    """Keras imports some packages by their names, and Python looks in the current folder, too."""
    (tmp_path / f"{package}.py").write_text("raise SystemExit('it ran')")
    monkeypatch.syspath_prepend(tmp_path)

    def change(config):
        layer = config["config"]["prior"] = {"class_name": "Own", "config": {}, "module": package}
        if where == "model":
            config.update(module=package, class_name="Own", registered_name="Own")
        if where == "function":
            layer.update(class_name="function", config="Own", registered_name="Own")

    changed(saved, path, change)
    refused(path, "Could not locate", "'Own'. Import the module that defines")


@pytest.mark.parametrize("kind", ["Lambda", "__lambda__", "TFSMLayer", "TorchModuleWrapper"])
def test_layers_of_code_are_refused_whatever_they_claim_to_be(saved, path, kind):
    layer = {"class_name": kind, "config": {}, "module": "keras.layers"}
    for claim in ({}, {"registered_name": "kgan>DCGAN"}, {"module": None}):
        changed(saved, path, lambda config, claim=claim: config["config"].update(x=layer | claim))
        refused(path, f"it holds a {kind.strip('_')} layer, whose code would run on loading")
