import os
import subprocess
import sys

import numpy as np
import pytest

from kgan.cli.terminal import print_table, printable, say
from kgan.images import to_uint8

EVIL = "a\x1b[31mred\x07\x9b2J\u202eb\udc9b"
SPELLED = r"a\x1b[31mred\x07\x9b2J\u202eb\udc9b"


def test_what_a_terminal_would_obey_is_spelled_out():
    assert printable(EVIL) == SPELLED
    assert printable("Größe 3 … 名\tx\ny") == "Größe 3 … 名\tx\ny"


def test_lines_and_tables(capsys):
    say(EVIL)
    say(EVIL, err=True)
    print_table((EVIL.upper()[:1], "what"), [(EVIL, EVIL)])
    printed = capsys.readouterr()
    assert printed.out.count(SPELLED) == 3 and printed.err == SPELLED + "\n"
    assert not set(printed.out + printed.err) & set("\x1b\x07\x9b\u202e")


@pytest.mark.parametrize(
    "words",
    [
        ["generate", "e\x1b[2Jvil"],
        ["generate", "e\x1b[2Jvil.keras"],
        ["train", "e\x1b[2Jvil.py"],
        ["train", "--resume", "--out", "e\x1b[2Jvil"],
        ["e\x1b[2Jvil"],
        ["train", "--e\x1b[2Jvil"],
        ["--debug", "generate", "e\x1b[2Jvil"],
    ],
    ids=lambda words: " ".join(words).replace("\x1b", "ESC"),
)
def test_names_in_errors_are_harmless(kgan, folder, words):
    result = kgan(*words)
    assert result.exit_code == 2
    assert r"e\x1b[2Jvil" in result.stderr and "\x1b" not in result.output


@pytest.mark.slow
def test_names_of_what_was_made_are_harmless(kgan, folder, tiny_gan, recipe):
    tiny_gan.save(folder / "gan.keras")
    for words in (
        ["generate", "gan.keras", "-n", 1, "--out", "e\x1b[2Jvil.png"],
        ["latent", "directions", "gan.keras", "-n", 1, "--out", "e\x1b[2Jvil.png"],
        ["train", recipe, "--epochs", 1, "--out", "e\x1b[2Jvil"],
        ["generate", "e\x1b[2Jvil", "-n", 1],
    ):
        result = kgan(*words)
        assert result.exit_code == 0, result.output
        assert "\x1b" not in result.output
    recipe.rename(bad := folder / "e\x1b[2Jvil.py")
    result = kgan("train", bad, "--epochs", 1, "--out", "run")
    assert result.exit_code == 0 and "\x1b" not in result.output
    assert r"e\x1b[2Jvil.py" in result.stdout


def shell(line, **more):
    """Runs a line of the shell, in which `kgan` is the command."""
    program = f'kgan() {{ {sys.executable} -m kgan "$@"; }}; {line}'
    root = os.path.dirname(os.path.dirname(__import__("kgan").__file__))
    environment = {**os.environ, "PYTHONPATH": root, **more}
    return subprocess.run(
        ["bash", "-c", program], env=environment, capture_output=True, text=True, check=False
    )


def test_streams_that_are_full_or_closed(folder):
    found = shell("kgan zoo list >/dev/full")
    assert found.returncode == 1 and found.stderr.count("\n") == 1
    assert found.stderr.startswith("Error: No space left on device; free some space")
    assert shell("kgan train nope 2>/dev/full").returncode == 2
    assert shell("kgan train nope 2>&-").returncode == 2
    assert shell("kgan zoo list >&- 2>&- <&-").returncode == 0


@pytest.mark.slow
def test_files_do_not_take_the_place_of_closed_streams(folder, tiny_gan):
    tiny_gan.save(folder / "gan.keras")
    found = shell("kgan generate gan.keras -n 1 --seed 1 --out a.npz >&- 2>&- <&-")
    assert found.returncode == 0
    with np.load(folder / "a.npz") as arrays:
        np.testing.assert_array_equal(arrays["images"], to_uint8(tiny_gan.generate(1, seed=1)))


def test_a_deleted_current_folder(folder):
    line = "mkdir gone; cd gone; rmdir ../gone; "
    for words in ("generate dcgan_fashion_mnist", "train --resume", "train"):
        found = shell(line + f"kgan {words}")
        assert (found.returncode, found.stderr) == (
            1,
            "Error: The current folder was deleted; change to one that exists.\n",
        )
    assert shell(line + "kgan zoo list").returncode == 0
