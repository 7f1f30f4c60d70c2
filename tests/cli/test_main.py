import errno
import os
import time
import warnings

import click
import pytest
from click.testing import CliRunner

from kgan.cli.main import COMMANDS, Cli, cli
from kgan.errors import UsageError

LEAVES = [["train"], ["generate"], ["evaluate"], ["export"], ["data", "list"], ["data", "prepare"]]
LEAVES += [["zoo", "list"], *(["latent", word] for word in ("interpolate", "arithmetic"))]
LEAVES += [["upscale"], ["translate"], ["inpaint"], ["colorize"], ["segment"]]
LEAVES += [["latent", "invert"], ["latent", "directions"]]


def test_help_and_version_are_quick_and_need_no_tensorflow(python, command):
    code = (
        "import sys; from kgan.cli.main import cli\n"
        f"for words in {[[], *LEAVES]}:\n"
        "    try: cli.main([*words, '--help'], 'kgan')\n"
        "    except SystemExit as end: assert end.code == 0\n"
        "print(sorted({'tensorflow', 'keras', 'numpy', 'matplotlib', 'PIL'} & set(sys.modules)))"
    )
    assert python("-c", code).communicate()[0].splitlines()[-1] == "[]"
    times = []
    for _ in range(3):
        began = time.perf_counter()
        assert command("--help")[0] == 0
        times.append(time.perf_counter() - began)
    assert min(times) < 0.5


def test_version(kgan):
    import kgan as package

    assert kgan("--version").output == f"kgan, version {package.__version__}\n"


@pytest.mark.parametrize("words", [[], ["zoo"], ["latent"]])
def test_a_group_alone_shows_its_help(kgan, words):
    result = kgan(*words)
    assert result.exit_code == 0
    assert "Commands:" in result.stdout


@pytest.mark.parametrize("words", LEAVES, ids=" ".join)
def test_every_help_ends_with_an_example(kgan, words):
    result = kgan(*words, "--help")
    assert result.exit_code == 0
    example = " ".join(result.output.split()).rpartition("Example: ")[2]
    assert example.startswith(f"kgan {' '.join(words)}")


def test_the_help_ends_with_an_example(kgan):
    assert kgan("--help").output.splitlines()[-1].strip().startswith("kgan train ")


def test_the_help_lists_every_command(kgan):
    assert all(f"\n  {name} " in kgan("--help").output for name in COMMANDS)


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["trian"], ["'trian'", "Did you mean 'train'?"]),
        (["train", "--epohcs", "3"], ["--epohcs", "--epochs", "'kgan train --help'"]),
        (["train", "--seed", "x"], ["--seed", "'x'"]),
        (["generate"], ["MODEL", "'kgan generate --help'"]),
    ],
)
def test_wrong_use(refuses, words, parts):
    refuses(2, parts, *words)


def raising(error):
    """A command line whose one command raises."""

    class One(Cli):
        def get_command(self, ctx, cmd_name):
            @click.command()
            @click.option("--data", default="x")
            @click.option("--batch-size", default=8)
            def fail(data, batch_size):
                raise error

            return fail

    return CliRunner().invoke(One("kgan"), ["fail"], prog_name="kgan")


def full(path="/big/model.keras", number=errno.ENOSPC):
    return OSError(number, os.strerror(number), path)


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (UsageError("n must be\n  at least 1."), 2, "Error: n must be at least 1."),
        (
            UsageError("source='x' must be a folder.", "source"),
            2,
            "Error: --data='x' must be a folder.",
        ),
        (UsageError("batch_size must be 1.", "batch_size"), 2, "Error: --batch-size must be 1."),
        # Not an option of this command, but an argument in the user's own recipe.
        (UsageError("opset=3 is unknown.", "opset"), 2, "Error: opset=3 is unknown."),
        (ValueError("no"), 1, "Error: no (--debug shows the traceback)"),
        (KeyError("x"), 1, "Error: KeyError: 'x' (--debug shows the traceback)"),
        (KeyboardInterrupt(), 130, "Error: interrupted."),
        (click.ClickException("no"), 1, "Error: no"),
        (
            MemoryError("Unable to allocate 8 TiB"),
            1,
            "Error: Out of memory: Unable to allocate 8 TiB; ask for fewer or smaller images at "
            "once.",
        ),
        (
            full(),
            1,
            "Error: /big/model.keras: No space left on device; free some space, or choose "
            "another place.",
        ),
        (
            full("runs", errno.EROFS),
            1,
            "Error: runs: Read-only file system; choose another place.",
        ),
        (
            full("runs", errno.EACCES),
            1,
            "Error: runs: Permission denied; check its permissions, or choose another place.",
        ),
    ],
)
def test_every_error_is_one_line_and_a_code(error, code, line):
    result = raising(error)
    assert result.exit_code == code
    assert result.stderr.strip() == line
    assert result.stdout == ""


@pytest.mark.parametrize("words", [["--debug", "train", "nope"], ["train", "nope", "--debug"]])
def test_debug_shows_the_traceback_and_keeps_the_code(kgan, words):
    result = kgan(*words)
    assert result.exit_code == 2
    assert "Traceback (most recent call last)" in result.stderr
    assert result.stderr.splitlines()[-1].startswith("Error: ")


def test_warnings_are_one_line():
    class One(Cli):
        def get_command(self, ctx, cmd_name):
            return click.Command("warn", callback=lambda: warnings.warn("a\nb", stacklevel=1))

    shown = warnings.showwarning
    result = CliRunner().invoke(One("kgan"), ["warn"])
    assert (result.exit_code, result.stderr) == (0, "Warning: a b\n")
    assert warnings.showwarning is shown


def test_the_module_runs_as_the_command(folder, command):
    code, stdout, stderr = command("train", "nope")
    assert (code, stdout, stderr.count("\n")) == (2, "", 1)
    assert list(folder.iterdir()) == []


START = "from kgan.cli.main import import_tensorflow; import_tensorflow()\n"


@pytest.mark.slow
def test_tensorflow_starts_without_chatter(python):
    code = START + "import tensorflow as tf; print(float(tf.constant(1.0) + 1.0))"
    assert python("-c", code).communicate() == ("2.0\n", "")


def test_what_tensorflow_says_when_it_cannot_start_is_shown(folder, python):
    (folder / "keras.py").write_text(
        "import os; os.write(2, b'a library is missing'); raise ImportError('no')"
    )
    process = python("-c", START)
    assert "a library is missing" in process.communicate()[1]
    assert process.returncode == 1


def test_cli_is_what_the_entry_point_runs():
    assert isinstance(cli, Cli)


def test_without_a_standard_output(python):
    program = "import sys; sys.stdout = None; from kgan.cli.main import run; run()"
    process = python("-c", program, "zoo", "list")
    assert process.communicate() == ("", "") and process.returncode == 0


def test_another_backend(command, folder):
    words = ("export", "dcgan_fashion_mnist", "--format", "onnx", "--out", "x.onnx")
    for backend in ("jax", "numpy"):
        code, _, errors = command(*words, environment={"KERAS_BACKEND": backend})
        assert code == 2 and errors.startswith(f"Error: The backend of Keras, {backend}, must be")
        assert errors.count("\n") == 1
    assert list(folder.iterdir()) == []
