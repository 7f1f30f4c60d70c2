import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kgan import files
from kgan.errors import UsageError


def test_a_file_appears_whole(tmp_path):
    path = tmp_path / "new" / "a.txt"
    with files.replacing(path) as temporary:
        temporary.write_text("one")
        assert temporary.suffix == ".txt" and not path.exists()
    assert path.read_text() == "one"
    assert os.listdir(path.parent) == ["a.txt"]


def test_a_failure_leaves_the_old_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), files.replacing(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_a_folder_takes_the_place_of_a_folder(tmp_path):
    path = tmp_path / "folder"
    path.mkdir()
    (path / "old").write_text("old")
    with files.replacing(path) as temporary:
        temporary.mkdir()
        (temporary / "new").write_text("new")
    assert os.listdir(path) == ["new"] and os.listdir(tmp_path) == ["folder"]


def test_sha256_of_known_text(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert files.sha256(tmp_path / "a") == expected


def test_a_file_never_replaces_a_folder(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "mine.txt").write_text("mine")
    with pytest.raises(IsADirectoryError) as error, files.replacing(tmp_path / "photos") as new:
        new.write_text("a file")
    assert error.value.filename == str(tmp_path / "photos")
    assert (tmp_path / "photos" / "mine.txt").read_text() == "mine"
    assert os.listdir(tmp_path) == ["photos"]


def test_a_folder_that_cannot_be_replaced_comes_back(tmp_path, monkeypatch):
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "mine.txt").write_text("mine")
    rename = Path.rename

    def fail(self, target):
        if self.name == "old" and Path(target).name == "old":  # the new one to its place
            raise OSError(errno.EIO, "input/output error")
        return rename(self, target)

    with pytest.raises(OSError), files.replacing(tmp_path / "old") as new:
        new.mkdir()
        monkeypatch.setattr(Path, "rename", lambda self, to: fail(self, to))
    assert (tmp_path / "old" / "mine.txt").read_text() == "mine"
    assert os.listdir(tmp_path) == ["old"]


def test_new_parents_go_again_if_it_fails(tmp_path):
    with pytest.raises(RuntimeError), files.replacing(tmp_path / "a" / "b" / "c.txt"):
        raise RuntimeError
    assert os.listdir(tmp_path) == []


def test_a_link_stays_and_its_target_is_replaced(tmp_path):
    (tmp_path / "target.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to("target.txt")
    with files.replacing(tmp_path / "link.txt") as temporary:
        temporary.write_text("new")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "target.txt").read_text() == "new"


def test_errors_name_the_users_path_not_the_hidden_one(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError) as error, files.replacing(tmp_path / "file" / "a.txt"):
        pass
    assert str(error.value.filename).startswith(str(tmp_path / "file"))
    with pytest.raises(OSError) as error, files.replacing(tmp_path / "b.txt") as temporary:
        (temporary / "nowhere").write_text("")
    assert (error.value.errno, error.value.filename) == (errno.ENOENT, str(tmp_path / "b.txt"))
    # An error of another file keeps its name.
    with pytest.raises(FileNotFoundError) as error, files.replacing(tmp_path / "b.txt"):
        (tmp_path / "gone.txt").read_text()
    assert error.value.filename == str(tmp_path / "gone.txt")


FULL = """
import resource, signal, sys
from kgan import files
from kgan.errors import UsageError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    with files.replacing(sys.argv[1]) as path:
        path.write_bytes(bytes(10_000))
except OSError as error:
    print(error.filename, error.strerror)
"""


def test_a_disk_that_takes_no_more(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    done = subprocess.run(
        [sys.executable, "-c", FULL, path],
        env={**os.environ, "PYTHONPATH": str(Path(files.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"{path} File too large\n"
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["a.bin"]


@pytest.mark.parametrize("names", [["assets"], ["thesis.tex"], ["thesis.tex", "marker"]])
def test_a_folder_that_is_something_else_is_refused(tmp_path, names):
    for name in names:
        (tmp_path / name).write_text("")
    with pytest.raises(UsageError, match=rf"path=.* or a thing, but it holds '{names[0]}'"):
        files.refuse_foreign("path", tmp_path, {"assets", "marker"}, "marker", "a thing")


def test_a_folder_that_may_be_replaced(tmp_path):
    files.refuse_foreign("path", tmp_path / "new", {"marker"}, "marker", "a thing")
    files.refuse_foreign("path", tmp_path, {"marker"}, "marker", "a thing")
    (tmp_path / "marker").write_text("")
    files.refuse_foreign("path", tmp_path, {"marker"}, "marker", "a thing")
    with pytest.raises(UsageError, match="received a file"):
        files.refuse_foreign("path", tmp_path / "marker", {"marker"}, "marker", "a thing")


def test_the_current_folder_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="must not be the current folder"):
        files.refuse_foreign("path", Path("."), {"marker"}, "marker", "a thing")
