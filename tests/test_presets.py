import json
import pathlib
import shutil
import subprocess
import sys
import warnings

import h5py
import keras
import numpy as np
import pytest
from PIL import Image

import kgan
from kgan import presets
from kgan.errors import UsageError
from kgan.presets import files
from kgan.zoo import registry

CARD = presets.Card(
    "Small test images.", recipe="tiny", seed=3, minutes=0.1, figure="none", license="Apache-2.0"
)


@pytest.fixture(scope="module")
def gan():
    """A GAN whose averaged generator is not the trained one, with a compile of its own."""
    gan = kgan.DCGAN(image_shape=(16, 16, 1), latent_dim=8, width=8, seed=0)
    gan.compile(loss="hinge", penalties=["r1"], discriminator_optimizer=keras.optimizers.SGD(0.5))
    random = np.random.RandomState(0)
    for weight in gan.averaged_generator.weights + gan.discriminator.weights:
        weight.assign(np.abs(weight.numpy() + random.normal(scale=0.05, size=weight.shape)))
    return gan


@pytest.fixture(scope="module")
def saved(gan, tmp_path_factory):
    return presets.save(gan, tmp_path_factory.mktemp("preset") / "tiny", CARD, samples_seed=5)


@pytest.fixture
def copy(saved, tmp_path):
    return pathlib.Path(shutil.copytree(saved, tmp_path / "copy"))


def test_the_folder_holds_what_kerashub_users_know(saved):
    assert {file.name for file in saved.iterdir()} == {*presets.FILES, "SHA256SUMS"}
    metadata = json.loads((saved / "metadata.json").read_text())
    assert metadata["keras_version"] == keras.__version__
    assert metadata["kgan_version"] == kgan.__version__
    checked = subprocess.run(
        ["sha256sum", "-c", "SHA256SUMS"], cwd=saved, capture_output=True, text=True
    )
    assert sorted(checked.stdout.splitlines()) == sorted(f"{name}: OK" for name in presets.FILES)


def test_weights_are_stored_once(gan, saved):
    parameters = json.loads((saved / "metadata.json").read_text())["parameter_count"]
    assert parameters["generator"] == gan.averaged_generator.count_params()
    with h5py.File(saved / "model.weights.h5") as file:
        assert {"generator", "discriminator"} <= set(file)
        sizes = []
        file.visititems(
            lambda name, item: sizes.append(item.size) if isinstance(item, h5py.Dataset) else None
        )
    assert sum(sizes) == sum(parameters.values())


def test_a_loaded_gan_is_the_saved_one(gan, saved):
    loaded = presets.load(saved)
    assert type(loaded) is kgan.DCGAN
    assert loaded.get_config() == gan.get_config()
    assert loaded.get_compile_config() == gan.get_compile_config()
    for ours, theirs in [
        (loaded.averaged_generator, gan.averaged_generator),
        (loaded.discriminator, gan.discriminator),
        (loaded.generator, gan.averaged_generator),
    ]:
        for received, expected in zip(ours.get_weights(), theirs.get_weights(), strict=True):
            assert np.array_equal(received, expected)
    assert np.array_equal(loaded.generate(4, seed=7), gan.generate(4, seed=7))


def test_a_loaded_gan_can_be_trained_on(saved, images):
    loaded = presets.load(saved)
    before = loaded.generate(2, seed=1)
    history = loaded.fit(images, batch_size=32, epochs=1, verbose=0).history
    assert np.isfinite(history["generator_loss"]).all()
    assert np.abs(loaded.generate(2, seed=1) - before).max() > 0


def test_the_sample_grid_shows_the_seed_of_the_card(gan, saved, tmp_path):
    from kgan.images import save_grid

    save_grid(tmp_path / "expected.png", gan.generate(64, seed=5), columns=8)
    expected = np.asarray(Image.open(tmp_path / "expected.png"))
    assert np.array_equal(np.asarray(Image.open(saved / "samples.png")), expected)


