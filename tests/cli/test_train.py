import csv
import errno
import hashlib
import json
import os
import random
import signal
import socket
import tempfile
import time
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

import kgan as library
from kgan.callbacks.history import read as read_history
from kgan.runs import folder as run_folder


def weights(run):
    gan = library.load_model(run / "model.keras")
    return [np.asarray(weight) for part in gan.state().values() for weight in part]


def assert_same(first, second):
    for one, other in zip(weights(first), weights(second), strict=True):
        np.testing.assert_array_equal(one, other)


def config(run):
    return json.loads((run / "config.json").read_text())


def test_a_run_leaves_everything_it_promises(folder, recipe, kgan):
    result = kgan("train", recipe)
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    run = folder / "runs" / "tiny"
    assert sorted(path.name for path in run.iterdir()) == [
        "checkpoints",
        "config.json",
        "curves.png",
        "health.json",
        "history.csv",
        "model.keras",
        "samples",
        "samples.gif",
    ]
    assert sorted(path.name for path in (run / "samples").iterdir()) == [
        "epoch-0001.png",
        "epoch-0002.png",
    ]
    with Image.open(run / "samples.gif") as animation:
        assert animation.n_frames == 2
    with open(run / "history.csv") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert all(float(row["discriminator_loss"]) > 0 for row in rows)
    # It says first what it does, and at the end where everything is.
    for line in (
        f"recipe      {recipe}",
        "data        noise: 32 images of 16x16x1, 4 steps of 8 per epoch",
        "training    2 epochs, float32, seed 0, 1 device",
        "run folder  runs/tiny",
        "  model.keras ",
    ):
        assert f"\n{line}" in f"\n{result.stdout}"
    assert "Everything is in runs/tiny:" in result.stdout
    assert result.stdout.index("parameters") < result.stdout.index("epoch 1/2")


@pytest.mark.slow
def test_the_config_defines_the_run(folder, recipe, kgan):
    assert kgan("train", recipe, "--out", "here", "--epochs", 1, "--steps", 2).exit_code == 0
    written = config(folder / "here")
    assert written["recipe"] == {
        "name": "tiny",
        "argument": str(recipe),
        "path": str(recipe),
        "sha256": hashlib.sha256(recipe.read_bytes()).hexdigest(),
    }
    arguments = written["arguments"]
    assert (arguments["epochs"], arguments["steps"], arguments["batch_size"]) == (1, 2, 8)
    assert (arguments["seed"], arguments["precision"]) == (0, "float32")
    assert written["data"]["num_images"] == 32
    assert written["model"]["registered_name"] == "kgan>DCGAN"
    assert written["model"]["compile_config"]["discriminator_steps"] == 1
    assert set(written["versions"]) == {"kgan", "tensorflow", "keras", "numpy", "python"}
    assert written["machine"]["cpus"] == os.cpu_count()
    assert written["trained_epochs"] == 1


@pytest.mark.slow
def test_options_reach_the_recipe_and_the_model(folder, recipe, kgan, monkeypatch):
    trained, save = [], library.GAN.save
    monkeypatch.setattr(
        library.GAN, "save", lambda gan, path: trained.append(gan) or save(gan, path)
    )
    result = kgan("train", recipe, "--out", "run", "--epochs", 1, "--steps", 1, "--batch-size", 4,
                  "--channels", 3, "--seed", 5, "--precision", "mixed_bfloat16",
                  "--data", "snow", "--strategy", "mirrored")  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "snow: 32 images of 16x16x3, 1 step of 4 per epoch" in result.stdout
    gan = library.load_model(folder / "run" / "model.keras")
    assert (gan.image_shape, gan.seed) == ((16, 16, 3), 5)
    assert gan.precision == "mixed_bfloat16"
    assert trained[0].generator.dtype_policy.name == "mixed_bfloat16"
    assert keras.config.dtype_policy().name == "float32"  # as it was before


@pytest.mark.slow
def test_the_same_seed_gives_the_same_run_and_each_its_own_folder(folder, recipe, kgan):
    for seed in (1, 1, 2):
        assert kgan("train", recipe, "--epochs", 1, "--seed", seed).exit_code == 0
    first, same, other = (folder / "runs" / name for name in ("tiny", "tiny-2", "tiny-3"))
    assert_same(first, same)
    assert any((a != b).any() for a, b in zip(weights(first), weights(other), strict=True))


