import json

import pytest

import kgan
import kgan.zoo
from kgan.errors import UsageError
from kgan.files import sha256
from kgan.zoo import registry

RECIPE = """
import kgan

epochs = 2


def data(source="fashion_mnist", batch_size=64, seed=0):
    return kgan.data.load(source, batch_size=batch_size, seed=seed)


def model(image_shape, seed=0):
    return kgan.DCGAN(image_shape=image_shape, seed=seed)
"""


@pytest.mark.parametrize("name", kgan.zoo.list_recipes())
def test_every_packaged_recipe_is_complete(name):
    module = kgan.zoo.recipe(name)
    assert registry._complete(module, name) is module
    assert module.__name__ == f"kgan.zoo.{name}"
    assert module.__doc__


def test_the_registry_names_every_packaged_preset():
    digests = json.loads((registry.PRESETS / "registry.json").read_text())
    assert digests == {
        name: sha256(registry.PRESETS / name / "SHA256SUMS")
        for name in kgan.zoo.list_presets() + kgan.zoo.list_judges()
    }


@pytest.mark.parametrize("name", kgan.zoo.list_presets() + kgan.zoo.list_judges())
def test_a_packaged_preset_has_at_most_eight_megabytes(name):
    assert sum(file.stat().st_size for file in (registry.PRESETS / name).iterdir()) <= 8_000_000


def test_write_registry_holds_the_sha256_of_each_list_of_checksums(tmp_path, monkeypatch):
    monkeypatch.setattr(registry, "PRESETS", tmp_path)
    for name in ("b", "a", "judge_c"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "SHA256SUMS").write_text(name)
    (tmp_path / "no_preset").mkdir()
    registry.write_registry()
    assert json.loads((tmp_path / "registry.json").read_text()) == {
        # echo -n a | sha256sum
        "a": "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb",
        "b": "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d",
        # echo -n judge_c | sha256sum
        "judge_c": "d83c44218693e1afe1054277f7861105333c8bc64efc0341f80a3b8ab6d9bd49",
    }
    assert (registry.list_presets(), registry.list_judges()) == (["a", "b"], ["judge_c"])
    assert registry.preset_sha256("a").startswith("ca97")
    assert registry.preset_sha256("c") is None


def test_an_unknown_preset_gets_the_nearest_name(tmp_path, monkeypatch):
    monkeypatch.setattr(registry, "PRESETS", tmp_path)
    (tmp_path / "dcgan_fashion_mnist").mkdir()
    (tmp_path / "dcgan_fashion_mnist" / "SHA256SUMS").write_text("")
    with pytest.raises(UsageError, match="Did you mean 'dcgan_fashion_mnist'"):
        kgan.zoo.load("dcgan_fashion")


def test_a_judge_is_no_gan():
    with pytest.raises(UsageError, match=r"preset='judge_fashion_mnist' must be a GAN.*judge.load"):
        kgan.zoo.load("judge_fashion_mnist")


def test_an_unknown_recipe_gets_the_nearest_name():
    with pytest.raises(UsageError, match="Did you mean 'dcgan_fashion_mnist'"):
        kgan.zoo.recipe("dcgan_fashion_mnits")


def test_a_recipe_of_ones_own(tmp_path):
    # A name that the standard library has: the file must not shadow it.
    (tmp_path / "json.py").write_text(RECIPE)
    module = kgan.zoo.recipe(tmp_path / "json.py")
    assert module.epochs == 2
    assert module is not json
    assert kgan.zoo.recipe(str(tmp_path / "json.py")).model.__name__ == "model"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (RECIPE.replace("def data", "def images"), "must define `data`, a function"),
        (RECIPE.replace("def model", "def gan"), "must define `model`, a function"),
        (RECIPE.replace("epochs = 2", ""), "must define `epochs`, a whole number above 0"),
        (RECIPE.replace("epochs = 2", "epochs = 0"), "`epochs` must be .* received 0"),
        (RECIPE + "model = 3", "`model` must be a function of image_shape and seed, received 3"),
        (
            RECIPE.replace(", seed=0):\n    return kgan.DCGAN", "):\n    return kgan.DCGAN"),
            "`model` must be a function of image_shape and seed",
        ),
        ("import sys; sys.exit(3)", "cannot be imported: SystemExit: 3"),
        ("epochs = = 2", r"SyntaxError: invalid syntax \(mine.py, line 1\)"),
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
    ],
)
def test_an_incomplete_recipe_says_what_is_missing(tmp_path, text, message):
    (tmp_path / "mine.py").write_text(text)
    with pytest.raises(UsageError, match=message) as error:
        kgan.zoo.recipe(tmp_path / "mine.py")
    assert "\n" not in str(error.value)


def test_a_missing_recipe_file_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"nowhere.py.* no such file"):
        kgan.zoo.recipe(tmp_path / "nowhere.py")