def test_the_cards_code_without_kgan_gives_the_sample_images(gan, saved, monkeypatch):
    card = (saved / "README.md").read_text()
    assert "Small test images." in card
    assert "| Recipe | tiny |" in card
    assert "| Data |" not in card
    monkeypatch.chdir(saved)
    with_kgan, without = (block.partition("```")[0] for block in card.split("```python\n")[1:])
    names = {}
    exec(without, names)
    assert np.abs(names["images"] - gan.generate(64, seed=5)).max() < 1e-4
    exec(with_kgan.replace('"tiny"', '"."'), names)
    assert np.array_equal(names["images"], gan.generate(64, seed=5))


def exec_card(folder, monkeypatch, gan):
    """The images of the card's two code blocks, with kgan and without."""
    card = (folder / "README.md").read_text()
    monkeypatch.chdir(folder)
    images = []
    for block in card.split("```python\n")[1:]:
        names = {}
        exec(block.partition("```")[0].replace(f'"{folder.name}"', '"."'), names)
        images.append(names["images"])
    return card, *images


@pytest.mark.parametrize(
    ("kind", "arguments", "n", "meaning"),
    [
        (kgan.ACGAN, {"classes": 10}, 60, "`labels` are classes, 0 to 9"),
        (
            kgan.InfoGAN,
            {"categorical": [3, 2], "continuous": 1},
            64,
            "`codes` are float32 (64, 6): a one-hot vector of length 3, then a one-hot vector of "
            "length 2, then 1 numbers from -1 to 1.",
        ),
    ],
)
def test_a_conditional_models_card_is_right(tmp_path, monkeypatch, kind, arguments, n, meaning):
    gan = kind((8, 8, 1), latent_dim=4, width=4, **arguments)
    gan.compile()
    folder = presets.save(gan, tmp_path / "further", samples_seed=5)
    card, with_kgan, without = exec_card(folder, monkeypatch, gan)
    assert meaning in card and f"![{n} samples of seed 5]" in card
    expected = gan.generate(n, seed=5)
    assert np.array_equal(with_kgan, expected)
    assert np.abs(without - expected).max() < 1e-4
    with Image.open(folder / "samples.png") as picture:
        columns = 10 if n == 60 else 8
        assert picture.size == (columns * 66 + 2, n // columns * 66 + 2)
    loaded = presets.load(folder)
    assert type(loaded) is kind
    assert np.array_equal(loaded.generate(n, seed=5), expected)


def test_a_preset_of_vectors_keeps_those_of_its_samples(tmp_path, monkeypatch):
    gan = kgan.ConditionalGAN((8, 8, 1), condition_dim=3, latent_dim=4, width=4)
    gan.compile()
    with pytest.raises(UsageError, match=r"conditions must be given: ConditionalGAN .*\(n, 3\)"):
        presets.save(gan, tmp_path / "vectors")
    with pytest.raises(UsageError, match=r"conditions must be finite numbers of the shape \(5, 3"):
        presets.save(gan, tmp_path / "vectors", inputs={"conditions": np.zeros((5, 4))})
    assert not (tmp_path / "vectors").exists()
    vectors = np.random.RandomState(0).normal(size=(5, 3))
    folder = presets.save(gan, tmp_path / "vectors", inputs={"conditions": vectors})
    _, with_kgan, without = exec_card(folder, monkeypatch, gan)
    expected = gan.generate(5, seed=0, conditions=vectors)
    assert np.array_equal(with_kgan, expected)
    assert np.abs(without - expected).max() < 1e-4
    assert presets.load(folder).condition_dim == 3
    np.save(folder / "conditions.npy", np.zeros((5, 3), np.float32))
    with pytest.raises(presets.PresetError, match=r"conditions\.npy has another SHA-256"):
        presets.load(folder)
    (folder / "conditions.npy").unlink()
    with pytest.raises(presets.PresetError, match="SHA256SUMS lists other files"):
        presets.load(folder)


def test_conditions_for_a_gan_without_are_refused(gan, tmp_path):
    message = "conditions must be None, since DCGAN takes no conditions"
    with pytest.raises(UsageError, match=message):
        presets.save(gan, tmp_path / "other", inputs={"conditions": np.zeros((5, 3))})


def test_the_encoder_and_its_average_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr("kgan.export.to_onnx", lambda gan, path: path.write_bytes(b"tested above"))
    gan = kgan.BiGAN((8, 8, 1), latent_dim=4, width=4)
    gan.compile()
    random = np.random.RandomState(0)
    for network in (gan.averaged_generator, gan.averaged_encoder, gan.discriminator):
        for weight in network.weights:
            weight.assign(np.abs(weight.numpy() + random.normal(scale=0.1, size=weight.shape)))
    folder = presets.save(gan, tmp_path / "bigan")
    counts = json.loads((folder / "metadata.json").read_text())["parameter_count"]
    assert counts == {
        name: getattr(gan, name).count_params()
        for name in ("generator", "encoder", "discriminator")
    }
    card = (folder / "README.md").read_text()
    assert "keeps the averaged generator, the averaged encoder and the discriminator" in card
    loaded = presets.load(folder)
    for ours, theirs in [
        (loaded.averaged_generator, gan.averaged_generator),
        (loaded.averaged_encoder, gan.averaged_encoder),
        (loaded.discriminator, gan.discriminator),
        (loaded.generator, gan.averaged_generator),
        (loaded.encoder, gan.averaged_encoder),
    ]:
        for received, expected in zip(ours.get_weights(), theirs.get_weights(), strict=True):
            assert np.array_equal(received, expected)


def test_a_gan_without_an_average_keeps_its_own_networks(tmp_path, monkeypatch):
    monkeypatch.setattr("kgan.export.to_onnx", lambda gan, path: path.write_bytes(b"tested above"))
    gan = kgan.DCGAN((8, 8, 1), latent_dim=4, width=4, ema_halflife_images=None)
    gan.compile()
    for weight in gan.generator.weights:
        weight.assign(weight + 0.1)
    loaded = presets.load(presets.save(gan, tmp_path / "plain"))
    assert np.array_equal(loaded.generate(2, seed=1), gan.generate(2, seed=1))


@pytest.mark.slow
def test_a_fresh_process_that_imported_nothing_but_kgan_loads(gan, saved, tmp_path):
    code = (
        "import sys, kgan\n"
        "gan = kgan.presets.load(sys.argv[1])\n"
        "import numpy\n"
        "numpy.save(sys.argv[2], gan.generate(4, seed=7))\n"
    )
    subprocess.run([sys.executable, "-c", code, saved, tmp_path / "images.npy"], check=True)
    assert np.array_equal(np.load(tmp_path / "images.npy"), gan.generate(4, seed=7))


@pytest.mark.parametrize("name", presets.FILES)
def test_a_flipped_byte_is_refused_by_name(copy, name):
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(content)
    with pytest.raises(presets.PresetError, match=f"copy' is damaged: {name} has another SHA-256"):
        presets.load(copy)


def test_a_flipped_byte_in_any_place_of_the_checksums_is_refused(copy):
    whole = (copy / "SHA256SUMS").read_bytes()
    for place in range(len(whole)):
        content = bytearray(whole)
        content[place] ^= 1
        (copy / "SHA256SUMS").write_bytes(content)
        with pytest.raises(presets.PresetError, match="copy' is damaged: "):
            files.verify(str(copy), copy)


def test_a_missing_file_is_refused_by_name(copy):
    (copy / "generator.onnx").unlink()
    with pytest.raises(presets.PresetError, match=r"generator.onnx is missing"):
        presets.load(copy)


def test_a_packaged_preset_is_found_by_name_and_its_checksums_checked(gan, copy, monkeypatch):
    monkeypatch.setattr(registry, "PRESETS", copy.parent)
    registry.write_registry()
    assert np.array_equal(kgan.zoo.load("copy").generate(2, seed=1), gan.generate(2, seed=1))
    assert isinstance(kgan.GAN.from_preset("copy"), kgan.DCGAN)
    metadata = (copy / "metadata.json").read_text()
    (copy / "metadata.json").write_text(metadata.replace(keras.__version__, "3.0.0"))
    (copy / "SHA256SUMS").write_text(files.sums(copy))
    with pytest.raises(presets.PresetError, match=r"SHA256SUMS is not the one that kgan came with"):
        kgan.zoo.load("copy")
    with pytest.raises(UsageError, match="Did you mean 'copy'"):
        kgan.zoo.load("copi")
    with pytest.raises(UsageError, match=r"no such folder\. kgan\.zoo\.load loads packaged"):
        presets.load("copy")


def rewrite_config(folder, config):
    """Another configuration under a good checksum: what an attacker would send."""
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "SHA256SUMS").write_text(files.sums(folder))