@pytest.mark.slow
def test_a_finished_run_can_be_given_more_epochs(folder, recipe, kgan):
    assert kgan("train", recipe, "--out", "long", "--epochs", 3).exit_code == 0
    assert kgan("train", recipe, "--epochs", 1).exit_code == 0
    run = folder / "runs" / "tiny"
    done = kgan("train", recipe, "--resume")
    assert (done.exit_code, done.stdout) == (
        0,
        "runs/tiny has finished 1 epoch; --epochs N trains longer.\n",
    )
    assert kgan("train", "--resume", "--out", "runs/tiny", "--epochs", 3).exit_code == 0
    assert_same(run, folder / "long")
    assert config(run)["trained_epochs"] == 3
    with open(run / "history.csv") as file:
        assert [row["epoch"] for row in csv.DictReader(file)] == ["1", "2", "3"]


@pytest.mark.slow
def test_a_changed_recipe_is_told(folder, recipe, kgan):
    assert kgan("train", recipe, "--epochs", 1).exit_code == 0
    recipe.write_text(recipe.read_text() + "\n# changed\n")
    result = kgan("train", recipe, "--resume", "--epochs", 2)
    assert result.exit_code == 0
    assert result.stderr == f"Warning: {recipe} has changed since the run began.\n"


@pytest.mark.slow
def test_a_resumed_run_refuses_other_options(recipe, kgan, refuses):
    assert kgan("train", recipe, "--epochs", 2, "--batch-size", 8).exit_code == 0
    again = ("train", recipe, "--resume")
    refuses(2, ["--batch-size=16", "the run's, which is 8"], *again, "--batch-size", 16)
    refuses(2, ["--epochs=1", "the run's, which is 2"], *again, "--epochs", 1)
    refuses(2, ["--precision=mixed_float16", "float32"], *again, "--precision", "mixed_float16")
    assert kgan(*again, "--batch-size", 8, "--precision", "float32").exit_code == 0
    other = recipe.with_name("other.py")
    other.write_text(recipe.read_text())
    refuses(2, ["recipe=", "tiny.py"], "train", other, "--resume", "--out", "runs/tiny")


@pytest.mark.slow
def test_a_moved_recipe_is_resumed_by_its_name(folder, recipe, kgan, refuses):
    assert kgan("train", recipe, "--epochs", 1, "--out", "run").exit_code == 0
    (folder / "new").mkdir()
    moved = recipe.rename(folder / "new" / "tiny.py")
    refuses(2, ["no such file"], "train", "--resume", "--out", "run", "--epochs", 2)
    result = kgan("train", moved, "--resume", "--out", "run", "--epochs", 2)
    assert (result.exit_code, result.stderr) == (0, "")
    assert config(folder / "run")["recipe"]["path"] == str(moved)
    assert kgan("train", "--resume", "--out", "run", "--epochs", 3).exit_code == 0


@pytest.mark.slow
def test_a_strangers_run_is_resumed_only_with_its_recipe_named(
    folder, recipe, kgan, refuses, monkeypatch
):
    assert kgan("train", recipe, "--epochs", 1, "--out", "run").exit_code == 0
    witness = folder / "it ran"
    evil = folder / "evil.py"
    evil.write_text(f"open({str(witness)!r}, 'w').close()\n" + recipe.read_text())
    written = config(folder / "run")
    for place in (str(evil), "/proc/self/cwd/evil.py", "evil.py"):
        written["recipe"] = run_folder.recipe(str(evil)) | {"argument": place, "path": place}
        (folder / "run" / "config.json").write_text(json.dumps(written))
        again = ("train", "--resume", "--out", "run", "--epochs", 2)
        line = refuses(2, ["--resume", "has not been run on this machine"], *again)
        assert f"`kgan train {evil} --resume --out run`" in line and not witness.exists()
    # What another user of this machine has run is no better.
    monkeypatch.setenv("KGAN_HOME", str(folder / "other"))
    written["recipe"] = run_folder.recipe(str(recipe))
    (folder / "run" / "config.json").write_text(json.dumps(written))
    refuses(2, ["has not been run on this machine"], *again)
    assert kgan(*again[:1], recipe, *again[1:]).exit_code == 0
    assert kgan(*again[:-1], 3).exit_code == 0


