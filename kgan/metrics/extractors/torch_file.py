"""Weights from PyTorch's files, without PyTorch and without running what a file holds."""

from __future__ import annotations

import hashlib
import io
import math
import os
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from kgan.checks import Given
from kgan.errors import UsageError

# NumPy has no bfloat16; its bits are the upper half of a float32's.
BFLOAT16 = "bfloat16"
STORAGES = {
    "DoubleStorage": "f8",
    "FloatStorage": "f4",
    "HalfStorage": "f2",
    "BFloat16Storage": BFLOAT16,
    "LongStorage": "i8",
    "IntStorage": "i4",
    "ShortStorage": "i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "?",
}
_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY_PROTOCOL = 1001
# All tensors together may take this many bytes, or this many times those of their storages: a
# stride of 0 makes any number of elements of one.
_ROOM = 1 << 26
_COPIES = 4
_FIX = "Save it with torch.save(model.state_dict(), path)."


class _Storage(NamedTuple):
    """The flat memory that tensors share, still to be read."""

    code: str
    key: str
    size: int


class _Tensor(NamedTuple):
    """A position in a storage; offset and strides count elements."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read_state_dict(
    path: str | Path, sha256: str | None = None, argument: str = "path"
) -> dict[str, np.ndarray]:
    """The tensors of a file that `torch.save(model.state_dict(), path)` wrote, by name.

    Reads the zip format (PyTorch 1.6 and later) and the one before it. The pickle in the file may
    ask for tensors and dicts alone; anything else it names is refused, and nothing of it is run.
    bfloat16 becomes float32, which holds each of its values; other types stay. Each array is a copy
    of its own, in C order.

    Args:
        path: of the file, mostly *.pth or *.pt.
        sha256: that the file must have, 64 hexadecimal digits; None for any.
        argument: the name that the errors give to the path.

    Raises:
        UsageError: no such file, another SHA-256, a file that is cut short, damaged or not a
            PyTorch file, or that holds anything but tensors, or tensors that would expand to far
            more than it holds.
    """
    data = _read(path, sha256, argument)
    given = Given(argument, str(path))
    try:
        read = _read_zip if data.startswith(b"PK") else _read_legacy
        return read(data, given)
    except UsageError:
        raise
    # A damaged pickle raises whatever its bytes lead to.
    except Exception as error:
        cause = f"{type(error).__name__}: {error}".rstrip(".: ")
        raise UsageError(
            f"{given} must be a complete PyTorch file; it is cut short, damaged or of another "
            f"format ({cause}). Copy or download it again.",
            given.argument,
        ) from error


def _read(path: str | Path, sha256: str | None, argument: str) -> bytes:
    """The bytes of the file, once, so that what is checked is what is read."""
    try:
        data = Path(os.path.expanduser(path)).read_bytes()
    except (OSError, TypeError, ValueError) as error:
        cause = getattr(error, "strerror", None) or error
        raise UsageError(
            f"{argument} must be a readable PyTorch file (*.pth); received {path!r} ({cause}).",
            argument,
        ) from None
    found = hashlib.sha256(data).hexdigest()
    if sha256 is not None and found != str(sha256).lower():
        raise UsageError(
            f"{argument}={str(path)!r} must have the SHA-256 {sha256}; received {found} "
            f"({len(data)} bytes). Copy or download the file again.",
            argument,
        )
    return data


class _Unpickler(pickle.Unpickler):
    """Makes dicts, tensors and storages of a pickle, and nothing else."""

    def __init__(self, file: io.BytesIO, given: Given):
        super().__init__(file)
        self._given = given
        self.storages: dict[str, _Storage] = {}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return self._tensor
        if (module, name) == ("torch._utils", "_rebuild_parameter"):
            return self._parameter
        if module == "torch" and name in STORAGES:
            return STORAGES[name]
        raise UsageError(
            f"{self._given} must hold tensors alone; it asks for {module}.{name}, which could run "
            f"code or is a type that kgan does not read. {_FIX}",
            self._given.argument,
        )

    def persistent_load(self, pid: Any) -> _Storage:
        kind, code, key, _, size, *view = pid
        known = kind == "storage" and code in STORAGES.values()
        if not known or any(part is not None for part in view):
            raise ValueError(f"a reference to {kind!r} that is unknown")
        return self.storages.setdefault(key, _Storage(code, key, size))

    def _tensor(self, storage: Any, offset: int, shape: Any, strides: Any, *_: Any) -> _Tensor:
        if type(storage) is not _Storage:
            raise ValueError(f"a tensor of {type(storage).__name__}")
        return _Tensor(storage, offset, tuple(shape), tuple(strides))

    def _parameter(self, data: Any, *_: Any) -> Any:
        return data


def _read_zip(data: bytes, given: Given) -> dict[str, np.ndarray]:
    """A zip of `NAME/data.pkl`, where storages are named, and of `NAME/data/KEY` for each."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = {name.partition("/")[2]: name for name in archive.namelist()}

        def content(name: str) -> bytes:
            # PyTorch does not compress; so no small file can unfold into a vast one.
            if archive.getinfo(entries[name]).compress_type != zipfile.ZIP_STORED:
                raise ValueError(f"{name} is compressed")
            return archive.read(entries[name])

        if "data.pkl" not in entries or "constants.pkl" in entries:
            raise UsageError(
                f"{given} must be a zip file that torch.save wrote; it is another format, "
                f"such as TorchScript. {_FIX}",
                given.argument,
            )
        order = ">" if "byteorder" in entries and content("byteorder") == b"big" else "<"
        tensors = _Unpickler(io.BytesIO(content("data.pkl")), given).load()
        return _arrays(tensors, lambda storage: content(f"data/{storage.key}"), order, given)


