"""Images ready for training: an array that may lie on the disk, and its labels."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np

from kgan.batches import batches
from kgan.checks import check_integer
from kgan.data.decode import convert, read
from kgan.errors import UsageError
from kgan.validate import check_images, check_labels, check_shape

PACKAGED = {
    "fashion_mnist": Path(__file__).with_name("fashion_mnist_10k.npz"),
    "emoji": Path(__file__).with_name("emoji_64.npz"),
    "emoji_3d": Path(__file__).with_name("emoji_3d_128.npz"),
}


@dataclasses.dataclass(frozen=True)
class Source:
    """Images in an array that may be memory-mapped, and what is known of them."""

    name: str
    images: np.ndarray  # (images, height, width, channels), uint8 or float32 in [-1, 1]
    labels: np.ndarray | None  # int32 (images,)
    label_names: tuple[str, ...] | None
    sha256: str  # of the pixels, the shape and the labels
    others: tuple[np.ndarray, ...] = ()  # other images, such as targets
    together: bool = True  # whether one of the others belongs to each of `images`


def from_arrays(
    arrays: Any,
    resolution: int | None,
    channels: int | None,
    name: str = "arrays",
    argument: str = "source",
) -> Source:
    """A source from images, or `(images, labels)`; uint8, or float32 in [-1, 1].

    Errors call the images `argument`.

    Raises:
        UsageError: another rank, type or range; labels that do not fit.
    """
    images, labels = _pair(arrays)
    images = _array(images, argument)
    check_shape(images, argument)
    if images.dtype.kind == "f":
        images = images.astype(np.float32, copy=False)
        check_images(images, argument=argument)
    elif images.dtype != np.uint8:
        raise UsageError(
            f"{argument} must be uint8 in 0..255 or float in [-1, 1]; received {images.dtype}. "
            "Use images.astype('uint8') if they lie in 0..255.",
            argument,
        )
    images = _converted(images, resolution, channels)
    labels = None if labels is None else check_labels(labels, len(images), unlabelled=True)
    return Source(name, images, labels, None, fingerprint(images, labels))


def packaged(name: str, resolution: int | None, channels: int | None) -> Source:
    """One of the sets that come with kgan."""
    pixels, labels, names = read_packaged(PACKAGED[name], "image", "labels", "label_names")
    pixels = pixels if pixels.ndim == 4 else pixels[..., np.newaxis]
    source = from_arrays((pixels, labels), resolution, channels, name)
    return Source(name, source.images, source.labels, tuple(map(str, names)), source.sha256)


def read_packaged(path: Path, *names: str) -> list[np.ndarray]:
    """Arrays of a file that comes with kgan.

    Where its images are packed as WebP files, `image` is decoded once per process, and read-only.

    Raises:
        OSError: it is damaged.
    """
    try:
        with np.load(path) as file:
            packed = "webp" in file
            return [_decoded(path) if packed and name == "image" else file[name] for name in names]
    # The readers of ZIP and NumPy raise whatever a damaged file leads them to.
    except Exception as error:
        raise OSError(f"{path} is damaged ({error}); install kgan again.") from error


@functools.cache
def _decoded(path: Path) -> np.ndarray:
    """The images of a file that packs them as WebP files, one after the other: uint8 RGBA.

    Fully transparent pixels are black.
    """
    with np.load(path) as file:
        packed = np.split(file["webp"], file["ends"][:-1])
    images = np.stack([read(io.BytesIO(one.tobytes()), None, 4, ("WEBP",)) for one in packed])
    images[images[..., 3] == 0] = 0  # what the compression left under them
    images.flags.writeable = False
    return images


def hide_labels(source: Source, labelled: int, seed: int) -> Source:
    """The source with all but `labelled` labels hidden as -1, equally many left per class.

    Raises:
        UsageError: fewer than one for each class, or more than there are, or an uneven number.
    """
    assert source.labels is not None  # `load` has asked
    known = np.flatnonzero(source.labels >= 0)
    classes, counts = np.unique(source.labels[known], return_counts=True)
    labelled = check_integer("labelled", labelled, 1, len(known))
    share, rest = divmod(labelled, len(classes))
    if rest or not 1 <= share <= counts.min():
        raise UsageError(
            f"labelled must be a multiple of the {len(classes)} classes, at most "
            f"{len(classes) * counts.min()}, so that each class keeps as many labels; received "
            f"{labelled}.",
            "labelled",
        )
    # Another stream than that of any epoch's order, (seed, epoch).
    order = np.random.default_rng((seed, 0, 1)).permutation(known)
    kept = [order[source.labels[order] == label][:share] for label in classes]
    labels = np.full_like(source.labels, -1)
    labels[np.concatenate(kept)] = source.labels[np.concatenate(kept)]
    return dataclasses.replace(source, labels=labels)


def fingerprint(images: np.ndarray, labels: np.ndarray | None) -> str:
    """SHA-256 over type, shape, pixels and labels; memory-mapped pixels are read in pieces."""
    digest = hashlib.sha256(f"{images.dtype} {images.shape} {labels is not None}".encode())
    for batch in batches(images, 1024):
        digest.update(np.ascontiguousarray(batch).data)
    if labels is not None:
        digest.update(labels.data)
    return digest.hexdigest()


def _pair(arrays: Any) -> tuple[Any, Any]:
    if not isinstance(arrays, tuple):
        return arrays, None
    if len(arrays) != 2:
        raise UsageError(
            f"source as a tuple must be (images, labels); received a tuple of {len(arrays)} parts.",
            "source",
        )
    return arrays


def _array(images: Any, argument: str) -> np.ndarray:
    """The images as an array of numbers."""
    ragged = ""
    try:
        array = np.asarray(images)
        if array.dtype.kind in "biufc":
            return array
    except ValueError as error:
        ragged = f" ({error})"
    expected = "images as one array of numbers"
    if argument == "source":
        expected = f"the name of a data set, a folder, {expected}, or (images, labels)"
    raise UsageError(
        f"{argument} must be {expected}; received {type(images).__name__}{ragged}.", argument
    )


def _converted(images: np.ndarray, resolution: int | None, channels: int | None) -> np.ndarray:
    """The images at the resolution and number of channels asked for."""
    height, width, own = images.shape[1:]
    if (resolution or height, resolution or width, channels or own) == (height, width, own):
        return images
    if images.dtype != np.uint8:
        raise UsageError(
            f"resolution={resolution} and channels={channels} convert uint8 images only; received "
            f"{images.dtype} images of shape {images.shape[1:]}. Convert them before, or pass "
            "((images + 1) * 127.5).round().astype('uint8').",
            "resolution",
        )
    return np.stack([convert(image, resolution, channels) for image in images])
