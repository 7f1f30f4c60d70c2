import subprocess
import sys

import pytest
from click.testing import CliRunner

import kgan.data
from kgan.cli.data import data


@pytest.fixture(autouse=True)
def nothing_prepared(tmp_path, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))


def test_list_names_what_is_here_and_how_to_get_more():
    result = CliRunner().invoke(data, ["list"])
    assert result.exit_code == 0
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("fashion_mnist")]
    assert line.split() == ["fashion_mnist", "train", "10,000", "comes", "with", "kgan"]
    assert "cifar10" in result.stdout


def test_list_needs_neither_tensorflow_nor_tfds():
    code = (
        "import sys; from kgan.cli.data import data; data(['list'], standalone_mode=False); "
        "assert not {'tensorflow', 'keras', 'tensorflow_datasets'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_prepare_says_where_and_how_to_load(monkeypatch):
    calls = []

    def prepare(*arguments):
        calls.append(arguments)
        return "there/3.0.1"

    monkeypatch.setattr(kgan.data, "prepare", prepare)
    result = CliRunner().invoke(data, ["prepare", "fashion_mnist", "--from", "debian"])
    assert result.exit_code == 0, result.output
    assert calls == [("fashion_mnist", "debian", None)]
    assert result.stdout == "there/3.0.1: load it as tfds:fashion_mnist\n"
    words = ["prepare", "fashion_mnist", "--from", "debian", "--data-dir", "my sets"]
    result = CliRunner().invoke(data, words)
    assert result.stdout.endswith("load it as tfds:fashion_mnist with TFDS_DATA_DIR='my sets'\n")


def test_prepare_needs_a_folder():
    result = CliRunner().invoke(data, ["prepare", "fashion_mnist"])
    assert result.exit_code == 2
    assert "--from" in result.output


def test_every_command_has_an_example():
    for command in (data, *data.commands.values()):
        assert "kgan data" in command.epilog