def _read_legacy(data: bytes, given: Given) -> dict[str, np.ndarray]:
    """Five pickles (magic number, version, byte order, tensors, keys), then the storages.

    Each storage is its number of elements, int64, and its elements.
    """
    file = io.BytesIO(data)
    if data[:1] != b"\x80" or _Unpickler(file, given).load() != _LEGACY_MAGIC:
        raise UsageError(
            f"{given} must be a file that torch.save wrote; it is another. {_FIX}", given.argument
        )
    if _Unpickler(file, given).load() != _LEGACY_PROTOCOL:
        raise ValueError("an unknown version")
    order = "<" if _Unpickler(file, given).load()["little_endian"] else ">"
    unpickler = _Unpickler(file, given)
    tensors = unpickler.load()
    contents = {}
    for key in _Unpickler(file, given).load():
        storage = unpickler.storages[key]
        if int.from_bytes(file.read(8), "little" if order == "<" else "big") != storage.size:
            raise ValueError(f"storage {key} has another size than its tensors need")
        contents[key] = file.read(storage.size * _dtype(storage.code, order).itemsize)
    return _arrays(tensors, lambda storage: contents[storage.key], order, given)


def _dtype(code: str, order: str) -> np.dtype:
    return np.dtype(order + ("u2" if code == BFLOAT16 else code))


def _arrays(
    pickled: Any, content: Callable[[_Storage], bytes], order: str, given: Given
) -> dict[str, np.ndarray]:
    """The tensors of what was pickled as arrays; `content` gives the bytes of a storage."""
    tensors = _tensors(pickled, given)
    flat = {}
    for storage in {tensor.storage for tensor in tensors.values()}:
        values = np.frombuffer(content(storage), _dtype(storage.code, order))
        if len(values) != storage.size:
            raise ValueError(f"storage {storage.key} has {len(values)} of {storage.size}")
        flat[storage] = _native(values, storage.code)
    held = sum(values.nbytes for values in flat.values())
    asked = sum(
        math.prod(map(abs, tensor.shape)) * flat[tensor.storage].itemsize
        for tensor in tensors.values()
    )
    if asked > max(_ROOM, _COPIES * held):
        raise UsageError(
            f"{given} must hold tensors of about its own size; its {held} bytes of numbers would "
            f"unfold to {asked}, by strides of 0 or many tensors of one storage. Save what is "
            "needed of them.",
            given.argument,
        )
    return {name: _view(name, tensor, flat[tensor.storage]) for name, tensor in tensors.items()}


def _tensors(pickled: Any, given: Given) -> dict[str, _Tensor]:
    """What was pickled, if it is a state dict."""
    # The dict's own method: a pickle can put other attributes on an OrderedDict.
    items = list(dict.items(pickled)) if isinstance(pickled, dict) else [(None, pickled)]
    for name, value in items:
        if type(value) is not _Tensor or not isinstance(name, str):
            raise UsageError(
                f"{given} must hold a state dict, named tensors alone; received "
                f"{type(value).__name__.strip('_')} {name or 'without a name'}. {_FIX}",
                given.argument,
            )
    if not items:
        raise UsageError(
            f"{given} must hold a state dict; received an empty one. {_FIX}", given.argument
        )
    return dict(items)


def _native(values: np.ndarray, code: str) -> np.ndarray:
    """The values in the machine's byte order, bfloat16 as float32."""
    values = values.astype(values.dtype.newbyteorder("="), copy=False)
    if code == BFLOAT16:
        return (values.astype(np.uint32) << 16).view(np.float32)
    return values


def _view(name: str, tensor: _Tensor, flat: np.ndarray) -> np.ndarray:
    """The tensor's part of its storage, copied."""
    _, offset, shape, strides = tensor
    # NumPy does not check that a view stays inside its buffer.
    axes = zip(shape, strides, strict=True)
    last = offset + sum((length - 1) * stride for length, stride in axes)
    if math.prod(shape) == 0:
        return np.zeros(shape, flat.dtype)
    if min(offset, *shape, *strides, 0) < 0 or last >= len(flat):
        raise ValueError(f"tensor {name} lies outside of its storage")
    bytes_ = tuple(stride * flat.itemsize for stride in strides)
    return np.lib.stride_tricks.as_strided(flat[offset:], shape, bytes_, writeable=False).copy()
