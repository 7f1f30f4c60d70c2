"""`kgan.data.pairs`: images that belong together, for models that translate one to the other."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kgan.checks import check_flag, check_integer, check_path
from kgan.data.decode import check_formats
from kgan.data.folder import from_folder, image_files
from kgan.data.source import PACKAGED, Source, from_arrays, read_packaged
from kgan.errors import UsageError, unknown_name

if TYPE_CHECKING:
    from kgan.data.dataset import ImageDataset

TWITTER = Path(__file__).with_name("emoji_twitter_64.npz")
SPLITS = ("train", "test")
EMOJI = ("emoji", "emoji_3d")  # the packaged pairs


def pairs(
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
    formats: Sequence[str] | None = None,
) -> ImageDataset:
    """Batches `(sources, targets)` of float32 images that belong together, in [-1, 1].

    Each is `(batch_size, height, width, channels)`; targets may be larger than their sources by a
    whole factor, for super-resolution. The order is a pure function of the seed and
    the epoch. Folders are decoded once, into the cache that `kgan.data.load` has, too.

    Args:
        sources: one of
            - NumPy images: uint8, or floats in [-1, 1];
            - a folder of image files, with `targets` another one whose files have the same names,
              whatever their suffixes;
            - without `targets`, a folder of files that hold the source in their left half and the
              target in their right half, as the data of the pix2pix paper come;
            - `"emoji"`, the packaged 1,911 of 64x64x4, Google's drawings with Twitter's as targets
              (on white with `channels=3`);
            - `"emoji_3d"`, 1,852 of them of 128x128x4, Google's drawings, enlarged (Lanczos), with
              Microsoft's 3D ones as targets.
        targets: as many images, or a folder.
        split: of packaged emoji: "train", or "test", those 178 or 171 whose first code point
            (as in "1F600") has a SHA-256 that begins with a byte below 26; other sources have
            "train" only.
        batch_size: pairs per batch, over all replicas.
        seed: 0 to 2**32 - 1; defines the order.
        resolution: pixels of a side; the centre square is cut out and resized (Lanczos). None
            keeps the images' own.
        channels: 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA; None keeps the images' own.
        mirror: mirror each pair or not, at random.
        jitter: move each pair by up to this many pixels of the source at random; the edge is
            repeated. The paper's (section 6.2) is an eighth of the side.
        formats: which files of a folder are images; see `kgan.data.load`.

    Example:
        >>> data = kgan.data.pairs("photos", "maps", resolution=64, batch_size=16, mirror=True)
        >>> sources, targets = next(iter(data))

    Raises:
        UsageError: a wrong argument, images that have no counterpart, or one that is broken.
        OSError: a folder cannot be read, or the cache cannot be written.
    """
    batch_size = check_integer("batch_size", batch_size, 1)
    seed = check_integer("seed", seed, 0, 2**32 - 1)
    if resolution is not None:
        resolution = check_integer("resolution", resolution, 1)
    if channels is not None:
        channels = check_integer("channels", channels, 1, 4)
    mirror, jitter = check_flag("mirror", mirror), check_integer("jitter", jitter, 0)
    packaged = isinstance(sources, str) and sources in PACKAGED
    if split not in (SPLITS if packaged else SPLITS[:1]):
        raise unknown_name("split", split, SPLITS if packaged else SPLITS[:1])
    if packaged:
        found = _emoji(sources, targets, split, resolution, channels)
    elif isinstance(sources, (str, os.PathLike)):
        found = _folders(sources, targets, resolution, channels, check_formats(formats))
    else:
        found = _joined(
            from_arrays(_alone("sources", sources), resolution, channels, argument="sources"),
            from_arrays(_alone("targets", targets), resolution, channels, argument="targets"),
        )
    if batch_size > len(found.images):
        raise UsageError(
            f"batch_size={batch_size} must not exceed the {len(found.images)} pairs of "
            f"{found.name!r}. Pass batch_size={len(found.images)} or less, or more pairs.",
            "batch_size",
        )
    from kgan.data.dataset import ImageDataset

    return ImageDataset(found, split, batch_size, seed, labels=False, mirror=mirror, jitter=jitter)


def _alone(argument: str, images: Any) -> Any:
    """Images without labels, which `from_arrays` would accept."""
    if images is None or isinstance(images, (str, os.PathLike, tuple)):
        raise UsageError(
            f"{argument} must be an array of images where the others are one; received "
            f"{type(images).__name__}. Pass two arrays, two folders, or one folder whose files "
            "hold both images beside each other.",
            argument,
        )
    return images


def _joined(source: Source, target: Source, name: str | None = None) -> Source:
    """One source of two whose images belong together in their order.

    Raises:
        UsageError: they are not equally many, or of heights and widths that do not belong together.
    """
    if len(source.images) != len(target.images):
        raise UsageError(
            f"targets must hold one image per source; received {len(target.images)} for "
            f"{len(source.images)}.",
            "targets",
        )
    (height, width), (high, wide) = source.images.shape[1:3], target.images.shape[1:3]
    if high % height or wide % width or high // height != wide // width:
        raise UsageError(
            f"targets must have the height and width of sources, or a multiple of both; received "
            f"{wide}x{high} for {width}x{height}. Pass a resolution: the centre squares are cut "
            "out and resized.",
            "targets",
        )
    digest = hashlib.sha256((source.sha256 + target.sha256).encode()).hexdigest()
    return Source(name or source.name, source.images, None, None, digest, (target.images,))


def _folders(
    sources: Any,
    targets: Any,
    resolution: int | None,
    channels: int | None,
    formats: tuple[str, ...],
) -> Source:
    """The pairs of two folders, or of one whose files hold both images."""
    if targets is None:
        both = from_folder(sources, resolution, channels, True, formats, 2, "sources")
        images = np.split(both.images, 2, axis=-1)
        return Source(both.name, images[0], None, None, both.sha256, (images[1],))
    if not isinstance(targets, (str, os.PathLike)):
        raise UsageError(
            f"targets must be a folder where sources are one; received {type(targets).__name__}.",
            "targets",
        )
    # A broken image would leave its counterpart alone.
    given = {"sources": sources, "targets": targets}
    found = [
        from_folder(each, resolution, channels, True, formats, argument=argument)
        for argument, each in given.items()
    ]
    names = [_names(argument, each, formats) for argument, each in given.items()]
    _check_counterparts(*names)
    order = [names[1].index(name) for name in names[0]]
    if order != sorted(order):
        found[1] = from_arrays(found[1].images[order], None, None)
    return _joined(found[0], found[1], f"{found[0].name} and {Path(targets)}")


def _names(argument: str, folder: Any, formats: tuple[str, ...]) -> list[str]:
    """The files' names without suffix, in the order of the images."""
    root = check_path(argument, folder)
    return [
        file.relative_to(root).with_suffix("").as_posix()
        for file in image_files(root, formats, argument)
    ]


