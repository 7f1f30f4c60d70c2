"""Images that were decoded once: a folder in the cache, memory-mapped when it is read."""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import PIL

from kgan.checks import Given, check_path
from kgan.data import decode
from kgan.data.source import Source, fingerprint
from kgan.errors import UsageError
from kgan.files import atomic_write, sweep
from kgan.plurals import counted

_CHUNK = 256  # images in memory at once


class Item(NamedTuple):
    """An image still to be decoded."""

    name: str
    label: int | None
    file: Path | bytes


def folder(name: str = "data") -> Path:
    """A folder in KGAN_HOME (~/.cache/kgan by default): that of decoded images, or another."""
    return check_path("KGAN_HOME", os.environ.get("KGAN_HOME") or "~/.cache/kgan") / name


def decoded(
    name: str,
    identity: dict[str, Any],
    items: Callable[[], Iterable[Item]],
    label_names: tuple[str, ...] | None,
    resolution: int | None,
    channels: int | None,
    strict: bool,
    formats: Sequence[str] = decode.FORMATS,
    beside: int = 1,
    argument: str = "source",
) -> Source:
    """The images of `items`, decoded now or by an earlier call with the same `identity`.

    The result of an earlier call is verified; if it is damaged, a warning says so and the images
    are decoded again. They also are if an image that could not be decoded now can: its permissions
    may have changed.

    Args:
        name: what the errors and the source's configuration call the images' place.
        identity: everything that defines the pixels besides resolution and channels.
        items: returns the images; called only if the cache does not hold them all.
        label_names: one per class.
        resolution: pixels of a side; None keeps the images' own.
        channels: 1 to 4; None keeps the images' own.
        strict: an image that cannot be decoded is an error instead of a warning.
        formats: that are read, by Pillow's names.
        beside: images in a file, beside each other; the source has them as channels of one.
        argument: that the user named the place by, for the errors.

    Raises:
        UsageError: images of different shapes, none left, or a broken one with `strict`.
        OSError: the cache cannot be written.
    """
    identity = {
        **identity,
        "resolution": resolution,
        "channels": channels,
        "formats": sorted(formats),
        "pillow": PIL.__version__,
    }
    if beside > 1:
        identity["beside"] = beside
    digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:32]
    place = folder() / digest

    def pixels(items: Iterable[Item]) -> Iterator[tuple[Item, np.ndarray | Exception]]:
        return decode_all(items, resolution, channels, formats, beside)

    given = Given(argument, name)
    outdated = place.exists() and not (_whole(place) and _all_tried(place, items, pixels))
    if outdated or not place.exists():
        _fill(place, given, pixels(items()), strict, outdated)
    facts, images, labels = _read(place)
    report(given, facts["broken"], strict)
    return Source(name, images, labels, label_names, facts["sha256"])


def _read(place: Path) -> tuple[dict[str, Any], np.ndarray, np.ndarray | None]:
    """The facts, the images on the disk and the labels."""
    facts = json.loads((place / "facts.json").read_text(encoding="utf-8"))
    # Everything else that is read is part of the SHA-256.
    if not all(isinstance(text, str) for broken, why in facts["broken"] for text in (broken, why)):
        raise ValueError("the names of broken files are none")
    # A shape given to memmap itself would allow for a file that is longer.
    images = np.memmap(place / "images.bin", np.uint8, "r").reshape(facts["shape"])
    # The fingerprint is of bytes; the header of the file must not give them another meaning.
    labels = np.load(place / "labels.npy").view(np.int32) if facts["labelled"] else None
    return facts, images, labels


def _whole(place: Path) -> bool:
    """Whether the folder holds what was written; if not, warns.

    Every byte is read, at each load. SHA-256 was measured at 1.8 GB/s, so that 200,000 images of
    64x64x3 take 1.4 s where listing their files takes 4 s and decoding them 50 s; and what is read
    here the training finds in memory.
    """
    try:
        facts, images, labels = _read(place)
        if fingerprint(images, labels) == facts["sha256"]:
            return True
        problem = "its SHA-256 is not the one recorded"
    # The readers of JSON and NumPy raise whatever a damaged file leads them to.
    except Exception as error:
        problem = f"{type(error).__name__}: {error}"
    warnings.warn(
        f"The decoded images in {place} are damaged ({problem}); they are decoded again.",
        stacklevel=3,
    )
    return False


def _all_tried(
    place: Path,
    items: Callable[[], Iterable[Item]],
    pixels: Callable[[Iterable[Item]], Iterable[tuple[Item, np.ndarray | Exception]]],
) -> bool:
    """Whether the images that could not be decoded still cannot."""
    broken = {file for file, _ in _read(place)[0]["broken"]}
    again = (item for item in items() if item.name in broken) if broken else ()
    return all(isinstance(found, Exception) for _, found in pixels(again))