@pytest.mark.slow
def test_an_output_folder_in_use_is_refused(folder, recipe, kgan, refuses):
    (folder / "thesis").mkdir()
    (folder / "thesis" / "thesis.tex").write_text("mine")
    refuses(2, ["thesis exists and is not a run", "choose"], "train", recipe, "--out", "thesis")
    refuses(2, ["not a run"], "train", "--resume", "--out", "thesis")
    assert kgan("train", recipe, "--out", "run", "--epochs", 1).exit_code == 0
    refuses(2, ["--out=run is a run", "--resume"], "train", recipe, "--out", "run")


@pytest.mark.slow
def test_a_refused_resume_leaves_the_run_as_it_was(folder, recipe, kgan, refuses):
    assert kgan("train", recipe, "--out", "run", "--epochs", 1).exit_code == 0
    (folder / "run" / "model.keras").unlink()
    before = (folder / "run" / "config.json").read_bytes()
    text = recipe.read_text()
    recipe.write_text(text.replace("width=8", "width=16"))
    again = ("train", recipe, "--resume", "--out", "run", "--epochs", 3)
    result = kgan(*again)
    assert result.exit_code == 2
    assert "another configuration: model.networks.config.width was 8" in result.stderr
    assert (folder / "run" / "config.json").read_bytes() == before
    recipe.write_text(text)
    assert kgan("generate", "run", "-n", 1).exit_code == 0
    assert kgan(*again).exit_code == 0


