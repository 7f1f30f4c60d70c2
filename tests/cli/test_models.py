import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

import kgan as library
from kgan import zoo
from kgan.cli import models
from kgan.errors import UsageError
from kgan.runs import folder as run_folder, own_recipes


@pytest.fixture
def unfinished(folder, recipe, kgan, monkeypatch):
    """A run that was stopped before its end, and the GAN as it was then."""
    trained = []

    def stopped(self, path):
        trained.append(self)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(library.GAN, "save", stopped)
        assert kgan("train", recipe, "--epochs", 1).exit_code == 130
    return folder / "runs" / "tiny", trained[0]


def test_a_run_stands_for_its_model(folder, tiny_gan):
    (folder / "run").mkdir()
    tiny_gan.save(folder / "run" / "model.keras")
    for name in ("run", "run/model.keras"):
        found = models.find(name)
        assert str(found) == "run/model.keras"
    images = models.load(found).generate(3, seed=1)
    np.testing.assert_array_equal(images, tiny_gan.generate(3, seed=1))


@pytest.mark.slow
def test_a_run_that_has_not_ended_stands_for_its_newest_checkpoint(unfinished):
    run, gan = unfinished
    images = models.load(models.find(str(run))).generate(3, seed=1)
    np.testing.assert_array_equal(images, gan.generate(3, seed=1))


@pytest.mark.slow
def test_a_checkpoint_brings_back_every_network(folder, recipe, kgan, request):
    text = recipe.read_text().replace("(32, 16, 16", "(8, 8, 8")
    old = "kgan.DCGAN(image_shape, latent_dim=8, width=8, seed=seed)"
    new = "kgan.BiGAN(image_shape, latent_dim=4, width=2, seed=seed)"
    recipe.write_text(text.replace(old, new))
    run, gan = request.getfixturevalue("unfinished")
    found = models.load(models.find(str(run)))
    assert type(found) is library.BiGAN
    assert found.state().keys() == gan.state().keys() > {"averages/generator", "averages/encoder"}
    for part, theirs in gan.state().items():
        ours = found.state()[part]
        assert len(ours) == len(theirs) > 0
        for one, other in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(one, other)
    images = np.zeros((2, 8, 8, 1), np.float32)
    np.testing.assert_array_equal(found.encode(images), gan.encode(images))


@pytest.mark.slow
def test_a_run_that_trains_on_stands_for_its_checkpoint(folder, recipe, kgan, monkeypatch):
    run = folder / "runs" / "tiny"
    assert kgan("train", recipe, "--epochs", 1).exit_code == 0
    assert models.find(str(run)) == run / "model.keras"
    save, old = library.GAN.save, (run / "model.keras").read_bytes()
    monkeypatch.setattr(library.GAN, "save", lambda self, path: (_ for _ in ()).throw(OSError))
    assert kgan("train", recipe, "--resume", "--epochs", 2).exit_code == 1
    assert (run / "model.keras").read_bytes() == old
    assert models.find(str(run)) == run
    monkeypatch.setattr(library.GAN, "save", save)
    assert kgan("train", recipe, "--resume").exit_code == 0
    assert models.find(str(run)) == run / "model.keras"


def test_a_run_without_a_checkpoint(folder):
    (folder / "run").mkdir()
    (folder / "run" / "config.json").write_text(json.dumps({"recipe": {}, "arguments": {}}))
    with pytest.raises(UsageError, match="no checkpoint yet; train it with `kgan train --resume"):
        models.find("run")


def test_preset_folders_and_names(folder, monkeypatch):
    (folder / "mine").mkdir()
    (folder / "mine" / "metadata.json").write_text("{}")
    assert str(models.find("mine")) == "mine"
    monkeypatch.setattr(zoo, "list_presets", lambda: ["dcgan_fashion_mnist"])
    assert models.find("dcgan_fashion_mnist") == "dcgan_fashion_mnist"
    with pytest.raises(UsageError, match="Did you mean 'dcgan_fashion_mnist'"):
        models.find("dcgan_fashion_mnits")


@pytest.mark.parametrize("command", [["generate"], ["export", "--format", "onnx", "--out", "x"]])
def test_a_judge_generates_nothing(refuses, command):
    parts = [
        "MODEL='judge_fashion_mnist' must be a GAN",
        "kgan.metrics.judge.load",
        "kgan zoo list",
    ]
    refuses(2, parts, *command, "judge_fashion_mnist")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gone.keras", "does not exist"),
        ("runs/gone", "does not exist"),
        ("empty", "neither model.keras nor metadata.json"),
        ("notes.txt", "must be a run folder, a .keras file or a preset"),
    ],
)
def test_what_is_no_model(folder, name, message):
    (folder / "empty").mkdir()
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match=message):
        models.find(name)


@pytest.mark.parametrize("command", [["generate"], ["export", "--format", "onnx", "--out", "x"]])
def test_wrong_models_are_wrong_use(refuses, command):
    refuses(2, ["MODEL='gone.keras'", "kgan zoo list"], *command, "gone.keras")


