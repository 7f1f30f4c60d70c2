"""`kgan.data.patches`: patches of photographs, cut while a model trains."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kgan.checks import check_flag, check_integer, check_number
from kgan.data.bicubic import KERNELS
from kgan.data.decode import check_formats
from kgan.data.photographs import PACKAGED, Photographs, from_arrays, from_folder, packaged
from kgan.errors import UsageError, unknown_name

if TYPE_CHECKING:
    from kgan.data.patch_dataset import PatchDataset

SCALES = (2, 3, 4)
_SPLITS = ("train", "test")


def patches(
    source: Any,
    *,
    size: int = 96,
    scale: int | None = None,
    split: str = "train",
    batch_size: int = 16,
    seed: int = 0,
    channels: int | None = None,
    mirror: bool = True,
    rotate: bool = True,
    zoom: float = 1.0,
    kernel: str = "pillow",
    strict: bool = False,
    formats: Sequence[str] | None = None,
) -> PatchDataset:
    """Batches of patches of photographs, float32 `(batch_size, size, size, channels)` in [-1, 1].

    With a `scale` a batch is `(sources, targets)`: patches of the photographs made smaller, `size /
    scale` pixels high and wide, and the same patches at full size. Each photograph is made smaller
    as a whole, once, by `kgan.data.shrink`, after rows and columns at its lower and right edge were
    cut off until the scale divides its size; patches lie on whole pixels of the smaller one.

    A patch lies anywhere in its photograph. An epoch has as many patches of each photograph as it
    divides into, in an order that is a function of the seed and the epoch; where they lie, how they
    are mirrored and turned is one of the seed and the step. The photographs are held in memory,
    a byte per pixel and channel.

    Args:
        source: one of
            - `"photos"`, the packaged photographs, 12 to train on and 3 to test, 1280 pixels long;
            - a folder of image files of any heights and widths (`"./photos"`, where a folder has
              that name);
            - a list of uint8 arrays `(height, width, channels)`, such as
              `[example["hr"] for example in tfds.as_numpy(tfds.load("div2k", split="train"))]`.
        size: height and width of a patch, at full size.
        scale: 2, 3 or 4; it must divide `size`. None gives patches alone.
        split: of `"photos"`: "train" or "test"; other sources have "train" only. A photograph is in
            one of them as a whole.
        batch_size: patches per batch, over all replicas.
        seed: 0 to 2**32 - 1.
        channels: 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA; None keeps the photographs' own.
        mirror: mirror each patch or not, at random.
        rotate: turn each patch by a multiple of 90 degrees, at random.
        zoom: cut patches up to this many times as high and wide, at random, and make them smaller
            to `size` (bicubic), so that they show more of the photograph. With a `scale`, patches
            are cut out of photographs that were made smaller, by steps of 2**0.25 up to `zoom`.
        kernel: "pillow" or "matlab", see `kgan.data.shrink`.
        strict: a file that cannot be decoded is an error; otherwise a warning names it, and it is
            skipped.
        formats: which files of a folder are images; see `kgan.data.load`.

    Example:
        >>> data = kgan.data.patches("photos", size=96, scale=4)
        >>> data.image_shapes
        [(24, 24, 3), (96, 96, 3)]
        >>> sources, targets = next(iter(data.from_step(1000)))

    Raises:
        UsageError: a wrong argument, a photograph smaller than a patch, or images of different
            numbers of channels.
        OSError: a folder cannot be read.
    """
    size = check_integer("size", size, 1)
    batch_size = check_integer("batch_size", batch_size, 1)
    seed = check_integer("seed", seed, 0, 2**32 - 1)
    if channels is not None:
        channels = check_integer("channels", channels, 1, 4)
    if scale is not None:
        scale = check_integer("scale", scale, SCALES[0], SCALES[-1])
        if size % scale:
            nearest = max(round(size / scale), 1) * scale
            raise UsageError(
                f"size must be a multiple of scale={scale}; received {size}. Pass size={nearest}.",
                "size",
            )
    zoom = check_number("zoom", zoom, 1)
    if kernel not in KERNELS:
        raise unknown_name("kernel", kernel, KERNELS)
    changes = {"mirror": check_flag("mirror", mirror), "rotate": check_flag("rotate", rotate)}
    known = _SPLITS if isinstance(source, str) and source in PACKAGED else _SPLITS[:1]
    if split not in known:
        raise unknown_name("split", split, known)
    found = check_photographs(
        source, split, channels, size, check_formats(formats), check_flag("strict", strict)
    )
    from kgan.data.patch_dataset import PatchDataset

    return PatchDataset(found, split, batch_size, seed, size, scale, kernel, zoom=zoom, **changes)


def check_photographs(
    source: Any,
    split: str,
    channels: int | None,
    size: int,
    formats: tuple[str, ...],
    strict: bool = False,
) -> Photographs:
    """The photographs of a source, if a patch fits into each.

    Raises:
        UsageError: it does not, or the source has none.
        OSError: a folder cannot be read.
    """
    if isinstance(source, str) and source in PACKAGED:
        photographs = packaged(source, split, channels)
    elif isinstance(source, (str, os.PathLike)):
        photographs = from_folder(os.fspath(source), source, channels, strict, formats)
    else:
        photographs = from_arrays(source, channels)
    for name, image in zip(photographs.names, photographs.images, strict=True):
        height, width = image.shape[:2]
        if min(height, width) < size:
            raise UsageError(
                f"size={size} must not exceed the photographs of source={photographs.name!r}; "
                f"{name} is {width}x{height}, smaller than a patch of {size}x{size}. Leave it out, "
                f"or pass size={min(height, width)} or less.",
                "size",
            )
    return photographs