@pytest.mark.slow
def test_a_finished_run_whose_model_is_gone_writes_it_again(folder, recipe, kgan):
    assert kgan("train", recipe, "--out", "run", "--epochs", 1).exit_code == 0
    expected = weights(folder / "run")
    (folder / "run" / "model.keras").unlink()
    assert kgan("train", "--resume", "--out", "run").exit_code == 0
    for one, other in zip(weights(folder / "run"), expected, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_a_run_can_be_resumed_with_kgan_in_another_place(folder, kgan, monkeypatch):
    small = ("--epochs", 1, "--steps", 1, "--out", "run")
    assert kgan("train", *small).exit_code == 0
    written = config(folder / "run")
    written["recipe"]["path"] = "/old/environment/kgan/zoo/dcgan_fashion_mnist.py"
    (folder / "run" / "config.json").write_text(json.dumps(written))
    assert kgan("train", "--resume", "--out", "run", "--epochs", 2).exit_code == 0


@pytest.mark.slow
def test_without_a_recipe_the_newest_run_of_all_is_resumed(folder, recipe, kgan):
    assert kgan("train", recipe, "--epochs", 1).exit_code == 0
    result = kgan("train", "--resume", "--epochs", 2)
    assert result.exit_code == 0 and "Everything is in runs/tiny:" in result.stdout


OWN_CLASS = """
import keras


@keras.saving.register_keras_serializable(package="mine")
class Own(kgan.losses.NonSaturating):
    pass
"""


@pytest.mark.slow
def test_a_recipe_with_a_class_of_its_own_can_be_used(folder, recipe, command):
    text = recipe.read_text().replace("epochs = 2", OWN_CLASS + "\n\nepochs = 1")
    recipe.write_text(text.replace("gan.compile()", "gan.compile(loss=Own())"))
    assert command("train", recipe, "--out", "run")[0] == 0
    code, _, errors = command("generate", "run", "-n", 1)
    assert (code, errors) == (0, "")
    # Code that is not what the run was trained with is not run.
    recipe.write_text(recipe.read_text() + "\nraise SystemExit(7)\n")
    code, _, errors = command("generate", "run", "-n", 1)
    assert code == 2 and "Could not locate class 'Own'" in errors
    assert f"The run names the recipe {recipe}" in errors and f"--recipe {recipe}." in errors


VECTORS = """

class Described(kgan.data.ImageDataset):
    \"\"\"Images with the mean and the spread of each as a vector.\"\"\"

    def _stream(self, *arguments):
        import tensorflow as tf

        def described(image):
            return image, tf.stack(tf.nn.moments(image, [1, 2, 3]), -1)

        return super()._stream(*arguments).map(described)


def data(source="noise", batch_size=4, seed=0):
    from kgan.data.source import from_arrays

    images = np.random.default_rng(0).uniform(-1, 1, (8, 8, 8, 1)).astype("float32")
    return Described(from_arrays(images, None, None), "train", batch_size, seed, False)


def model(image_shape, seed=0):
    gan = kgan.ConditionalGAN(image_shape, condition_dim=2, latent_dim=2, width=2, seed=seed)
    gan.compile()
    return gan
"""


@pytest.mark.slow
def test_a_model_of_vectors_shows_those_of_the_first_batch(folder, recipe, kgan, refuses):
    recipe.write_text(recipe.read_text() + VECTORS)
    result = kgan("train", recipe, "--epochs", 1, "--out", "run")
    assert result.exit_code == 0, result.output
    with Image.open(folder / "run" / "samples" / "epoch-0001.png") as picture:
        assert picture.size[0] == 8 * 66 + 2
    refuses(2, ["--conditions must be given"], "generate", "run")
    # Data without vectors are what is refused, not the grid.
    recipe.write_text(recipe.read_text().replace("return image, tf", "return image  # tf"))
    refuses(2, ["images, conditions"], "train", recipe, "--epochs", 1)


@pytest.mark.slow
def test_the_default_recipe_says_nothing_on_stderr(folder, command):
    code, output, errors = command("train", "--epochs", 1, "--steps", 1)
    assert (code, errors) == (0, "")
    assert output.startswith("recipe      dcgan_fashion_mnist\n")
    # Told before TensorFlow is loaded, as everything that needs no TensorFlow.
    code, _, errors = command("train", "wgan", "--resume")
    assert code == 2 and errors.count("\n") == 1


def test_nothing_to_resume(recipe, refuses):
    refuses(2, ["nothing to resume", "--out"], "train", recipe, "--resume")
    refuses(2, ["nothing to resume", "gone"], "train", "--resume", "--out", "gone")


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["--epochs", "-1"], ["--epochs", "-1"]),
        (["--epochs", "0"], ["--epochs"]),
        (["--steps", "0"], ["--steps"]),
        (["--batch-size", "0"], ["--batch-size"]),
        (["--epochs", 10**30], ["--epochs", "2147483647"]),
        (["--steps", 10**30], ["--steps", "2147483647"]),
        (["--batch-size", 10**30], ["--batch-size", "2147483647"]),
        (["--resolution", 10**30], ["--resolution", "2147483647"]),
        (["--batch-size", 2**31 - 1], ["--batch-size=2147483647", "32 images"]),
        (["--seed", "-1"], ["--seed"]),
        (["--channels", "5"], ["--channels"]),
        (["--precision", "mixed_float61"], ["Did you mean 'mixed_float16'?"]),
        (["--strategy", "mirorred"], ["Did you mean 'mirrored'?"]),
        (["--resolution", "32"], ["--resolution is not for this recipe", "data()"]),
        (["--strict"], ["--strict is not for this recipe"]),
        (["--data", ""], ["--data=''", "name of a data set"]),
        (["--strategy", "multiworker"], ["--out"]),
    ],
)
def test_wrong_options_leave_nothing(folder, recipe, refuses, words, parts):
    refuses(2, parts, "train", recipe, *words)
    assert list(folder.iterdir()) == [recipe]


def test_wrong_recipes(folder, refuses):
    refuses(2, ["no.py", "Python file"], "train", "no.py")
    refuses(2, ["recipe='dcgan_fashion_mnits'"], "train", "dcgan_fashion_mnits")
    (folder / "broken.py").write_text("epochs = 1\n1 / 0")
    refuses(2, ["broken.py", "ZeroDivisionError"], "train", "broken.py")
    assert [path.name for path in folder.rglob("*")] == ["broken.py"]


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ("return kgan.data.load", "return list", ["data() must return", "ImageDataset", "list"]),
        ("return gan", "return None", ["model() must return a kgan.models.GAN", "NoneType"]),
        ("gan.compile()", "raise SystemExit(0)", ["must not end the program", "sys.exit(0)"]),
    ],
)
def test_a_recipe_that_returns_something_else(folder, recipe, refuses, old, new, parts):
    text = recipe.read_text().replace(old, new)
    recipe.write_text(text.replace("list(images, batch_size=batch_size, seed=seed)", "[images]"))
    refuses(2, parts, "train", recipe)
    assert [path.name for path in folder.rglob("*") if path.is_file()] == ["tiny.py"]