def decode_all(
    items: Iterable[Item],
    resolution: int | None,
    channels: int | None,
    formats: Sequence[str],
    beside: int = 1,
) -> Iterator[tuple[Item, np.ndarray | Exception]]:
    """Each item with its pixels, or with what went wrong."""

    def pixels(item: Item) -> np.ndarray | Exception:
        file = io.BytesIO(item.file) if isinstance(item.file, bytes) else item.file
        try:
            return decode.read(file, resolution, channels, formats, beside)
        # Pillow's decoders raise whatever a damaged file leads them to.
        except Exception as error:
            return error

    items = iter(items)
    with ThreadPoolExecutor() as pool:
        while chunk := list(itertools.islice(items, _CHUNK)):
            yield from zip(chunk, pool.map(pixels, chunk), strict=True)


def _fill(
    place: Path,
    given: Given,
    images: Iterable[tuple[Item, np.ndarray | Exception]],
    strict: bool,
    outdated: bool,
) -> None:
    """Write the folder that `decoded` reads, whole or not, in place of an outdated one."""
    sweep(place.parent)  # the remains of a killed call may be large
    try:
        with atomic_write(place) as scratch:
            scratch.mkdir()
            _write(scratch, given, images, strict)
            if place.exists() and not outdated:  # another worker on this machine was faster
                raise FileExistsError(place)
    except OSError as error:
        if outdated or not place.exists():
            raise OSError(
                f"The cache folder {place.parent} cannot be written ({error.strerror or error}). "
                "Fix it, or set the environment variable KGAN_HOME to another folder."
            ) from error


def _write(
    scratch: Path, given: Given, images: Iterable[tuple[Item, np.ndarray | Exception]], strict: bool
) -> None:
    broken, labels, first, shape = [], [], "", None
    # Plain writes report a full disk; writing to a memory map would end the process.
    with open(scratch / "images.bin", "wb") as file:
        for item, pixels in images:
            if isinstance(pixels, Exception):
                broken.append([item.name, " ".join(f"{pixels}".split())])
                report(given, broken if strict else [], strict)
                continue
            if shape is None:
                first, shape = item.name, pixels.shape
            _check_like(given, item.name, pixels.shape, first, shape)
            file.write(pixels.data)
            labels.append(item.label)
    if shape is None:
        raise UsageError(
            f"{given} must hold images that can be decoded; none of {len(broken)} could. "
            f"The first is {broken[0][0]} ({broken[0][1]})."
            if broken
            else f"{given} must hold images; received none.",
            given.argument,
        )
    whole = np.memmap(scratch / "images.bin", np.uint8, "r", shape=(len(labels), *shape))
    labelled = None not in labels
    numbers = np.array(labels, np.int32) if labelled else None
    if numbers is not None:
        np.save(scratch / "labels.npy", numbers)
    facts = {
        "shape": whole.shape,
        "labelled": labelled,
        "broken": broken,
        "sha256": fingerprint(whole, numbers),
    }
    (scratch / "facts.json").write_text(json.dumps(facts), encoding="utf-8")


def _check_like(
    given: Given, item: str, shape: tuple[int, ...], first: str, expected: tuple[int, ...]
) -> None:
    """Check that every image is square and has the shape of the first."""
    size, width, _ = shape
    if size != width or size != expected[0]:
        other = f"{first} is {expected[1]}x{expected[0]} and " if item != first else ""
        # 8 to 256, as the DCGAN takes them.
        resolution = 1 << min(max(min(size, width).bit_length() - 1, 3), 8)
        raise UsageError(
            f"{given} must hold square images of one size where no resolution is given; "
            f"{other}{item} is {width}x{size}. Pass resolution={resolution}: the centre "
            "square is cut out and resized.",
            given.argument,
        )
    if shape != expected:
        raise UsageError(
            f"{given} must hold images with one number of channels where channels is not given; "
            f"{first} has {expected[2]} and {item} has {shape[2]}. Pass channels=3 for colour, 1 "
            "for grey or 4 for colour with transparency.",
            given.argument,
        )


def report(given: Given, broken: list[list[str]], strict: bool) -> None:
    """Name the images that could not be decoded, in a warning or, if strict, an error."""
    if not broken:
        return
    listed = "; ".join(f"{file} ({reason})" for file, reason in broken[:10])
    more = f"; and {len(broken) - 10} more" if len(broken) > 10 else ""
    number = counted(len(broken), "image")
    found = f"{given} holds {number} that cannot be decoded: {listed}{more}."
    if strict:
        fix = "Remove what is broken, or load without strict to skip it."
        raise UsageError(f"{found} {fix}", given.argument)
    warnings.warn(f"{found} Broken images are skipped; strict=True stops here.", stacklevel=2)
