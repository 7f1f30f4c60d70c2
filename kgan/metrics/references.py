"""The features of real images, extracted once and kept under their protocol's name."""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import os
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kgan.batches import batches
from kgan.checks import check_integer
from kgan.errors import UsageError
from kgan.files import atomic_write, sweep
from kgan.metrics import frechet
from kgan.metrics.check import check_features
from kgan.metrics.extractors.extractor import Extractor

if TYPE_CHECKING:
    from kgan.data import ImageDataset

PACKAGED = Path(__file__).with_name("packaged")
LIMIT = 50_000  # images, as for published figures
_BATCH = 256
# The arrays of a file may take this many bytes, or this many times its own: features compress
# little, and a small file must not fill the memory.
_ROOM = 1 << 26
_RATIO = 100
# What NumPy and zipfile raise for a file whose bytes have changed.
_DAMAGE = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    EOFError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)


@dataclasses.dataclass(frozen=True)
class Reference:
    """The features of the real images that a score compares with, and where they come from.

    Attributes:
        features: float32 `(n, feature_dim)`, of the images at `even_indices`.
        labels: int32 `(n,)`; None where the data have none.
        data: what the protocol says about the data.
        extractor: what it says about the extractor, `Extractor.describe`.

    Example:
        >>> data = kgan.data.load("fashion_mnist")
        >>> extractor = kgan.metrics.extractors.get("judge_fashion_mnist")
        >>> reference = kgan.metrics.references.of(data, extractor)
        >>> reference.save("reference.npz")
    """

    features: np.ndarray
    labels: np.ndarray | None
    data: dict[str, Any]
    extractor: dict[str, Any]

    @functools.cached_property
    def statistics(self) -> tuple[np.ndarray, np.ndarray]:
        """The mean and the covariance of the features, as `kgan.metrics.frechet` takes them."""
        return frechet.statistics(self.features, argument="real")

    def save(self, path: str | Path) -> None:
        """Write an .npz file, whole or not at all.

        Raises:
            OSError: the file cannot be written.
        """
        described = json.dumps({"data": self.data, "extractor": self.extractor})
        labels = np.zeros(0, np.int32) if self.labels is None else self.labels
        with atomic_write(path) as temporary, open(temporary, "wb") as file:
            np.savez_compressed(
                file, protocol=np.array(described), features=self.features, labels=labels
            )


def of(
    data: ImageDataset, extractor: Extractor, samples: int = LIMIT, cache: bool = True
) -> Reference:
    """The reference of a data set, or of `samples` images drawn from it where it has more.

    It comes from the package, or from `references` in KGAN_HOME (by default ~/.cache/kgan), where
    the first call leaves it; a damaged file there is replaced. For an extractor without SHA-256,
    whose function may change, nothing is kept. Labels are those of `data`, hidden ones -1.

    Args:
        data: what `kgan.data.load` returns.
        extractor: what turns the images into features.
        samples: images at most.
        cache: whether to read and write kept features.

    Raises:
        UsageError: images that the extractor does not take.
        OSError: the cache cannot be written.
    """
    from kgan.data import ImageDataset

    samples = check_integer("samples", samples, 2)
    if not isinstance(data, ImageDataset):
        raise UsageError(
            f"data must be what kgan.data.load returns; received {type(data).__name__}. Use "
            "kgan.data.load(data, batch_size=1).",
            "data",
        )
    number = min(data.num_images, samples)
    if not cache or extractor.sha256 is None:
        return _extracted(data, extractor, number)
    described = extractor.describe(data.image_shape[2])
    name = file_name(describe(data), number, described)
    for folder in (PACKAGED, cache_folder()):
        if (folder / name).is_file():
            try:
                found = load(folder / name, describe(data), described)
                return dataclasses.replace(found, labels=_labels(data, number))
            except UsageError as error:
                warnings.warn(f"{error} It is made anew.", stacklevel=2)
    made = _extracted(data, extractor, number)
    sweep(cache_folder())
    made.save(cache_folder() / name)
    return made


