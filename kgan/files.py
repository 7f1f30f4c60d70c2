"""Files that are either whole or absent: written beside their place, then renamed."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Set
from pathlib import Path

from kgan.errors import UsageError


@contextlib.contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; what the block leaves there becomes `path`.

    The block may create a file or a folder. A file replaces an older file at once (`os.replace`);
    a folder takes the place of an older folder, which is removed. If the block raises, nothing
    is left behind and an older `path` stays as it was. Parent folders are created; a symbolic
    link stays, and what it points to is replaced.

    Raises:
        OSError: the folder cannot be written, the disk is full, or a folder stands where a file
            is to go, or the reverse; `filename` is `path`.
    """
    path = Path(os.path.realpath(path))
    new_folders = [folder for folder in path.parents if not folder.exists()]
    scratch = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # A folder of its own lets writers keep the suffix that they derive the format from.
        scratch = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
        temporary = scratch / path.name
        yield temporary
        _flush(temporary)
        _put(temporary, path, aside=scratch / "replaced")
    except BaseException as error:
        if scratch is not None:
            shutil.rmtree(scratch, ignore_errors=True)
        with contextlib.suppress(OSError):
            for folder in new_folders:
                folder.rmdir()
        if isinstance(error, OSError) and error.errno and _ours(error.filename, path):
            raise OSError(error.errno, os.strerror(error.errno), str(path)) from error
        raise
    shutil.rmtree(scratch, ignore_errors=True)


def refuse_foreign(argument: str, path: Path, content: Set[str], marker: str, what: str) -> None:
    """Refuse to replace a file, or a folder that is not `what`.

    Such a folder is empty, or has the file `marker` and nothing but `content`.

    Raises:
        UsageError: replacing `path` could lose something that is not `what`, or it is the
            current folder.
    """
    if path.is_file():
        raise UsageError(
            f"{argument}={str(path)!r} must be a new folder or {what}, received a file."
        )
    if path.resolve() == Path.cwd():
        raise UsageError(
            f"{argument}={str(path)!r} must not be the current folder, which would be replaced; "
            "choose a new one."
        )
    found = {entry.name for entry in path.iterdir()} if path.is_dir() else set()
    foreign = sorted(found - content or (found if marker not in found else set()))
    if foreign:
        raise UsageError(
            f"{argument}={str(path)!r} must be a new folder or {what}, but it holds "
            f"{foreign[0]!r}; choose another path or move the folder away."
        )


def sha256(path: str | Path) -> str:
    """The SHA-256 of a file as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _put(temporary: Path, path: Path, aside: Path) -> None:
    """Rename `temporary` to `path`; an older folder goes aside and comes back if that fails."""
    if not path.is_dir():
        os.replace(temporary, path)
    elif not temporary.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    else:
        path.rename(aside)
        try:
            temporary.rename(path)
        except OSError:
            aside.rename(path)
            raise
    _fsync(path.parent)


def _ours(filename: str | bytes | None, path: Path) -> bool:
    """Whether an error's file is not told, as in a write, or is one that the user did not name."""
    if filename is None:
        return True
    name = Path(os.fsdecode(filename))
    hidden = any(part.startswith(f".{path.name}.") for part in name.parts)
    return hidden or name in path.parents


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
