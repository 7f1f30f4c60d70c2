import errno
import os
import signal
import socket
import subprocess
import sys

import pytest

from kgan import locks
from kgan.errors import UsageError


def test_another_process_is_named_until_it_is_killed(tmp_path, holder):
    process = holder(tmp_path / "run")
    with pytest.raises(UsageError) as error:
        locks.hold(tmp_path / "run", "folder")
    for part in (f"folder='{tmp_path}/run'", f"process {process.pid} on {socket.gethostname()}"):
        assert part in str(error.value)
    assert " since 20" in str(error.value)
    process.send_signal(signal.SIGKILL)
    process.wait()
    locks.hold(tmp_path / "run", "folder")
    locks.hold(tmp_path / "run", "folder")  # the same process may
    locks.release(tmp_path / "run")
    assert os.listdir(tmp_path / "run") == []
    locks.release(tmp_path / "run")


def test_a_lock_is_not_that_of_a_file_which_was_removed(tmp_path, monkeypatch):
    """One that waits for a lock opens its file before the holder removes it."""
    first = locks.acquire(tmp_path)
    flock = locks._flock

    def released_meanwhile(descriptor):
        monkeypatch.setattr(locks, "_flock", flock)
        (tmp_path / locks.NAME).unlink()
        os.close(first)
        flock(descriptor)

    monkeypatch.setattr(locks, "_flock", released_meanwhile)
    second = locks.acquire(tmp_path)
    with pytest.raises(BlockingIOError):
        locks.acquire(tmp_path)
    os.close(second)


def test_a_file_system_without_locks_keeps_nobody_out(tmp_path, monkeypatch):
    def flock(descriptor, operation):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("kgan.locks.fcntl.flock", flock)
    locks.hold(tmp_path, "folder")
    assert os.listdir(tmp_path) == []
    locks.release(tmp_path)


def test_a_system_without_fcntl(tmp_path):
    code = (
        "import sys; sys.modules['fcntl'] = None\n"
        "from pathlib import Path; from kgan import files, locks\n"
        "locks.hold(Path('run'), 'folder')\n"
        "with files.atomic_write('run/a') as path: path.write_text('text')"
    )
    root = os.path.dirname(os.path.dirname(locks.__file__))
    environment = {**os.environ, "PYTHONPATH": root}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True)
    assert os.listdir(tmp_path / "run") == ["a"]
