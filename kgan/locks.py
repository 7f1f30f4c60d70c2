"""Locks of folders, which the system releases when their process ends, however it ends."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

fcntl: Any
try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

NAME = ".kgan-lock"


class Unsupported(OSError):
    """The system, or the file system, has no locks: nobody can tell who writes in a folder."""


def acquire(folder: Path) -> int:
    """Lock a folder by the file `.kgan-lock` in it; the file's descriptor, which holds the lock.

    Raises:
        BlockingIOError: another process has the lock, or another descriptor of this process.
        Unsupported: there are no locks here.
        OSError: the file cannot be made.
    """
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
        except OSError:
            os.close(descriptor)
            raise


def _flock(descriptor: int) -> None:
    if fcntl is None:
        raise Unsupported("no locks of files on this system")
    try:
        # Not lockf, whose lock is lost as soon as the process closes any descriptor of the file.
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError as error:
        raise Unsupported(error.errno, error.strerror) from error
