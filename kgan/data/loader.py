"""`kgan.data.load`: one call for every kind of source."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kgan.checks import check_flag, check_integer
from kgan.data import photographs
from kgan.data.decode import check_formats
from kgan.data.source import PACKAGED, Source, from_arrays, hide_labels, packaged
from kgan.errors import UsageError

if TYPE_CHECKING:
    from kgan.data.dataset import ImageDataset


def load(
    source: Any,
    *,
    split: str = "train",
    batch_size: int = 64,
    seed: int = 0,
    resolution: int | None = None,
    channels: int | None = None,
    labels: bool = False,
    labelled: int | None = None,
    strict: bool = False,
    formats: Sequence[str] | None = None,
) -> ImageDataset:
    """Batches of images, float32 `(batch_size, height, width, channels)` in [-1, 1].

    The order is a pure function of the seed and the epoch. Images that do not fill a batch are left
    out of the epoch. Folders and TFDS sets are decoded once, into a cache (`data` in KGAN_HOME, by
    default ~/.cache/kgan), and read from there without filling the memory. 16 bits are reduced to
    8; 32-bit and floating-point pixels, which have no known range, are refused as broken images.

    Args:
        source: one of
            - `"fashion_mnist"`, the packaged 10,000 images of 28x28x1, `"emoji"`, the packaged
              1,911 of 64x64x4 (on white with `channels=3`), or `"emoji_3d"`, 1,852 of 128x128x4;
            - a folder of image files, whose subfolders are the classes; links are followed;
            - the name of a TFDS image data set (`"mnist"`, `"emnist/letters"`), which TFDS
              downloads unless it is prepared; `"tfds:fashion_mnist"`, the full set, where the
              name alone means another source;
            - NumPy images, or a tuple `(images, labels)`: uint8, or floats in [-1, 1].
        split: a TFDS split, slices included (`"train[:80%]"`); other sources have `"train"` only.
        batch_size: images per batch, over all replicas.
        seed: 0 to 2**32 - 1; defines the order.
        resolution: pixels of a side; the centre square is cut out and resized (Lanczos). None
            keeps the images' own.
        channels: 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA; None keeps the images' own.
        labels: give `(images, labels)`, with int32 labels `(batch_size,)`.
        labelled: hide all but this many labels, evenly over the classes and pinned by the seed, for
            semi-supervised learning: the others become -1. Every second image of a batch then has a
            label, each of the few again and again; the others are from all images.
        strict: an image that cannot be decoded is an error; otherwise a warning names it, and it
            is skipped, and tried again at the next load.
        formats: which files of a folder are images, by Pillow's names, whatever their suffixes:
            `kgan.data.FORMATS` by default (PNG, JPEG, WEBP, TIFF and others). EPS, which would run
            a program, is never one.

    Example:
        >>> data = kgan.data.load("photos", resolution=64, channels=3, batch_size=32)
        >>> data.image_shape
        (64, 64, 3)
        >>> images, labels = next(iter(kgan.data.load("fashion_mnist", labels=True)))

    Raises:
        UsageError: a wrong argument, unknown or unfit data.
        OSError: a folder or a TFDS set cannot be read or downloaded, or the cache cannot be
            written.
    """
    batch_size = check_integer("batch_size", batch_size, 1)
    seed = check_integer("seed", seed, 0, 2**32 - 1)
    if resolution is not None:
        resolution = check_integer("resolution", resolution, 1)
        check_integer("resolution", resolution, 1, 2**14)  # before it takes all memory
    if channels is not None:
        channels = check_integer("channels", channels, 1, 4)
    labels, strict = check_flag("labels", labels), check_flag("strict", strict)
    found = _find(source, split, resolution, channels, strict, formats)
    if batch_size > len(found.images):
        raise UsageError(
            f"batch_size={batch_size} must not exceed the {len(found.images)} images of "
            f"{found.name!r}. Pass batch_size={len(found.images)} or less, or more images.",
            "batch_size",
        )
    if labels and found.labels is None:
        raise UsageError(
            f"labels=True needs a source with labels; {found.name!r} has none. Pass (images, "
            "labels), a folder with one subfolder of images per class, or labels=False.",
            "labels",
        )
    if labelled is not None:
        if not labels:
            raise UsageError(f"labelled={labelled} needs labels=True.", "labelled")
        found = hide_labels(found, labelled, seed)
    from kgan.data.dataset import ImageDataset

    return ImageDataset(found, split, batch_size, seed, labels, labelled)


def _find(
    source: Any,
    split: str,
    resolution: int | None,
    channels: int | None,
    strict: bool,
    formats: Sequence[str] | None,
) -> Source:
    name = source if isinstance(source, str) else None
    is_folder = isinstance(source, os.PathLike) or (
        name is not None and name not in PACKAGED and means_folder(name)
    )
    if formats is not None and not is_folder:
        raise UsageError(
            f"formats={formats!r} is for folders of images; received the source "
            f"{type(source).__name__ if name is None else repr(name)}. Leave formats out.",
            "formats",
        )
    if name in photographs.PACKAGED and not is_folder:
        raise UsageError(
            f"source={name!r} must hold images of one size; these photographs have several. Load "
            f"patches of them with kgan.data.patches({name!r}).",
            "source",
        )
    if name is not None and name not in PACKAGED and not is_folder:
        from kgan.data.tfds_source import from_tfds

        return from_tfds(name.removeprefix("tfds:"), split, resolution, channels, strict)
    if split != "train":
        raise UsageError(
            f"split={split!r} is for TFDS data sets only; expected 'train', all images of "
            "the source. Pass the folder or the arrays of the split, or 'tfds:NAME' as source.",
            "split",
        )
    if is_folder:
        from kgan.data.folder import from_folder

        return from_folder(source, resolution, channels, strict, check_formats(formats))
    if name is not None:
        return packaged(name, resolution, channels)
    return from_arrays(source, resolution, channels)


def means_folder(source: str) -> bool:
    """Whether a name means a folder: it is one, or is written as a path."""
    if source.startswith("tfds:"):
        return False
    if source.startswith((".", "~", os.sep)) or Path(source).exists():
        return True
    if "/" not in source and os.sep not in source:
        return False
    from kgan.data.tfds_source import is_tfds_name

    return not is_tfds_name(source)
