"""Files that are either whole or absent: written beside their place, then renamed."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator, Set
from pathlib import Path

from kgan import locks
from kgan.errors import UsageError

_SCRATCH = re.compile(r"\.(?P<name>.+)\.kgan-[a-z0-9_]{8}", re.DOTALL)
_DESCRIPTOR = re.compile(r"/dev/(?P<name>stdout|stderr)|/(dev|proc/self)/fd/(?P<number>\d+)")


@contextlib.contextmanager
def atomic_write(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; what the block leaves there becomes `path`.

    The block may create a file or a folder. A file replaces an older file at once (`os.replace`); a
    folder replaces an older folder. If the block raises, nothing is left behind and an older `path`
    stays as it was. Parent folders are created; a symbolic link stays, and its target is replaced.

    What cannot be replaced is filled: the bytes of a file are written to a device or a pipe; the
    content of a folder goes into an empty folder that cannot be renamed, such as a mount point.

    A killed process leaves the folder `.NAME.kgan-…`, which the next write or a `sweep` removes.

    Raises:
        OSError: the folder cannot be written, the disk is full, a folder stands where a file
            is to go, or the reverse, or `path` is a mount point that holds something; `filename`
            is `path`.
    """
    if is_stream(path):
        with _streaming(Path(path)) as temporary:
            yield temporary
        return
    path = real(path)
    for folder in (path.parent, path):
        sweep(folder, path.name)
    new_folders = [folder for folder in path.parents if not folder.exists()]
    scratch, lock = None, None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch, lock = _scratch(path)
        # A folder of its own lets writers keep the suffix that they derive the format from.
        temporary = scratch / path.name
        yield temporary
        _flush(temporary)
        _put(temporary, path)
    except BaseException as error:
        # An older folder that could not be brought back is left to the next sweep.
        if scratch is not None and not _aside(scratch, path.name).exists():
            _remove(scratch, lock)
        with contextlib.suppress(OSError):
            for folder in new_folders:
                folder.rmdir()
        if isinstance(error, OSError) and error.errno and _ours(error.filename, path):
            raise OSError(error.errno, os.strerror(error.errno), str(path)) from error
        raise
    _remove(scratch, lock)


def sweep(folder: Path, name: str | None = None) -> None:
    """Remove what killed writes left in a folder, and bring back what they had put aside.

    These are the folders `.NAME.kgan-…` that `atomic_write` makes, of one name or of all; never a
    link. Their writers lock them, and the system drops the lock of a killed process; a folder that
    is locked stays, and so does one that cannot be locked, as on Windows.
    """
    try:
        found = [match for entry in os.listdir(folder) if (match := _SCRATCH.fullmatch(entry))]
    except OSError:  # no such folder, or one that may not be read
        return
    for match in found:
        scratch = folder / match[0]
        if name not in (None, match["name"]) or scratch.is_symlink() or not scratch.is_dir():
            continue
        # Its writer lives, another sweep was faster, or the folder may not be written.
        with contextlib.suppress(OSError):
            lock = locks.acquire(scratch)
            aside, place = _aside(scratch, match["name"]), folder / match["name"]
            try:
                if aside.exists() and not place.exists():
                    aside.rename(place)
            except OSError:
                os.close(lock)
                raise
            _remove(scratch, lock)


def restore(path: str | Path) -> None:
    """Bring back a folder that a killed `atomic_write` had put aside; call it before you read."""
    path = Path(os.path.realpath(path))
    if not path.exists():
        sweep(path.parent, path.name)


def is_empty(folder: Path) -> bool:
    """Whether a folder holds nothing but a lock and what killed writes left, which is removed."""
    sweep(folder)
    return all(path.name == locks.NAME for path in folder.iterdir())


def is_stream(path: str | Path) -> bool:
    """Whether a path is no regular file or folder: a device, a pipe, /dev/stdout."""
    if _DESCRIPTOR.fullmatch(os.path.abspath(path)):
        return True
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def real(path: str | Path) -> Path:
    """The whole path with its links followed, whether anything is there or not.

    Raises:
        OSError: a link leads to itself.
    """
    try:
        os.stat(path)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise
    return Path(os.path.realpath(path))


