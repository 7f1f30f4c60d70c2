"""Photographs of any sizes, decoded into memory, and the patches that they divide into."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from kgan.data import cache
from kgan.data.decode import convert
from kgan.data.folder import check_folder, image_files
from kgan.errors import UsageError

# Not in `kgan.data.source.PACKAGED`, whose images are of one size.
PACKAGED = {"photos": Path(__file__).with_name("photos")}


class Photographs(NamedTuple):
    """Photographs, each uint8 `(height, width, channels)`, with the files' names."""

    name: str
    names: list[str]
    images: list[np.ndarray]

    @property
    def sha256(self) -> str:
        """Of all shapes and pixels, in their order."""
        digest = hashlib.sha256(f"{len(self.images)} photographs".encode())
        for image in self.images:
            digest.update(f" {image.shape}".encode())
            digest.update(np.ascontiguousarray(image).data)
        return digest.hexdigest()


def from_folder(
    name: str, path: Any, channels: int | None, strict: bool, formats: Sequence[str]
) -> Photographs:
    """The photographs in the files below a folder, in the order of their paths.

    Raises:
        UsageError: no such folder, no image in it, images of different numbers of channels, or a
            broken one with `strict`.
        OSError: a subfolder cannot be read.
    """
    folder = check_folder(path)
    files = image_files(folder, formats)
    items = [cache.Item(file.relative_to(folder).as_posix(), None, file) for file in files]
    names, images, broken = [], [], []
    for item, pixels in cache.decode_all(items, None, channels, formats):
        if isinstance(pixels, Exception):
            broken.append([item.name, " ".join(f"{pixels}".split())])
            continue
        names.append(item.name)
        images.append(pixels)
    cache.report(name, broken, strict)
    if not images:
        raise UsageError(
            f"source={name!r} must hold images that can be decoded; none of {len(broken)} could. "
            f"The first is {broken[0][0]} ({broken[0][1]}).",
            "source",
        )
    return _of_one_kind(Photographs(name, names, images))


def packaged(name: str, split: str, channels: int | None) -> Photographs:
    """A split of the photographs that come with kgan.

    Raises:
        OSError: a file is damaged.
    """
    from kgan.data.decode import FORMATS

    folder = PACKAGED[name] / split
    try:
        return from_folder(name, folder, channels, True, FORMATS)
    except UsageError as error:
        raise OSError(f"{folder} is damaged ({error}); install kgan again.") from error


def from_arrays(images: Any, channels: int | None) -> Photographs:
    """Photographs from uint8 arrays of any heights and widths.

    Raises:
        UsageError: no list of images of one number of channels.
    """
    listed = isinstance(images, np.ndarray) and images.ndim == 4
    if not (listed or isinstance(images, (list, tuple))) or not len(images):
        raise UsageError(
            "source must be the name of a packaged set, a folder, or a list of uint8 arrays "
            f"(height, width, channels); received {type(images).__name__}"
            f"{'' if np.ndim(images) == 0 else ' without images'}.",
            "source",
        )
    names = [f"source[{index}]" for index in range(len(images))]
    arrays = [np.asarray(image) for image in images]
    for name, image in zip(names, arrays, strict=True):
        if image.dtype != np.uint8 or image.ndim != 3 or not 1 <= image.shape[2] <= 4:
            raise UsageError(
                f"source must hold uint8 arrays (height, width, channels) with 1 to 4 channels; "
                f"{name} is {image.dtype} {image.shape}. Use images.astype('uint8') if they lie "
                "in 0..255, and images[..., np.newaxis] for grey ones.",
                "source",
            )
    if channels is not None:
        arrays = [convert(image, None, channels) for image in arrays]
    return _of_one_kind(Photographs("arrays", names, arrays))


def _of_one_kind(photographs: Photographs) -> Photographs:
    """The photographs, if they have one number of channels."""
    first, channels = photographs.names[0], photographs.images[0].shape[2]
    for name, image in zip(photographs.names, photographs.images, strict=True):
        if image.shape[2] != channels:
            raise UsageError(
                f"Without channels, the images of source={photographs.name!r} must have one number "
                f"of channels; {first} has {channels} and {name} has {image.shape[2]}. Pass "
                "channels=3 for colour, 1 for grey or 4 for colour with transparency."
            )
    return photographs


class Tiles:
    """The patches that photographs divide into, which are read like an array of images.

    They are `size` pixels high and wide and do not overlap; what is left at the lower and the right
    edge is in none of them.
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, images: Sequence[np.ndarray], size: int):
        self._images, self._size = images, size
        # By photograph: the patches in a row, and the number of the first patch.
        self._columns = [image.shape[1] // size for image in images]
        counts = [image.shape[0] // size * (image.shape[1] // size) for image in images]
        self._firsts = np.cumsum([0, *counts])
        self.shape = (int(self._firsts[-1]), size, size, images[0].shape[2])

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, indices: Any) -> np.ndarray:
        """The patches at these indices, `(len(indices), size, size, channels)`."""
        return np.stack([self._tile(index) for index in np.arange(len(self))[indices]])

    def photograph(self, index: int) -> int:
        """The number of the photograph that a patch is of."""
        return int(np.searchsorted(self._firsts, index, "right")) - 1

    def _tile(self, index: int) -> np.ndarray:
        number = self.photograph(index)
        row, column = divmod(int(index - self._firsts[number]), self._columns[number])
        top, left = row * self._size, column * self._size
        return self._images[number][top : top + self._size, left : left + self._size]