@pytest.mark.slow
def test_names_are_shown_as_they_are(folder, recipe, kgan):
    """Square brackets are markup to rich."""
    result = kgan("train", recipe, "--out", "run[/x]", "--epochs", 1, "--data", "[bold]x")
    assert result.exit_code == 0
    assert "Everything is in run[/x]:" in result.stdout
    assert "data        [bold]x: 32 images" in result.stdout


def test_a_resolution_that_the_networks_cannot_make_is_told_at_once(folder, refuses):
    began = time.monotonic()
    refuses(2, ["(2048, 2048, 1)", "8 to 256"], "train", "--resolution", 2048)
    assert time.monotonic() - began < 20
    assert not list(folder.iterdir()) or not list((folder / "runs").iterdir())


@pytest.mark.slow
def test_a_broken_image_is_skipped_or_with_strict_ends_it(folder, kgan, refuses, monkeypatch):
    monkeypatch.setenv("KGAN_HOME", str(folder / "cache"))
    (folder / "photos").mkdir()
    for number in range(8):
        Image.new("L", (16, 16), number * 30).save(folder / "photos" / f"{number}.png")
    (folder / "photos" / "broken.png").write_bytes(b"\x89PNG, but no more")
    words = ("train", "--data", "photos", "--batch-size", 4, "--epochs", 1, "--steps", 1)
    refuses(2, ["broken.png", "strict"], *words, "--strict")
    result = kgan(*words)
    assert result.exit_code == 0
    assert result.stderr.startswith("Warning: source=") and "holds 1 image that" in result.stderr
    assert "broken.png" in result.stderr
    assert "8 images of 16x16x1" in result.stdout


def test_data_that_fails_leaves_nothing(folder, recipe, refuses):
    (folder / "there").mkdir()
    recipe.write_text(recipe.read_text().replace("16, 16, channels", "7, 7, channels"))
    refuses(2, ["7"], "train", recipe)
    refuses(2, ["7"], "train", recipe, "--out", "there")
    recipe.write_text(recipe.read_text().replace("uniform(-1, 1", "uniform(0, 255"))
    refuses(2, ["[-1, 1]"], "train", recipe)
    assert not (folder / "runs" / "tiny").exists()
    assert list((folder / "there").iterdir()) == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_a_full_or_read_only_disk(folder, recipe, refuses, monkeypatch, number):
    mkdtemp = tempfile.mkdtemp

    def fail(prefix, dir):
        if Path(dir).is_relative_to(folder / "runs"):  # KGAN_HOME is on another disk
            raise OSError(number, os.strerror(number), f"{dir}/{prefix}12")
        return mkdtemp(prefix=prefix, dir=dir)

    monkeypatch.setattr("tempfile.mkdtemp", fail)
    line = refuses(1, ["config.json: ", os.strerror(number), "another place"], "train", recipe)
    assert "/." not in line  # the hidden folder beside it is not the user's business
    assert [path for path in folder.rglob("*") if path.is_file()] == [recipe]