def check_overwrite(argument: str, path: Path, content: Set[str], marker: str, what: str) -> None:
    """Refuse to replace a file, or a folder that is not `what`.

    What may be replaced is empty, or has the file `marker` and nothing but `content`.

    Raises:
        UsageError: replacing `path` could lose something that is not `what`, or it is the
            current folder.
    """
    restore(path)
    if path.exists() and not path.is_dir():
        raise UsageError(
            f"{argument}={str(path)!r} must be a new folder or {what}, received a file.", argument
        )
    if real(path) == Path.cwd():
        raise UsageError(
            f"{argument}={str(path)!r} must not be the current folder, which would be replaced; "
            "choose a new one.",
            argument,
        )
    sweep(path)
    found = {entry.name for entry in path.iterdir()} if path.is_dir() else set()
    foreign = sorted(found - content or (found if marker not in found else set()))
    if foreign:
        raise UsageError(
            f"{argument}={str(path)!r} must be a new folder or {what}, but it holds "
            f"{foreign[0]!r}; choose another path or move the folder away.",
            argument,
        )


def sha256(path: str | Path) -> str:
    """The SHA-256 of a file as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def folder_bytes(folder: str | Path) -> int:
    """The bytes of all files in a folder and its folders."""
    return sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file())


@contextlib.contextmanager
def _streaming(path: Path) -> Iterator[Path]:
    """Yield a temporary path; the bytes that the block leaves there are written to a stream."""
    with tempfile.TemporaryDirectory() as scratch:
        temporary = Path(scratch) / path.name
        yield temporary
        if temporary.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
        target: Path | int = path
        # By its path, a file that stdout was redirected to would be written from its start.
        if found := _DESCRIPTOR.fullmatch(os.path.abspath(path)):
            if sys.stdout is not None:
                sys.stdout.flush()
            target = int(found["number"] or {"stdout": 1, "stderr": 2}[found["name"]])
        with (
            open(temporary, "rb") as source,
            open(target, "wb", closefd=target is path) as stream,
        ):
            shutil.copyfileobj(source, stream)


def _scratch(path: Path) -> tuple[Path, int | None]:
    """A new folder beside `path` and its lock; within `path` if that is to be filled.

    Raises:
        OSError: no folder can be made, or `path` is a mount point that holds something.
    """
    fillable = path.is_dir() and not any(path.iterdir())
    try:
        scratch, lock = _make(path, path.parent)
        try:
            if fillable:
                # Detects a mount point before the work is done, even one of the same disk.
                path.rename(_aside(scratch, path.name))
                _aside(scratch, path.name).rename(path)
            elif os.path.ismount(path) and path.is_dir():
                raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), str(path))
        except OSError:
            _remove(scratch, lock)
            raise
    except OSError:
        if not fillable:
            raise
        return _make(path, path)
    return scratch, lock


def _make(path: Path, folder: Path) -> tuple[Path, int | None]:
    """A new scratch folder of `path` in a folder, and its lock; None where there are no locks."""
    while True:
        scratch = Path(tempfile.mkdtemp(prefix=f".{path.name}.kgan-", dir=folder))
        try:
            return scratch, locks.acquire(scratch)
        except locks.Unsupported:
            return scratch, None
        except (BlockingIOError, FileNotFoundError):
            continue  # a sweep took the folder away before it was locked
        except OSError:
            _remove(scratch, None)
            raise


def _remove(scratch: Path, lock: int | None) -> None:
    """Remove a scratch folder, then release its lock."""
    shutil.rmtree(scratch, ignore_errors=True)
    if lock is not None:
        os.close(lock)


def _aside(scratch: Path, name: str) -> Path:
    """Where an older folder waits until the new one has its place."""
    return scratch / f"{name}.replaced"


def _put(temporary: Path, path: Path) -> None:
    """Rename `temporary` to `path`; an older folder goes aside and comes back if that fails."""
    aside = _aside(temporary.parent, path.name)
    if not path.is_dir():
        try:
            os.replace(temporary, path)
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            shutil.copyfile(temporary, path)  # a file that is a mount point
    elif not temporary.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    elif temporary.parent.parent == path:
        for entry in temporary.iterdir():
            entry.rename(path / entry.name)
        return _fsync(path)
    else:
        path.rename(aside)
        try:
            temporary.rename(path)
        except BaseException:
            aside.rename(path)
            raise
    _fsync(path.parent)


def _ours(filename: str | bytes | None, path: Path) -> bool:
    """Whether an error names no file, as in a write, or one that the user did not name."""
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
