"""Locks of folders, which the system releases when their process ends, however it ends."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from pathlib import Path
from typing import Any

from kgan.errors import UsageError

fcntl: Any
try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

NAME = ".kgan-lock"


class Unsupported(OSError):
    """The system, or the file system, has no locks, so nobody knows who writes in a folder."""


def acquire(folder: Path) -> int:
    """Lock a folder by the file `.kgan-lock` in it; the file's descriptor, which holds the lock.

    Raises:
        BlockingIOError: another process has the lock, or another descriptor of this process.
        Unsupported: there are no locks here.
        OSError: the file cannot be made.
    """
    if fcntl is None:
        raise Unsupported("no locks of files on this system")
    while True:
        descriptor = os.open(folder / NAME, os.O_CREAT | os.O_RDWR, 0o666)
        try:
            _flock(descriptor)
            # A file that its last holder removed meanwhile locks nothing.
            if os.path.samestat(os.fstat(descriptor), os.stat(folder / NAME)):
                return descriptor
            os.close(descriptor)
        except FileNotFoundError:
            os.close(descriptor)
        except OSError as error:
            os.close(descriptor)
            if isinstance(error, Unsupported):
                (folder / NAME).unlink(missing_ok=True)
            raise


def _flock(descriptor: int) -> None:
    try:
        # Not lockf, whose lock is lost as soon as the process closes any descriptor of the file.
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError as error:
        raise Unsupported(error.errno, error.strerror) from error


# Which folders this process holds: another `fit` of a notebook goes on in its own folder.
_held: dict[tuple[int, str], int] = {}


def hold(folder: Path, argument: str) -> None:
    """Keep other processes from writing in a folder until `release`, or until this process ends.

    The folder is created. Without locks, as on Windows and on some network file systems, nobody
    is kept out.

    Raises:
        UsageError: another process holds it; the message says which, where and since when.
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if _key(folder) in _held:
        return
    try:
        descriptor = acquire(folder)
    except Unsupported:
        return
    except BlockingIOError:
        holder = ""
        with contextlib.suppress(OSError):  # released meanwhile
            holder = (folder / NAME).read_text(encoding="utf-8")
        raise UsageError(
            f"{argument}={str(folder)!r} is in use by {holder or 'another process'}; wait for it "
            "or stop it, or choose another folder.",
            argument,
        ) from None
    _held[_key(folder)] = descriptor
    since = time.strftime("%Y-%m-%d %H:%M:%S %z")
    note = f"process {os.getpid()} on {socket.gethostname()} since {since}"
    with contextlib.suppress(OSError):  # a full disk; the lock holds without its note
        os.ftruncate(descriptor, 0)
        os.write(descriptor, note.encode())


def release(folder: Path) -> None:
    """Let others write in a folder, if this process holds it."""
    descriptor = _held.pop(_key(folder), None)
    if descriptor is not None:
        with contextlib.suppress(OSError):
            os.unlink(folder / NAME)
        os.close(descriptor)


def _key(folder: Path) -> tuple[int, str]:
    # With the process's number, since a forked one does not hold what its parent does.
    return os.getpid(), os.path.realpath(folder)