LIMITED = """
import resource, signal, sys
from kgan.cli.main import run
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop(1)),) * 2)
run()
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("size", "file"), [(1500, "runs/tiny/config.json"), (40_000, "runs/tiny/checkpoints/step-")]
)
def test_a_disk_that_takes_no_more_is_told(folder, recipe, python, size, file):
    process = python("-c", LIMITED, size, "train", recipe)
    _, errors = process.communicate()
    assert process.returncode == 1 and errors.count("\n") == 1
    assert f"{folder}/{file}" in errors and "File too large; free some space" in errors
    assert not [path for path in folder.rglob(".*")]


@pytest.mark.slow
def test_a_disk_that_fills_up_keeps_what_was_written(folder, recipe, kgan, refuses, monkeypatch):
    save = keras.Model.save

    def full(self, path):
        with open(path, "wb") as file:
            file.write(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr(keras.Model, "save", full)
    refuses(1, ["model.keras", "No space left", "free some space"], "train", recipe)
    run = folder / "runs" / "tiny"
    assert not (run / "model.keras").exists()
    assert not [path for path in run.iterdir() if path.name.startswith(".")]
    monkeypatch.setattr(keras.Model, "save", save)
    assert kgan("train", recipe, "--resume").exit_code == 0
    assert (run / "model.keras").exists()


@pytest.mark.slow
def test_ctrl_c_says_how_to_go_on(recipe, kgan, monkeypatch):
    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(library.GAN, "fit", interrupted)
        result = kgan("train", recipe)
    assert result.exit_code == 130
    assert result.stderr == (
        "Error: interrupted; continue with `kgan train --resume --out runs/tiny`.\n"
    )
    assert kgan("train", "--resume", "--out", "runs/tiny").exit_code == 0


@pytest.mark.slow
def test_a_folder_of_data_is_kept_as_a_whole_path(folder, recipe, kgan):
    (folder / "snow").mkdir()
    (folder / "fashion_mnist").mkdir()
    for data, kept in (("snow", str(folder / "snow")), ("fashion_mnist", "fashion_mnist")):
        words = (
            "train",
            recipe,
            "--data",
            data,
            "--epochs",
            1,
            "--steps",
            1,
            "--out",
            f"of_{data}",
        )
        assert kgan(*words).exit_code == 0
        assert config(folder / f"of_{data}")["arguments"]["data"] == kept
        assert kgan(*words, "--resume").exit_code == 0


@pytest.mark.slow
def test_a_resumed_worker_needs_its_cluster(folder, recipe, kgan, refuses, monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    assert kgan("train", recipe, "--out", "run").exit_code == 0
    written = config(folder / "run")
    written["arguments"] |= {"strategy": "multiworker", "epochs": 3}
    (folder / "run" / "config.json").write_text(json.dumps(written))
    refuses(2, ["TF_CONFIG"], "train", "--resume", "--out", "run")


WORKERS = {"worker": ["a:1", "b:1"]}


@pytest.mark.parametrize(
    ("text", "received"),
    [
        (None, "it is not set"),
        ("{", "received '{'"),
        ("[]", "received '[]'"),
        ('{"cluster": {}}', "cluster"),
        (json.dumps({"cluster": WORKERS, "task": {"type": "worker", "index": 2}}), '"index": 2'),
        (json.dumps({"cluster": WORKERS, "task": {"type": "chief", "index": 0}}), '"chief"'),
    ],
)
def test_a_wrong_tf_config_is_shown_with_a_right_one(
    folder, recipe, refuses, monkeypatch, text, received
):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    if text is not None:
        monkeypatch.setenv("TF_CONFIG", text)
    words = ("train", recipe, "--strategy", "multiworker", "--out", "run")
    refuses(2, ["TF_CONFIG", "host0:2222", received], *words)
    assert not (folder / "run").exists()


def wait_for(path, process):
    """Until the file is there or the process has ended."""
    while not path.exists() and process.poll() is None:
        time.sleep(0.005)


@pytest.mark.slow
def test_killed_at_any_moment_and_resumed_it_ends_the_same(folder, recipe, python, kgan):
    recipe.write_text(recipe.read_text().replace("epochs = 2", "epochs = 40"))
    assert kgan("train", recipe, "--out", "whole").exit_code == 0
    run, words = folder / "killed", ["train", recipe, "--out", "killed"]
    # The first kill comes long before TensorFlow is loaded, the second somewhere in the training.
    for sign, wait in (("config.json", 0.0), ("history.csv", random.Random().uniform(0, 0.5))):
        process = python("-m", "kgan", *words)
        wait_for(run / sign, process)
        time.sleep(wait)
        process.kill()
        _, errors = process.communicate()
        assert process.returncode == -signal.SIGKILL, errors
        words = ["train", "--resume", "--out", "killed"]
    assert not (run / "model.keras").exists()
    assert kgan(*words).exit_code == 0
    assert_same(folder / "whole", run)
    with open(run / "history.csv") as file:
        assert [int(row["epoch"]) for row in csv.DictReader(file)] == list(range(1, 41))


# Processes in the background of a script ignore SIGINT, and so do those that they start.
INTERRUPTIBLE = """
import signal
from kgan.cli.main import run
signal.signal(signal.SIGINT, signal.default_int_handler)
run()
"""


@pytest.mark.slow
def test_sigint_ends_with_one_line(folder, recipe, python):
    recipe.write_text(recipe.read_text().replace("epochs = 2", "epochs = 100000"))
    process = python("-c", INTERRUPTIBLE, "train", recipe)
    wait_for(folder / "runs" / "tiny" / "history.csv", process)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors.strip() == (
        "Error: interrupted; continue with `kgan train --resume --out runs/tiny`."
    )


@pytest.mark.slow
def test_two_workers_train_and_one_writes(folder, recipe, python):
    ports = []
    for _ in range(2):
        with socket.socket() as free:
            free.bind(("localhost", 0))
            ports.append(free.getsockname()[1])
    cluster = {"worker": [f"localhost:{port}" for port in ports]}
    workers = []
    for index in range(2):
        text = json.dumps({"cluster": cluster, "task": {"type": "worker", "index": index}})
        words = ("train", recipe, "--strategy", "multiworker", "--out", "run")
        workers.append(python("-m", "kgan", *words, environment={"TF_CONFIG": text}))
    outputs = [worker.communicate() for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], outputs
    assert "Everything is in run:" in outputs[0][0]
    assert outputs[1][0] == ""
    assert config(folder / "run")["trained_epochs"] == 2
    assert len(list((folder / "run" / "samples").iterdir())) == 2


@pytest.mark.slow
def test_a_lone_worker_trains(recipe, command):
    text = json.dumps(
        {"cluster": {"worker": ["localhost:0"]}, "task": {"type": "worker", "index": 0}}
    )
    words = ("train", recipe, "--strategy", "multiworker", "--out", "run")
    code, output, errors = command(*words, environment={"TF_CONFIG": text})
    assert (code, errors) == (0, ""), errors
    assert "Done in" in output


@pytest.mark.slow
def test_a_run_within_its_data_is_no_data(folder, recipe, kgan):
    for number in range(16):
        Image.new("RGB", (16, 16), (number, 0, 0)).save(folder / f"{number}.png")
    recipe.write_text(recipe.read_text().replace("images, batch", "source, channels=3, batch"))
    words = ("train", recipe, "--data", ".", "--channels", 3, "--steps", 1)
    for more in ((), (), ("--resume", "--epochs", 3)):
        result = kgan(*(words if not more else words[:2]), *more)
        assert result.exit_code == 0, result.output
        assert "16 images" in result.output


def test_options_that_the_recipe_cannot_take(recipe, refuses):
    recipe.write_text(recipe.read_text().replace('source="noise", batch_size=8', "batch_size"))
    refuses(2, ["--batch-size must be given"], "train", recipe)
    parts = ["--data is not for this recipe", "no parameter 'source'"]
    refuses(2, parts, "train", recipe, "--data", ".", "--batch-size", 8)


@pytest.mark.slow
def test_a_run_that_lost_its_checkpoints(folder, recipe, kgan, refuses):
    kgan("train", recipe, "--out", "run")
    for path in (folder / "run" / "checkpoints").iterdir():
        path.unlink()
    before = (folder / "run" / "history.csv").read_text()
    refuses(2, ["nothing to resume", "no checkpoint"], "train", "--resume", "--out", "run")
    assert (folder / "run" / "history.csv").read_text() == before


@pytest.mark.slow
def test_a_run_has_one_writer_until_it_is_killed(folder, recipe, python, kgan, refuses):
    process = python("-m", "kgan", "train", recipe, "--out", "run")
    wait_for(folder / "run" / "config.json", process)
    parts = ["--out='run' is in use by process", f" {process.pid} on {socket.gethostname()} since"]
    refuses(2, parts, "train", "--resume", "--out", "run")
    refuses(2, parts, "train", recipe, "--out", "run")
    process.kill()
    process.communicate()
    assert kgan("train", "--resume", "--out", "run").exit_code == 0
    assert not list((folder / "run").rglob(".*"))


@pytest.mark.slow
def test_a_lock_left_by_a_kill_in_an_empty_folder(folder, recipe, kgan):
    (folder / "run").mkdir()
    (folder / "run" / ".kgan-lock").write_text("process 1")
    assert kgan("train", recipe, "--out", "run", "--epochs", 1).exit_code == 0


@pytest.mark.slow
def test_a_damaged_history_stops_a_resumed_run_before_it_changes(folder, recipe, kgan, refuses):
    kgan("train", recipe, "--out", "run")
    (folder / "run" / "history.csv").write_text("epoch,loss\n1,2\ntwo,\0\n")
    before = {path: path.read_bytes() for path in folder.rglob("run/**/*") if path.is_file()}
    parts = ["run/history.csv is damaged", "restore it, or move it away"]
    refuses(2, parts, "train", "--resume", "--out", "run", "--epochs", 3)
    after = {path: path.read_bytes() for path in folder.rglob("run/**/*") if path.is_file()}
    assert before == after


@pytest.mark.slow
def test_a_resumed_run_keeps_hidden_folders(folder, recipe, kgan):
    assert kgan("train", recipe, "--out", "run").exit_code == 0
    left, git = folder / "run" / ".model.keras.kgan-ab12cd34", folder / "run" / ".git"
    for hidden in (left, git):
        hidden.mkdir()
        (hidden / "model.keras").write_text("half")
    words = ("train", recipe, "--resume", "--out", "run", "--epochs", 3)
    recipe.write_text(recipe.read_text().replace("width=8", "width=16"))
    assert "another configuration" in kgan(*words).stderr
    assert left.exists()  # nothing is touched by a resume that is refused
    recipe.write_text(recipe.read_text().replace("width=16", "width=8"))
    assert kgan(*words).exit_code == 0
    assert (git / "model.keras").exists() and not left.exists()


def test_runs_that_lead_nowhere(folder, recipe, refuses):
    (folder / "runs").symlink_to(folder / "nowhere")
    refuses(1, ["runs", "choose another place"], "train", recipe)


@pytest.mark.slow
def test_a_pipe_that_closes_early_leaves_the_run(folder, recipe, python):
    process = python("-m", "kgan", "train", recipe, "--out", "run")
    process.stdout.close()
    _, errors = process.communicate()
    assert process.returncode == 1 and "RECIPE" not in errors
    assert (folder / "run" / "config.json").exists()


@pytest.mark.parametrize(
    "cluster, task",
    [
        ({"worker": ["localhost"]}, {"type": "worker", "index": 0}),
        ({"ps": ["localhost:1"]}, {"type": "ps", "index": 0}),
        ({"worker": [1]}, {"type": "worker", "index": 0}),
        ({"worker": ["localhost:1"]}, {"type": "worker", "index": 0.5}),
    ],
)
def test_a_cluster_that_is_none(recipe, refuses, monkeypatch, cluster, task):
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": cluster, "task": task}))
    words = ("train", recipe, "--strategy", "multiworker", "--out", "run")
    refuses(2, ["TF_CONFIG", "received"], *words)


@pytest.mark.slow
def test_scores_while_training_and_the_best_kept(folder, kgan):
    words = ("train", "--epochs", 2, "--steps", 3, "--evaluate", "fd,pr", "--out", "run")
    result = kgan(*words)
    assert result.exit_code == 0, result.output
    rows = read_history(folder / "run" / "history.csv")
    assert all({"fd", "precision", "recall"} <= set(row) for row in rows)
    best = json.loads((folder / "run" / "best.json").read_text())
    assert best["score"] == "fd"
    assert best["value"] == pytest.approx(min(row["fd"] for row in rows), rel=1e-5)
    assert "best.keras" in result.stdout
    assert kgan("generate", "run/best.keras", "-n", 1, "--seed", 0).exit_code == 0
    # Resumed with the same scores by themselves, and not with others.
    result = kgan("train", "--resume", "--epochs", 3, "--out", "run")
    assert result.exit_code == 0, result.output
    assert "fd" in read_history(folder / "run" / "history.csv")[-1]
    result = kgan("train", "--resume", "--epochs", 4, "--evaluate", "kid", "--out", "run")
    assert result.exit_code == 2
    assert "--evaluate" in result.stderr and "differs from the run's" in result.stderr


def test_an_unknown_score_is_told_before_anything_is_made(folder, refuses):
    refuses(
        2, ["--evaluate='fid' is unknown", "'fd'"], "train", "--evaluate", "fid", "--out", "run"
    )
    assert not (folder / "run").exists()