def _check_counterparts(sources: list[str], targets: list[str]) -> None:
    """Check that both folders have files of the same names, each once."""
    problems, first = [], None
    for argument, own, others in (("sources", sources, targets), ("targets", targets, sources)):
        alone = sorted(set(own) - set(others))
        twice = sorted({name for name in own if own.count(name) > 1})
        for names, problem in ((alone, "alone"), (twice, "twice")):
            if names:
                first = first or argument
                more = f" and {len(names) - 10} more" if len(names) > 10 else ""
                problems.append(f"{problem} in {argument}: {', '.join(names[:10])}{more}")
    if first is not None:
        raise UsageError(
            f"{first} must pair up: both folders must hold one file of each name; received "
            f"{'; '.join(problems)}. Remove or rename them.",
            first,
        )


def _emoji(
    sources: str, targets: Any, split: str, resolution: int | None, channels: int | None
) -> Source:
    """Google's drawings and others of the code points of a split, of the others' size."""
    if sources not in EMOJI or targets is not None:
        raise UsageError(
            f"sources must be {' or '.join(map(repr, EMOJI))} alone, the packaged pairs, or come "
            "with targets as arrays or folders; received "
            f"{sources!r}{'' if targets is None else ' with targets'}.",
            "sources",
        )
    google, others, digests = read_emoji(sources)
    chosen = in_test(digests) if split == "test" else ~in_test(digests)
    resolution = resolution or others.shape[1]
    first = from_arrays(google[chosen], resolution, channels)
    return _joined(first, from_arrays(others[chosen], resolution, channels), sources)


def read_emoji(name: str = "emoji") -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Google's drawings, others, and the SHA-256 of the first code point of each as bytes.

    The others are Twitter's, or for "emoji_3d" Microsoft's, of which there are fewer.
    """
    (google,) = read_packaged(PACKAGED["emoji"], "image")
    (known,) = read_packaged(TWITTER, "codepoint")
    path = TWITTER if name == "emoji" else PACKAGED[name]
    others, codepoints = read_packaged(path, "image", "codepoint")
    google = google[np.isin(known, codepoints)]  # all are in one order
    # All that begin with the same code point are in one split.
    firsts = [str(codepoint).split("-")[0].encode() for codepoint in codepoints]
    digests = [list(hashlib.sha256(first).digest()) for first in firsts]
    return google, others, np.array(digests, np.uint8)


def in_test(digests: np.ndarray) -> np.ndarray:
    """Whether each emoji is held out."""
    return digests[:, 0] < 26
