import errno
import os
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from kgan import files
from kgan.errors import UsageError


def test_a_file_appears_whole(tmp_path):
    path = tmp_path / "new" / "a.txt"
    with files.atomic_write(path) as temporary:
        temporary.write_text("one")
        assert temporary.suffix == ".txt" and not path.exists()
    assert path.read_text() == "one"
    assert os.listdir(path.parent) == ["a.txt"]


def test_a_failure_leaves_the_old_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), files.atomic_write(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_a_folder_takes_the_place_of_a_folder(tmp_path):
    path = tmp_path / "folder"
    path.mkdir()
    (path / "old").write_text("old")
    with files.atomic_write(path) as temporary:
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
    with pytest.raises(IsADirectoryError) as error, files.atomic_write(tmp_path / "photos") as new:
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

    with pytest.raises(OSError), files.atomic_write(tmp_path / "old") as new:
        new.mkdir()
        monkeypatch.setattr(Path, "rename", lambda self, to: fail(self, to))
    assert (tmp_path / "old" / "mine.txt").read_text() == "mine"
    assert os.listdir(tmp_path) == ["old"]


def test_new_parents_go_again_if_it_fails(tmp_path):
    with pytest.raises(RuntimeError), files.atomic_write(tmp_path / "a" / "b" / "c.txt"):
        raise RuntimeError
    assert os.listdir(tmp_path) == []


def test_a_link_stays_and_its_target_is_replaced(tmp_path):
    (tmp_path / "target.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to("target.txt")
    with files.atomic_write(tmp_path / "link.txt") as temporary:
        temporary.write_text("new")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "target.txt").read_text() == "new"


def test_errors_name_the_users_path_not_the_hidden_one(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError) as error, files.atomic_write(tmp_path / "file" / "a.txt"):
        pass
    assert str(error.value.filename).startswith(str(tmp_path / "file"))
    with pytest.raises(OSError) as error, files.atomic_write(tmp_path / "b.txt") as temporary:
        (temporary / "nowhere").write_text("")
    assert (error.value.errno, error.value.filename) == (errno.ENOENT, str(tmp_path / "b.txt"))
    # An error of another file keeps its name.
    with pytest.raises(FileNotFoundError) as error, files.atomic_write(tmp_path / "b.txt"):
        (tmp_path / "gone.txt").read_text()
    assert error.value.filename == str(tmp_path / "gone.txt")


FULL = """
import resource, signal, sys
from kgan import files
from kgan.errors import UsageError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    with files.atomic_write(sys.argv[1]) as path:
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


WRITER = """
import os, pathlib, signal, sys, time
from kgan import files

path, moment = pathlib.Path(sys.argv[1]), sys.argv[2]

def kill():
    os.kill(os.getpid(), signal.SIGKILL)

if moment == "aside":
    rename = pathlib.Path.rename
    def then_kill(self, target):
        rename(self, target)
        kill()
with files.atomic_write(path) as temporary:
    if path.suffix:
        temporary.write_text("half")
    else:
        temporary.mkdir()
        (temporary / "new").write_text("new")
    if moment == "inside":
        kill()
    if moment == "aside":
        pathlib.Path.rename = then_kill
    if moment == "wait":
        print("writes", flush=True)
        sys.stdin.read()
"""


@pytest.fixture
def writer():
    """Starts a second process that writes a path: killed `inside` the block or with the old folder
    put `aside`, or held up in the block (`wait`) until its stdin is closed."""
    started = []

    def start(path, moment):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, path, moment],
            env={**os.environ, "PYTHONPATH": str(Path(files.__file__).parents[1])},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        if moment == "wait":
            assert process.stdout.readline() == "writes\n"
        else:
            assert process.wait(60) == -signal.SIGKILL
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_the_next_write_removes_what_a_killed_one_left(tmp_path, writer):
    path = tmp_path / "a.txt"
    writer(path, "inside")
    (left,) = os.listdir(tmp_path)
    assert left.startswith(".a.txt.kgan-")
    with files.atomic_write(tmp_path / "b.txt") as temporary:
        temporary.write_text("another file")
    assert left in os.listdir(tmp_path)
    with files.atomic_write(path) as temporary:
        temporary.write_text("whole")
    assert sorted(os.listdir(tmp_path)) == ["a.txt", "b.txt"]


def test_a_write_leaves_that_of_a_living_process(tmp_path, writer):
    path = tmp_path / "a.txt"
    process = writer(path, "wait")
    with files.atomic_write(path) as temporary:
        temporary.write_text("whole")
    files.sweep(tmp_path)
    assert len(os.listdir(tmp_path)) == 2 and path.read_text() == "whole"
    process.communicate("", timeout=60)
    assert process.returncode == 0
    assert os.listdir(tmp_path) == ["a.txt"] and path.read_text() == "half"


def test_where_there_are_no_locks_files_are_written_and_leftovers_stay(tmp_path, monkeypatch):
    monkeypatch.setattr("kgan.locks.fcntl", None)
    (tmp_path / ".a.txt.kgan-12345678").mkdir()
    with files.atomic_write(tmp_path / "a.txt") as temporary:
        temporary.write_text("whole")
    assert sorted(os.listdir(tmp_path)) == [".a.txt.kgan-12345678", "a.txt"]


@pytest.mark.parametrize("then", [files.restore, files.sweep])
def test_a_folder_put_aside_by_a_killed_write_comes_back(tmp_path, writer, then):
    path = tmp_path / "folder"
    path.mkdir()
    (path / "old").write_text("old")
    writer(path, "aside")
    assert not path.exists()
    then(path if then is files.restore else tmp_path)
    assert os.listdir(path) == ["old"] and os.listdir(tmp_path) == ["folder"]


def test_a_folder_put_aside_is_there_when_the_next_write_fails(tmp_path, writer):
    path = tmp_path / "folder"
    path.mkdir()
    (path / "old").write_text("old")
    writer(path, "aside")
    with pytest.raises(RuntimeError), files.atomic_write(path):
        raise RuntimeError
    assert os.listdir(path) == ["old"] and os.listdir(tmp_path) == ["folder"]


def test_an_interrupt_brings_the_old_folder_back(tmp_path, monkeypatch):
    path = tmp_path / "folder"
    path.mkdir()
    (path / "old").write_text("old")
    rename = Path.rename

    def interrupted(self, target):
        if self.parent != tmp_path and Path(target) == path and self.name == "folder":
            raise KeyboardInterrupt
        return rename(self, target)

    with pytest.raises(KeyboardInterrupt), files.atomic_write(path) as temporary:
        temporary.mkdir()
        monkeypatch.setattr(Path, "rename", interrupted)
    assert os.listdir(path) == ["old"] and os.listdir(tmp_path) == ["folder"]


def write(path, text="text"):
    with files.atomic_write(path) as temporary:
        temporary.write_text(text)


def test_a_device_stays_a_device(tmp_path):
    write("/dev/null")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    with pytest.raises(NotADirectoryError) as error, files.atomic_write("/dev/null") as temporary:
        temporary.mkdir()
    assert error.value.filename == "/dev/null"
    with pytest.raises(UsageError, match="path='/dev/null' must be a new folder or a thing"):
        files.check_overwrite("path", Path("/dev/null"), {"marker"}, "marker", "a thing")


def test_a_pipe_gets_the_bytes(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK)) as reader:
        write(path)
        assert reader.read() == "text"
    assert os.listdir(tmp_path) == ["pipe"] and stat.S_ISFIFO(path.stat().st_mode)


TO_STDOUT = """
from kgan import files
print("before")
with files.atomic_write("/dev/stdout") as path:
    path.write_text("text\\n")
print("after")
"""


@pytest.mark.parametrize("to_file", [False, True])
def test_stdout_is_written_in_turn(tmp_path, to_file):
    path = tmp_path / "out.txt"
    done = subprocess.run(
        [sys.executable, "-c", TO_STDOUT],
        env={**os.environ, "PYTHONPATH": str(Path(files.__file__).parents[1])},
        stdout=path.open("wb") if to_file else subprocess.PIPE,
        check=True,
    )
    assert (path.read_bytes() if to_file else done.stdout) == b"before\ntext\nafter\n"


MOUNTED = """
import os, pathlib, subprocess, sys
from kgan import files

def folder(path):
    with files.atomic_write(path) as temporary:
        temporary.mkdir()
        (temporary / "sub").mkdir()
        (temporary / "sub" / "new").write_text("new")

def listing(path):
    return sorted(str(found.relative_to(path)) for found in pathlib.Path(path).rglob("*"))

subprocess.run(["mount", *sys.argv[1:], "point"], check=True)
try:
    with files.atomic_write("point") as temporary:
        raise RuntimeError
except RuntimeError:
    print(listing("."))
folder("point")
print(listing("."))
began = False
try:
    with files.atomic_write("point") as temporary:
        began = True
        temporary.mkdir()
except OSError as error:
    print(began, error.errno == 16, error.filename == os.path.realpath("point"))
print(listing("."))
"""


def mounted(folder, *words):
    """Runs `MOUNTED` with a mount that ends with it; what it printed."""
    probe = ["unshare", "-m", "true"]
    if not shutil.which("unshare") or subprocess.run(probe, capture_output=True).returncode:
        pytest.skip("needs the right to mount")
    done = subprocess.run(
        ["unshare", "-m", sys.executable, "-c", MOUNTED, *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(files.__file__).parents[1])},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_an_empty_mount_point_is_filled_and_a_full_one_is_refused_before_the_work(tmp_path):
    (tmp_path / "point").mkdir()
    lines = mounted(tmp_path, "-t", "tmpfs", "tmpfs")
    whole = "['point', 'point/sub', 'point/sub/new']"
    assert lines == ["['point']", whole, "False True True", whole]


def test_a_folder_mounted_from_the_same_disk_is_filled(tmp_path):
    (tmp_path / "point").mkdir()
    (tmp_path / "real").mkdir()
    lines = mounted(tmp_path, "--bind", "real")
    assert lines[0] == "['point', 'real']"
    assert lines[1].endswith("'real/sub/new']")
    assert sorted(path.name for path in (tmp_path / "real").rglob("*")) == ["new", "sub"]


def test_an_empty_folder_that_cannot_be_renamed_is_filled(tmp_path, monkeypatch):
    path = tmp_path / "point"
    path.mkdir()
    rename = Path.rename

    def busy(self, target):
        if self == path:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), str(self))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", busy)
    with files.atomic_write(path) as temporary:
        temporary.mkdir()
        (temporary / "new").write_text("new")
    assert os.listdir(path) == ["new"] and os.listdir(tmp_path) == ["point"]


@pytest.mark.parametrize("names", [["assets"], ["thesis.tex"], ["thesis.tex", "marker"]])
def test_a_folder_that_is_something_else_is_refused(tmp_path, names):
    for name in names:
        (tmp_path / name).write_text("")
    with pytest.raises(UsageError, match=rf"path=.* or a thing, but it holds '{names[0]}'"):
        files.check_overwrite("path", tmp_path, {"assets", "marker"}, "marker", "a thing")


def test_a_folder_that_may_be_replaced(tmp_path):
    files.check_overwrite("path", tmp_path / "new", {"marker"}, "marker", "a thing")
    files.check_overwrite("path", tmp_path, {"marker"}, "marker", "a thing")
    (tmp_path / "marker").write_text("")
    files.check_overwrite("path", tmp_path, {"marker"}, "marker", "a thing")
    with pytest.raises(UsageError, match="received a file"):
        files.check_overwrite("path", tmp_path / "marker", {"marker"}, "marker", "a thing")


def test_the_current_folder_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="must not be the current folder"):
        files.check_overwrite("path", Path("."), {"marker"}, "marker", "a thing")
