"""Preparing a TFDS data set offline, from files that the user has."""

from __future__ import annotations

import os
import struct
import tempfile
import warnings
from pathlib import Path
from typing import Any

from kgan.checks import check_path
from kgan.data.tfds_source import find_builder
from kgan.errors import UsageError
from kgan.files import sha256

# When the original files were packed. Debian's package dataset-fashion-mnist holds the same
# compressed data, but under a header without the name and with a time of its own.
_PACKED_AT = {
    "train-images-idx3-ubyte.gz": 1504176606,
    "train-labels-idx1-ubyte.gz": 1504176606,
    "t10k-images-idx3-ubyte.gz": 1504176627,
    "t10k-labels-idx1-ubyte.gz": 1504176627,
}


def prepare(name: str, from_dir: str | Path, data_dir: str | Path | None = None) -> Path:
    """Prepare a TFDS data set from a folder with its original files; their checksums are verified.

    Debian's folder /usr/share/datasets/fashion-mnist works, too. The files are only read. A set
    that is prepared already stays as it is: a warning says that the files were not read, and so not
    verified.

    Args:
        name: the data set's name in TFDS.
        from_dir: the folder with the files that TFDS would download.
        data_dir: where TFDS keeps prepared data; by default TFDS_DATA_DIR or
            ~/tensorflow_datasets.

    Returns:
        The folder of the prepared data set.

    Raises:
        UsageError: unknown data set; files that are missing or not the original ones.
        OSError: `data_dir` cannot be written; the set is prepared, but damaged.
    """
    import tensorflow_datasets as tfds

    name = name.removeprefix("tfds:")
    folder = check_path("from_dir", from_dir)
    directory = None if data_dir is None else check_path("data_dir", data_dir)
    builder = find_builder(name, directory, "name", "")
    if not folder.is_dir():
        raise UsageError(f"from_dir={str(from_dir)!r} must be a folder; there is none.", "from_dir")
    if builder.is_prepared():
        warnings.warn(
            f"{name!r} is prepared already, in {builder.data_path}; the files in {folder} were "
            "not read. Remove the former to prepare it from these.",
            stacklevel=2,
        )
        return Path(builder.data_path)
    with tempfile.TemporaryDirectory(prefix="kgan-prepare-") as scratch:
        # A set that TFDS never downloads by itself has files that only its builder knows.
        manual = folder
        if not builder.MANUAL_DOWNLOAD_INSTRUCTIONS:
            manual = Path(scratch, "files")
            manual.mkdir()
            _gather(name, builder, folder, manual)
        config = tfds.download.DownloadConfig(manual_dir=manual, try_download_gcs=False)
        try:
            builder.download_and_prepare(
                download_dir=Path(scratch, "downloads"), download_config=config
            )
        except OSError:
            raise
        # Each data set has its own way to read its files, and so its own errors.
        except Exception as error:
            raise UsageError(
                f"from_dir={str(folder)!r} must hold the original files of {name!r}, but TFDS "
                f"could not prepare them: {type(error).__name__}: {error}",
                "from_dir",
            ) from error
    return Path(builder.data_path)


def restore_gzip_header(data: bytes, name: str, packed_at: int) -> bytes:
    """gzip data with the header that `gzip NAME` writes, in place of one without a name.

    Args:
        data: a gzip file whose header has its ten fixed bytes only.
        name: the name of the file before it was packed.
        packed_at: its time, in seconds since 1970.
    """
    return (
        b"\x1f\x8b\x08\x08"
        + struct.pack("<I", packed_at)
        + b"\x00\x03"
        + name.encode()
        + (b"\x00" + data[10:])
    )


def _gather(name: str, builder: Any, folder: Path, manual: Path) -> None:
    """Bring the files that TFDS asks for into `manual`, each with the checksum that TFDS knows.

    Raises:
        UsageError: a file is missing, or is another.
    """
    infos = {info.filename: info for info in (builder.url_infos or {}).values() if info.filename}
    present = {file for file in infos if (folder / file).is_file()}
    missing = sorted(set(infos) - present)
    # A data set with several configurations needs only the files of one.
    if not present or (missing and not builder.BUILDER_CONFIGS):
        raise UsageError(
            f"from_dir={str(folder)!r} must hold the original files of {name!r}; missing "
            f"{', '.join(missing) or 'all (TFDS has no checksums of them)'}. "
            f"They come from {builder.info.homepage}",
            "from_dir",
        )
    for file in sorted(present):
        _take(folder / file, manual / file, infos[file].checksum)


def _take(file: Path, place: Path, checksum: str) -> None:
    """Put the original file at `place`: the file itself, or its data under the right header."""
    if sha256(file) == checksum:
        os.symlink(file.resolve(), place)
        return
    if file.name in _PACKED_AT:
        data = file.read_bytes()
        place.write_bytes(restore_gzip_header(data, file.stem, _PACKED_AT[file.name]))
        if data[:4] == b"\x1f\x8b\x08\x00" and sha256(place) == checksum:
            return
    raise UsageError(
        f"{file} is not the original file: its SHA-256 is {sha256(file)}, expected {checksum}. "
        "Download it again."
    )