def test_code_in_the_configuration_is_refused(copy):
    layer = keras.layers.Lambda(lambda x: x)
    rewrite_config(copy, keras.saving.serialize_keras_object(layer))
    with pytest.raises(UsageError, match=r"cannot be built from config.json: .*[lL]ambda"):
        presets.load(copy)


def test_a_preset_of_an_older_kgan_says_so(copy):
    config = json.loads((copy / "config.json").read_text())
    config["config"]["architecture"] = "dcgan"
    metadata = json.loads((copy / "metadata.json").read_text())
    (copy / "metadata.json").write_text(json.dumps({**metadata, "kgan_version": "0.0.9"}))
    rewrite_config(copy, config)
    with pytest.raises(UsageError, match=r"'architecture' is unknown.* kgan 0\.0\.9 saved it, and"):
        presets.load(copy)


def test_another_object_in_the_configuration_is_refused(copy):
    rewrite_config(copy, keras.saving.serialize_keras_object(keras.layers.Dense(3)))
    with pytest.raises(UsageError, match=r"must hold a model of kgan, holds Dense"):
        presets.load(copy)


def test_a_folder_that_is_no_preset_is_refused(gan, tmp_path):
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(UsageError, match=r"must be a preset folder, but holds no metadata.json"):
        presets.load(tmp_path)
    with pytest.raises(UsageError, match=r"folder=.* holds 'thesis.tex'"):
        presets.save(gan, tmp_path)
    # A repository of somebody's own has files of these names, too.
    (tmp_path / "thesis.tex").rename(tmp_path / "README.md")
    with pytest.raises(UsageError, match=r"folder=.* holds 'README.md'"):
        presets.save(gan, tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["README.md"]


def reseal(folder):
    (folder / "SHA256SUMS").write_text(files.sums(folder))


def garbage(path):
    path.write_bytes(b"no HDF5")


def without_a_network(path):
    with h5py.File(path, "a") as file:
        del file["discriminator"]


def of_another_shape(path):
    with h5py.File(path, "a") as file:
        names = []
        file.visititems(lambda name, item: names.append(name) if hasattr(item, "shape") else None)
        del file[names[0]]
        file[names[0]] = np.zeros((3, 5), np.float32)


@pytest.mark.parametrize("damage", [garbage, without_a_network, of_another_shape])
def test_weights_that_do_not_fit_are_named_though_their_checksum_does(copy, damage):
    damage(copy / "model.weights.h5")
    reseal(copy)
    with pytest.raises(presets.PresetError) as error, warnings.catch_warnings():
        warnings.simplefilter("error")
        presets.load(copy)
    assert str(error.value).startswith(f"Preset '{copy}' is damaged: model.weights.h5 cannot be lo")
    assert "\n" not in str(error.value) and str(error.value).endswith("Fetch the preset again.")


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", None])
def test_a_damaged_registry_is_named(saved, monkeypatch, tmp_path, content):
    shutil.copytree(saved, tmp_path / "tiny")
    monkeypatch.setattr(registry, "PRESETS", tmp_path)
    if content is not None:
        (tmp_path / "registry.json").write_bytes(content)
    with pytest.raises(
        presets.PresetError, match=r"registry\.json is damaged .*install kgan again"
    ):
        kgan.zoo.load("tiny")


def test_a_preset_that_was_being_replaced_when_its_writer_was_killed(copy):
    scratch = copy.parent / ".copy.kgan-ab12cd34"
    scratch.mkdir()
    copy.rename(scratch / "copy.replaced")
    assert isinstance(presets.load(copy), kgan.DCGAN)
    assert [path.name for path in copy.parent.iterdir()] == ["copy"]


def test_a_failed_export_leaves_the_older_preset(gan, copy, monkeypatch):
    def fail(gan, path):
        raise OSError("No space left on device")

    monkeypatch.setattr("kgan.export.to_onnx", fail)
    before = {file.name: file.read_bytes() for file in copy.iterdir()}
    with pytest.raises(OSError, match="No space left"):
        presets.save(gan, copy)
    assert {file.name: file.read_bytes() for file in copy.iterdir()} == before
    assert list(copy.parent.iterdir()) == [copy]