def load(
    path: str | Path,
    data: dict[str, Any] | None = None,
    extractor: dict[str, Any] | None = None,
) -> Reference:
    """The reference that `Reference.save` wrote; nothing in the file is run.

    Args:
        path: of the .npz file.
        data: the expected protocol of the data; None accepts any.
        extractor: the expected protocol of the extractor.

    Example:
        >>> data = kgan.data.load("fashion_mnist")
        >>> extractor = kgan.metrics.extractors.get("judge_fashion_mnist")
        >>> kgan.metrics.references.of(data, extractor).save("reference.npz")
        >>> reference = kgan.metrics.references.load("reference.npz")

    Raises:
        UsageError: no such file, a damaged one, one that would expand to far more than its own
            size, or a reference of another protocol.
    """
    try:
        _check_size(path)
        with np.load(path, allow_pickle=False) as file:
            protocol = json.loads(str(file["protocol"]))
            features = file["features"]
            labels = file["labels"] if len(file["labels"]) else None
            parts = protocol["data"], protocol["extractor"]
            if not all(isinstance(part, dict) for part in parts):
                raise ValueError("its protocol is none")
            if labels is not None and labels.shape != (len(features),):
                raise ValueError("not one label for each feature")
            found = Reference(features, labels, *parts)
    except FileNotFoundError:
        raise UsageError(
            f"reference={str(path)!r} must be a file; there is none.", "reference"
        ) from None
    except _DAMAGE as error:
        cause = "no .npz file" if "not a zip file" in str(error) else error
        raise UsageError(
            f"reference={str(path)!r} is damaged or no reference: it cannot be read ({cause}). "
            "Remove it, and make it anew from the data.",
            "reference",
        ) from error
    check_features(f"reference={str(path)!r}", features, at_least=2)
    check_protocol(f"reference={str(path)!r}", found, data, extractor)
    return found


def _check_size(path: str | Path) -> None:
    """Refuse an .npz file whose arrays are huge or contradict their headers, before it is read.

    Raises:
        ValueError: they are.
    """
    limit, total = max(_ROOM, _RATIO * os.path.getsize(path)), 0
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            with archive.open(entry) as file:
                if np.lib.format.read_magic(file) != (1, 0):
                    raise ValueError(f"{entry.filename} is in another format than NumPy's 1.0")
                shape, _, dtype = np.lib.format.read_array_header_1_0(file)
                size = math.prod(shape) * dtype.itemsize
                if size != entry.file_size - file.tell():
                    raise ValueError(f"{entry.filename} has another size than its shape {shape}")
            total += size
    if total > limit:
        raise ValueError(f"its arrays would take {total} bytes, of {os.path.getsize(path)}")


def check_protocol(
    argument: str,
    reference: Reference,
    data: dict[str, Any] | None = None,
    extractor: dict[str, Any] | None = None,
) -> None:
    """Refuse a reference of other data or another extractor; None accepts any.

    Raises:
        UsageError: they differ; the message says how.
    """
    expected = {"data": data, "extractor": extractor}
    differences = [
        f"{part}.{key} is {getattr(reference, part).get(key)!r}, not {value!r}"
        for part, values in expected.items()
        for key, value in (values or {}).items()
        if getattr(reference, part).get(key) != value
    ]
    if differences:
        raise UsageError(
            f"{argument} was computed with another protocol: {'; '.join(differences)}. Use one of "
            "this protocol, or give the data, from which it is made.",
            argument,
        )


def even_indices(num_images: int, number: int) -> np.ndarray:
    """The indices of a reference's `number` images in its data set, in ascending order.

    All, or a fixed random choice: folders are sorted by class, so that the first images would be
    those of the first classes.
    """
    if number >= num_images:
        return np.arange(num_images)
    return np.sort(np.random.default_rng(0).permutation(num_images)[:number])


def drawn(data: ImageDataset, number: int) -> Iterator[np.ndarray]:
    """The images at `even_indices` of a data set, in batches."""
    return map(data.at, batches(even_indices(data.num_images, number), _BATCH))


def describe(data: ImageDataset) -> dict[str, Any]:
    """What a protocol says about real images: source, split, shape, and the SHA-256 of them all."""
    config, source = data.config, data.config["source"]
    return {
        # The place of a folder does not matter.
        "source": Path(source).resolve().name if Path(source).is_dir() else source,
        "split": config["split"],
        "shape": list(data.image_shape),
        "sha256": config["sha256"],
    }


def file_name(data: dict[str, Any], num_images: int, extractor: dict[str, Any]) -> str:
    """The name of the file that keeps the reference of this protocol."""
    shape = "x".join(map(str, data["shape"]))
    parts = (
        data["source"],
        data["split"],
        shape,
        str(num_images),
        data["sha256"][:16],
        extractor["name"],
        extractor["resize"],
        extractor["sha256"][:16],
    )
    return "_".join(re.sub(r"[^\w.]+", "-", part) for part in parts) + ".npz"


def cache_folder() -> Path:
    """Where references are kept: `references` in KGAN_HOME, which is ~/.cache/kgan by default."""
    from kgan.data import cache

    return cache.folder("references")


def _extracted(data: ImageDataset, extractor: Extractor, number: int) -> Reference:
    if number < 2:
        raise UsageError("data must hold at least 2 images; received 1. Load more images.", "data")
    features = np.concatenate([extractor.features(images) for images in drawn(data, number)])
    described = extractor.describe(data.image_shape[2])
    return Reference(features, _labels(data, number), describe(data), described)


def _labels(data: ImageDataset, number: int) -> np.ndarray | None:
    return None if data.labels is None else data.labels[even_indices(data.num_images, number)]
