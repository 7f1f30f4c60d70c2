"""A folder of image files; its subfolders are the classes."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from PIL import Image

from kgan.checks import check_path
from kgan.data import cache
from kgan.data.decode import FORMATS
from kgan.data.source import Source
from kgan.errors import UsageError
from kgan.plurals import counted


def from_folder(
    path: str | os.PathLike,
    resolution: int | None,
    channels: int | None,
    strict: bool,
    formats: Sequence[str] = FORMATS,
    beside: int = 1,
    argument: str = "source",
) -> Source:
    """The images below a folder, in the order of their paths.

    If every image lies in a subfolder, the sorted names of these are the classes. Symbolic links
    are followed. Images of other formats than `formats` (Pillow's names) are left out. Several
    images `beside` each other in a file become the channels of one. Errors call the
    folder `argument`.

    Raises:
        UsageError: no such folder, or no image in it; images of different shapes; broken ones with
            `strict`.
        OSError: a subfolder cannot be read, or the cache cannot be written.
    """
    folder = check_path(argument, path)
    if not folder.is_dir():
        state = "a file" if folder.exists() else "nothing there"
        raise UsageError(
            f"{argument}={str(path)!r} must be a folder of images; found {state}. Check the path; "
            "images in one file are passed as NumPy arrays.",
            argument,
        )
    files = image_files(folder, formats, argument)
    relative = [file.relative_to(folder) for file in files]
    classes = sorted({file.parts[0] for file in relative})
    if any(len(file.parts) == 1 for file in relative):
        classes = []
    listing = [
        [within.as_posix(), *_version(file)] for within, file in zip(relative, files, strict=True)
    ]
    number = {name: index for index, name in enumerate(classes)}
    return cache.decoded(
        str(Path(path)),
        {"folder": listing},
        lambda: (
            cache.Item(within.as_posix(), number.get(within.parts[0]), file)
            for within, file in zip(relative, files, strict=True)
        ),
        tuple(classes) or None,
        resolution,
        channels,
        strict,
        formats,
        beside,
        argument,
    )


def _version(file: Path) -> tuple[int, int]:
    """Size and time, by which a change is known."""
    try:
        status = file.stat()
    except OSError:  # a link that leads nowhere; decoding it will name it
        return (-1, -1)
    return (status.st_size, status.st_mtime_ns)


def image_files(folder: Path, formats: Sequence[str], argument: str = "source") -> list[Path]:
    """The files below with the suffix of an image of these formats, sorted.

    Warns about files of other formats that Pillow reads. Hidden files are left out, and so are
    folders of `kgan train`: samples are not data.

    Raises:
        UsageError: there are none.
        OSError: a folder cannot be read.
    """
    kinds = {
        suffix: kind for suffix, kind in Image.registered_extensions().items() if kind in Image.OPEN
    }
    images: list[Path] = []
    others: list[Path] = []
    above: dict[str, set[str]] = {str(folder): set()}
    for place, folders, names in os.walk(folder, onerror=_refuse, followlinks=True):
        around, real = above.pop(place), os.path.realpath(place)
        if real in around:  # a link led back to a folder that holds it
            folders.clear()
            continue
        if place != str(folder) and "config.json" in names and "checkpoints" in folders:
            folders.clear()
            continue
        folders[:] = [name for name in folders if not name.startswith(".")]
        above.update((os.path.join(place, name), around | {real}) for name in folders)
        for name in names:
            if not name.startswith("."):
                path = Path(place, name)
                # A link that leads nowhere is named when it is decoded; a pipe would never end.
                known = kinds.get(path.suffix.lower()) in formats and (
                    path.is_file() or not path.exists()
                )
                (images if known else others).append(path)
    if images:
        left = [path for path in others if path.suffix.lower() in kinds and path.is_file()]
        if left:
            number = counted(len(left), "image")
            warnings.warn(
                f"{number} in {argument}={str(folder)!r}, such as {min(left).name}, left out: the "
                f"format is not one of formats={list(formats)}.",
                stacklevel=2,
            )
        return sorted(images)
    found = "no files"
    if others:
        found = f"{counted(len(others), 'other file')} (such as {others[0].name})"
    raise UsageError(
        f"{argument}={str(folder)!r} must hold image files of the formats {', '.join(formats)}; "
        f"found {found}. Pass the folder that holds the images, or that holds one subfolder of "
        "images per class.",
        argument,
    )


def _refuse(error: OSError) -> NoReturn:
    """Without this, `os.walk` would leave the folder out."""
    raise error
