"""`kgan.data.unpaired`: two kinds of images that do not belong together, to translate between."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kgan.checks import check_flag, check_integer, check_path
from kgan.data.decode import check_formats
from kgan.data.folder import from_folder
from kgan.data.loader import means_folder
from kgan.data.paired import SPLITS, in_test, read_emoji
from kgan.data.source import PACKAGED, Source, from_arrays
from kgan.errors import UsageError, unknown_name

if TYPE_CHECKING:
    from kgan.data.dataset import ImageDataset


def unpaired(
    sources: Any,
    targets: Any = None,
    *,
    split: str = "train",
    batch_size: int = 64,
    seed: int = 0,
    resolution: int | None = None,
    channels: int | None = None,
    mirror: bool = False,
    jitter: int = 0,
    strict: bool = False,
    formats: Sequence[str] | None = None,
) -> ImageDataset:
    """Batches `(sources, targets)` of float32 images in [-1, 1] that do not belong together.

    Each is `(batch_size, height, width, channels)`. Sources and targets have an order of their own,
    a pure function of the seed and the epoch. An epoch is one pass over the larger side; images of
    the smaller one come again, each time in another order. Folders and TFDS sets are decoded once,
    into the cache that `kgan.data.load` has, too.

    Args:
        sources: one of
            - NumPy images, uint8, or floats in [-1, 1], or a folder of image files; `targets` are
              other images or another folder;
            - without `targets`, a folder with the subfolders `trainA` (sources) and `trainB`
              (targets), and `testA` and `testB` if `split` asks for them, as the data of the
              CycleGAN paper come;
            - without `targets`, the name of a TFDS set with splits of these names, such as
              `"cycle_gan/horse2zebra"`, which TFDS downloads unless it is prepared;
            - `"emoji"`, the packaged drawings of 64x64x4, Google's as sources, Twitter's as targets
              (on white with `channels=3`). Nothing is paired in their "train": the SHA-256 of the
              first code point decides which emoji is a source and which a target. "test" has both
              drawings of those 178 emoji that `kgan.data.pairs("emoji", split="test")` pairs.
        targets: other images, as many as you like, or another folder.
        split: "train" or "test"; of a TFDS set slices, too (`"train[:80%]"`). Arrays and two
            folders have "train" only.
        batch_size: images of each side per batch, over all replicas.
        seed: 0 to 2**32 - 1; defines both orders.
        resolution: pixels of a side; the centre square is cut out and resized (Lanczos). None
            keeps the images' own.
        channels: 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA; None keeps the images' own.
        mirror: mirror each image or not, at random.
        jitter: move each image by up to this many pixels at random; the edge is repeated.
        strict: an image that cannot be decoded is an error; otherwise a warning names it.
        formats: which files of a folder are images; see `kgan.data.load`.

    Example:
        >>> data = kgan.data.unpaired("photos", "maps", resolution=64, batch_size=16, mirror=True)
        >>> photos, maps = next(iter(data))

    Raises:
        UsageError: a wrong argument, a side without images, sides of different sizes or channels.
        OSError: a folder or a TFDS set cannot be read or downloaded, or the cache cannot be
            written.
    """
    batch_size = check_integer("batch_size", batch_size, 1)
    seed = check_integer("seed", seed, 0, 2**32 - 1)
    if resolution is not None:
        resolution = check_integer("resolution", resolution, 1)
    if channels is not None:
        channels = check_integer("channels", channels, 1, 4)
    mirror, jitter = check_flag("mirror", mirror), check_integer("jitter", jitter, 0)
    size, strict = (resolution, channels), check_flag("strict", strict)
    if targets is not None:
        _check_split(split, SPLITS[:1])
        given = [("sources", sources), ("targets", targets)]
        sides = [_side(*each, *size, strict, formats) for each in given]
        folders = [str(each) for _, each in given if isinstance(each, (str, os.PathLike))]
        found = _beside(sides, " and ".join(folders) or "arrays")
    elif not isinstance(sources, (str, os.PathLike)):
        raise UsageError(
            "targets must be given, an array of images or a folder: sources are a "
            f"{type(sources).__name__}, which holds one kind of images alone.",
            "targets",
        )
    elif sources in PACKAGED:
        found = _emoji(sources, split, *size)
    elif isinstance(sources, os.PathLike) or means_folder(sources):
        found = _subfolders(sources, split, *size, strict, check_formats(formats))
    else:
        found = _tfds(sources.removeprefix("tfds:"), split, *size, strict)
    fewest = min(len(found.images), len(found.others[0]))
    if batch_size > fewest:
        raise UsageError(
            f"batch_size={batch_size} must not exceed the {fewest} images of a side of "
            f"{found.name!r}. Pass batch_size={fewest} or less, or more images.",
            "batch_size",
        )
    from kgan.data.dataset import ImageDataset

    return ImageDataset(found, split, batch_size, seed, labels=False, mirror=mirror, jitter=jitter)


def _check_split(split: str, known: Sequence[str]) -> None:
    if split not in known:
        raise unknown_name("split", split, known)


def _side(
    argument: str,
    images: Any,
    resolution: int | None,
    channels: int | None,
    strict: bool,
    formats: Sequence[str] | None,
) -> Source:
    """The images of an array or a folder."""
    if isinstance(images, (str, os.PathLike)) and images not in PACKAGED:
        kinds = check_formats(formats)
        return from_folder(images, resolution, channels, strict, kinds, argument=argument)
    if images is None or isinstance(images, (str, os.PathLike, tuple)):
        received = repr(images) if isinstance(images, str) else type(images).__name__
        raise UsageError(
            f"{argument} must be an array of images, or a folder, where there are sources and "
            f"targets; received {received}.",
            argument,
        )
    return from_arrays(images, resolution, channels, argument=argument)


def _beside(sides: Sequence[Source], name: str) -> Source:
    """One source of two kinds of images.

    Raises:
        UsageError: they have different heights, widths or channels.
    """
    shapes = [part.images.shape[1:] for part in sides]
    sizes = [f"{width}x{height}" for height, width, _ in shapes]
    if sizes[0] != sizes[1]:
        raise UsageError(
            f"targets must have the height and width of sources; received {sizes[1]} for "
            f"{sizes[0]}. Pass a resolution: the centre squares are cut out and resized.",
            "targets",
        )
    if shapes[0] != shapes[1]:
        raise UsageError(
            f"targets must have the channels of sources; received {shapes[1][2]} for "
            f"{shapes[0][2]}. Pass channels=3 for colour, 1 for grey or 4 for colour with "
            "transparency.",
            "targets",
        )
    source, target = sides
    digest = hashlib.sha256((source.sha256 + target.sha256).encode()).hexdigest()
    return Source(name, source.images, None, None, digest, (target.images,), together=False)


def _subfolders(
    folder: Any,
    split: str,
    resolution: int | None,
    channels: int | None,
    strict: bool,
    formats: tuple[str, ...],
) -> Source:
    """The images of the subfolders A and B of a split."""
    _check_split(split, SPLITS)
    sides = [check_path("sources", folder) / f"{split}{side}" for side in "AB"]
    for side in sides:
        if not side.is_dir():
            raise UsageError(
                f"sources={str(folder)!r} must be a folder that holds {sides[0].name} and "
                f"{sides[1].name}, or come with targets, another folder; found "
                f"{_listed(side.parent)}.",
                "sources",
            )
    found = [
        from_folder(side, resolution, channels, strict, formats, argument="sources")
        for side in sides
    ]
    return _beside(found, str(folder))


def _listed(folder: Path) -> str:
    """The first names in a folder, for errors."""
    if not folder.is_dir():
        return "no such folder"
    names = sorted(each.name for each in folder.iterdir() if not each.name.startswith("."))
    return ", ".join([*names[:5], *["…"] * (len(names) > 5)]) or "nothing"


def _tfds(
    name: str, split: str, resolution: int | None, channels: int | None, strict: bool
) -> Source:
    """The images of the splits A and B of a TFDS data set; slices are allowed."""
    from kgan.data.tfds_source import from_tfds

    stem, bracket, part = split.partition("[")
    splits = [f"{stem}{side}{bracket}{part}" for side in "AB"]
    try:
        found = [from_tfds(name, each, resolution, channels, strict, "sources") for each in splits]
    except UsageError as error:
        if error.argument != "split":
            raise
        raise UsageError(
            f"sources={name!r} must be a TFDS data set with the splits {splits[0]} and "
            f"{splits[1]}, such as 'cycle_gan/horse2zebra', or come with targets: {error}",
            "sources",
        ) from error
    return _beside(found, name)


def _emoji(name: str, split: str, resolution: int | None, channels: int | None) -> Source:
    """Google's drawings and Twitter's, in "train" of different code points."""
    if name != "emoji":
        raise UsageError(
            f"sources must be 'emoji', of which there are two drawings; received {name!r}. Pass "
            "targets, too.",
            "sources",
        )
    _check_split(split, SPLITS)
    google, twitter, digests = read_emoji()
    test, first = in_test(digests), digests[:, 1] % 2 == 0
    of_google, of_twitter = (test, test) if split == "test" else (~test & first, ~test & ~first)
    drawn = (google[of_google], twitter[of_twitter])
    return _beside([from_arrays(images, resolution, channels) for images in drawn], name)