def test_a_truncated_model_is_told(folder, tiny_gan, refuses):
    tiny_gan.save(folder / "model.keras")
    content = (folder / "model.keras").read_bytes()
    (folder / "model.keras").write_bytes(content[: len(content) // 2])
    refuses(2, ["model.keras", "cut short"], "generate", "model.keras")
    assert not (folder / "samples.png").exists()


def test_a_file_beside_a_config_that_is_no_runs(folder, tiny_gan, kgan):
    tiny_gan.save(folder / "model.keras")
    (folder / "config.json").write_text('{"editor": "mine"}')
    assert kgan("generate", "model.keras", "-n", 1, "--out", "a.png").exit_code == 0


# -- the code of others -----------------------------------------------------------------------

COMMANDS = [
    ["generate", "run", "-n", 1],
    ["evaluate", "run", "--samples", 2],
    ["export", "run", "--format", "onnx", "--out", "a.onnx"],
    ["latent", "interpolate", "run"],
    ["latent", "arithmetic", "run", "--positive", 0, "--minus", 1, "--plus", 2, "--seed", 0],
    ["latent", "invert", "run", "tiny.py"],
    ["latent", "directions", "run"],
]


@pytest.fixture
def witness(folder):
    """The file that the stranger's recipe writes when it is run."""
    return folder / "it ran"


@pytest.fixture
def strangers(folder, recipe, tiny_gan, witness):
    """Makes the run of a stranger, whose recipe lies here, and vouched for, but was never run."""
    recipe.write_text(f"open({str(witness)!r}, 'w').close()\n" + recipe.read_text())

    def make(argument, **config):
        (folder / "run").mkdir(exist_ok=True)
        tiny_gan.save(folder / "run" / "model.keras")
        config |= {"recipe": run_folder.recipe(str(recipe)) | {"argument": argument}}
        config |= {"arguments": {"epochs": 1}, "trained_epochs": 1}
        (folder / "run" / "config.json").write_text(json.dumps(config))

    return make


def needing(folder, change):
    """Change the configuration in run/model.keras."""
    path = folder / "run" / "model.keras"
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(files["config.json"])
    change(config)
    files["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)


@pytest.mark.parametrize("argument", ["tiny.py", "/proc/self/cwd/tiny.py", "whole"])
def test_a_strangers_recipe_is_never_run(folder, recipe, strangers, witness, argument):
    strangers(str(recipe) if argument == "whole" else argument)
    for name in ("run", "run/model.keras"):
        assert isinstance(models.load(models.find(name)), library.DCGAN)
    (folder / "run" / "checkpoints").mkdir()
    (folder / "run" / "model.keras").unlink()
    with pytest.raises(UsageError, match="MODEL='run' must hold a model of kgan"):
        models.load(Path("run"))
    assert not witness.exists()


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: " ".join(map(str, words[:2])))
def test_a_class_of_a_strangers_recipe_is_told_with_the_way_to_it(
    folder, recipe, strangers, witness, refuses, words
):
    strangers(str(recipe))
    needing(folder, lambda config: config.update(class_name="My", registered_name="my>My"))
    parts = ["Could not locate class 'My'", f"names the recipe {recipe}", f"--recipe {recipe}."]
    refuses(2, parts, *words)
    assert not witness.exists()
    # A preset's folder, or one without a run, names none; then there is no more to say.
    (folder / "run" / "config.json").unlink()
    line = refuses(2, ["Could not locate class 'My'"], *words)
    assert "--recipe" not in line
    # Named, it is run, and lacks the class still.
    refuses(2, ["Could not locate class 'My'"], *words, "--recipe", recipe)
    assert witness.exists()


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: " ".join(map(str, words[:2])))
def test_a_recipe_that_is_none_is_told_at_once(folder, strangers, refuses, words):
    strangers("tiny.py")
    refuses(2, ["--recipe='gone.py' must be a Python file"], *words, "--recipe", "gone.py")


@pytest.mark.parametrize("argument", [5, None, ["tiny.py"], "\0.py", "tiny.py/"])
def test_a_run_whose_recipe_is_nonsense(folder, strangers, witness, argument):
    strangers(argument)
    assert isinstance(models.load(models.find("run")), library.DCGAN)
    assert not witness.exists()


def test_a_preset_names_no_recipe_that_is_run(folder, recipe, strangers, tiny_gan, witness):
    own_recipes.remember(run_folder.recipe(str(recipe)))
    strangers(str(recipe))
    run = json.loads((folder / "run" / "config.json").read_text())
    tiny_gan.save_to_preset(folder / "preset")
    preset = folder / "preset"
    config = json.loads((preset / "config.json").read_text())
    (preset / "config.json").write_text(json.dumps({**config, **run}))
    (preset / "checkpoints").mkdir()
    with pytest.raises(library.presets.PresetError):
        models.load(models.find("preset"))
    (folder / "run" / "model.keras").rename(preset / "model.keras")
    assert isinstance(models.load(models.find("preset")), library.DCGAN)
    assert not witness.exists()
    # A run is another thing: the user has run its recipe.
    (preset / "metadata.json").unlink()
    models.load(models.find("preset"))
    assert witness.exists()
