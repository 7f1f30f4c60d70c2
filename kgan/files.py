"""Files that are either whole or absent: written beside their place, then renamed."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; what the block leaves there becomes `path`.

    The block may create a file or a folder. A file replaces an older file at once (`os.replace`);
    a folder takes the place of an older folder, which is removed. If the block raises, nothing
    is left behind and an older `path` stays as it was. The parent folder is created.

    Raises:
        OSError: the folder cannot be written, or the disk is full.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # A folder of its own lets writers keep the suffix that they derive the format from.
    scratch = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    temporary = scratch / path.name
    try:
        yield temporary
        _flush(temporary)
        if path.is_dir() and not path.is_symlink():
            path.rename(scratch / "replaced")
        os.replace(temporary, path)
        _fsync(path.parent)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def sha256(path: str | Path) -> str:
    """The SHA-256 of a file as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _flush(path: Path) -> None:
    """Bring a file, or every file of a folder, to the disk before it gets its final name."""
    for file in [path] if path.is_file() else path.rglob("*"):
        if file.is_file():
            _fsync(file)


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
