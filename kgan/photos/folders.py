"""Which files become which: names of results, masks that belong to pictures."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from kgan.data.decode import FORMATS
from kgan.data.folder import image_files
from kgan.errors import UsageError
from kgan.files import is_empty, real

_NAMED = 10  # files in an error


@dataclasses.dataclass(frozen=True)
class Job:
    """A file to process, the name of the result within its folder, and the mask."""

    file: Path
    name: str
    mask: Path | None = None


def jobs(inputs: Sequence[Path], out: Path, suffix: str, masks: Path | None = None) -> list[Job]:
    """The files of the inputs, images or folders of them, with the names of their results.

    Results keep the name and, within a folder, the subfolder. `masks` is one mask for all files, or
    a folder with a mask of the same name, whatever its suffix, for each.

    Raises:
        UsageError: nothing is there, two files would get one name, `out` holds something or lies
            in a folder of the inputs, or a mask is missing.
    """
    check_out(out, inputs)
    found: dict[str, Path] = {}
    for path in inputs:
        if not path.exists():
            raise UsageError(f"IMAGE={str(path)!r} does not exist; check the path.")
        root, files = (path, _images("IMAGE", path)) if path.is_dir() else (path.parent, [path])
        for file in files:
            name = file.relative_to(root).with_suffix(f".{suffix}").as_posix()
            if name in found:
                raise UsageError(
                    f"IMAGE={str(file)!r} and {str(found[name])!r} would both become {name!r}; "
                    "process them into two folders."
                )
            found[name] = file
    if masks is None:
        return [Job(file, name) for name, file in found.items()]
    of_name = _masks(masks, [name for name in found])
    return [Job(file, name, of_name[name]) for name, file in found.items()]


def check_out(out: Path, inputs: Sequence[Path]) -> None:
    """Check that results may be written to a folder.

    Raises:
        UsageError: it holds something, is a file, or lies within an input.
    """
    if out.is_file() or (out.is_dir() and not is_empty(out)):
        raise UsageError(f"out={str(out)!r} exists; expected a new or empty folder.", "out")
    place = real(out)
    for path in inputs:
        if path.is_dir() and real(path) in (place, *place.parents):
            raise UsageError(
                f"out={str(out)!r} must not lie in {str(path)!r}, whose images are processed: "
                "another run would process the results, too. Choose a folder elsewhere.",
                "out",
            )


def _masks(masks: Path, names: Sequence[str]) -> dict[str, Path]:
    """The mask of each result."""
    if not masks.exists():
        raise UsageError(f"mask={str(masks)!r} does not exist; check the path.", "mask")
    if not masks.is_dir():
        return dict.fromkeys(names, masks)
    found: dict[str, Path] = {}
    for file in _images("mask", masks):
        stem = file.relative_to(masks).with_suffix("").as_posix()
        if stem in found:
            raise UsageError(
                f"mask={str(masks)!r} must hold one mask per image; {str(file)!r} and "
                f"{str(found[stem])!r} have the same name.",
                "mask",
            )
        found[stem] = file
    stems = {name: Path(name).with_suffix("").as_posix() for name in names}
    missing = sorted(stem for stem in stems.values() if stem not in found)
    if missing:
        raise UsageError(
            f"mask={str(masks)!r} must hold a mask for each image, of the same name; there is none "
            f"for {listed(missing)}.",
            "mask",
        )
    return {name: found[stem] for name, stem in stems.items()}


def _images(argument: str, folder: Path) -> list[Path]:
    """The image files below a folder.

    Raises:
        UsageError: there are none.
    """
    try:
        return image_files(folder, FORMATS)
    except UsageError as error:
        name = error.argument or ""
        raise UsageError(argument + str(error).removeprefix(name), argument) from None


def listed(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
