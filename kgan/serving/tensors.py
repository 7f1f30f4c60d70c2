"""Tensors as the Open Inference Protocol writes them: as JSON, or as bytes behind it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import orjson

from kgan.errors import UsageError
from kgan.serving.batching import Arrays
from kgan.signature import Field

DATATYPES = {
    "bool": "BOOL",
    **{f"uint{bits}": f"UINT{bits}" for bits in (8, 16, 32, 64)},
    **{f"int{bits}": f"INT{bits}" for bits in (8, 16, 32, 64)},
    **{f"float{bits}": f"FP{bits}" for bits in (16, 32, 64)},
}
"""The protocol's names of NumPy's types."""


class Rest:
    """The bytes behind the JSON, of which each binary tensor takes the next ones."""

    def __init__(self, content: memoryview):
        self._content = content

    def take(self, name: str, size: Any) -> memoryview:
        """The next `size` bytes, for the tensor `name`.

        Raises:
            UsageError: there are fewer, or `size` is no size.
        """
        whole = isinstance(size, int) and not isinstance(size, bool)
        if not whole or not 0 <= size <= len(self._content):
            raise UsageError(
                f"{name}: binary_data_size must be the number of its bytes, of which "
                f"{len(self._content)} are left in the body; received {size!r}.",
                name,
            )
        taken, self._content = self._content[:size], self._content[size:]
        return taken

    def check_empty(self) -> None:
        """Check that all bytes were taken.

        Raises:
            UsageError: some are left.
        """
        if len(self._content):
            raise UsageError(
                f"inputs must take all bytes behind the JSON; {len(self._content)} are left. Give "
                "each binary input its binary_data_size.",
                "inputs",
            )


def objects(argument: str, value: Any) -> list[dict[str, Any]]:
    """A list of JSON objects that have different names, or none for a missing one.

    Raises:
        UsageError: it is something else.
    """
    listed = [] if value is None else value
    named = isinstance(listed, list) and all(
        isinstance(each, dict) and isinstance(each.get("name"), str) for each in listed
    )
    if not named or len({each["name"] for each in listed}) < len(listed):
        raise UsageError(
            f"{argument} must be a list of objects with different names; received "
            f"{shortened(value)}.",
            argument,
        )
    return listed


def parameters(of: Mapping[str, Any]) -> dict[str, Any]:
    """The `parameters` of a request or a tensor.

    Raises:
        UsageError: they are no JSON object, or ask for what kgan does not have.
    """
    found = of.get("parameters")
    found = {} if found is None else found
    if not isinstance(found, dict):
        raise UsageError(
            f"parameters must be a JSON object; received {shortened(found)}.", "parameters"
        )
    for name in ("shared_memory_region", "classification", "sequence_id"):
        if found.get(name):
            raise UsageError(
                f"{name} must be left out: kgan serve has no such extension. Send and ask for "
                "tensors as JSON or as binary data.",
                name,
            )
    return found


def asks_for(of: Mapping[str, Any], flag: str, default: bool) -> bool:
    """Whether the `parameters` of a request or an output set this flag.

    Raises:
        UsageError: it is neither true nor false; or as `parameters`.
    """
    value = parameters(of).get(flag, default)
    if not isinstance(value, bool):
        raise UsageError(f"{flag} must be true or false; received {shortened(value)}.", flag)
    return value


def read_shape(field: Field, tensor: Mapping[str, Any]) -> tuple[int, ...]:
    """The shape of an input, if it is one of the field's, whose datatype it must have as well.

    Raises:
        UsageError: another datatype or shape.
    """
    name, datatype, shape = field.name, tensor.get("datatype"), tensor.get("shape")
    if datatype != DATATYPES[field.dtype]:
        raise UsageError(
            f"{name}: datatype must be {DATATYPES[field.dtype]}; received {shortened(datatype)}. "
            f"Convert the values to {field.dtype}.",
            name,
        )
    expected = (None, *field.shape)
    sizes = shape if isinstance(shape, list) else []
    fits = len(sizes) == len(expected) and all(
        isinstance(size, int) and not isinstance(size, bool) and size > 0 and own in (None, size)
        for size, own in zip(sizes, expected, strict=True)
    )
    if not fits:
        wanted = ", ".join(str(size or "any") for size in expected)
        raise UsageError(
            f"{name}: shape must be [{wanted}], the number of examples first; received "
            f"{shortened(shape)}.",
            name,
        )
    return tuple(sizes)


def read_values(
    field: Field, tensor: Mapping[str, Any], shape: tuple[int, ...], rest: Rest
) -> np.ndarray:
    """The values of an input whose shape is checked; those of JSON in NumPy's own type.

    Raises:
        UsageError: they are missing, not numbers, or their count does not match the shape.
    """
    name, count, size = field.name, math.prod(shape), parameters(tensor).get("binary_data_size")
    if (size is None) == ("data" not in tensor):
        raise UsageError(
            f"{name} must have either data, a list of numbers, or the parameter "
            f"binary_data_size; received {'neither' if size is None else 'both'}.",
            name,
        )
    if size is not None:
        content, dtype = rest.take(name, size), np.dtype(field.dtype).newbyteorder("<")
        if size != count * dtype.itemsize:
            raise UsageError(
                f"{name}: binary_data_size must be {count * dtype.itemsize}, for {count} numbers "
                f"of {dtype.itemsize} bytes; received {size}.",
                name,
            )
        return np.frombuffer(content, dtype).reshape(shape)
    try:
        values = np.asarray(tensor["data"] if isinstance(tensor["data"], list) else None)
    except ValueError:  # of no one shape
        values = np.empty(0, object)
    kinds = "iu" if np.dtype(field.dtype).kind in "iu" else "fiu"
    if values.dtype.kind not in kinds or values.size != count:
        received = f"{values.size} of them" if values.dtype.kind in kinds else "something else"
        raise UsageError(
            f"{name}: data must be {count} {'integers' if kinds == 'iu' else 'numbers'}, as its "
            f"shape {list(shape)} says; received {received}.",
            name,
        )
    values = values.reshape(shape)
    with np.errstate(over="ignore"):  # a large float64 becomes infinite, which the field refuses
        return values if kinds == "iu" else values.astype(field.dtype)


def written(
    outputs: Arrays, wanted: Mapping[str, bool], response: dict[str, Any]
) -> tuple[bytes, int | None]:
    """The body of a response, and the length of its JSON if binary data follows.

    Args:
        outputs: the arrays by name.
        wanted: the names of those that are sent, and whether as binary data.
        response: what the JSON says besides.
    """
    listed, blobs = [], []
    for name, binary in wanted.items():
        values = np.ascontiguousarray(outputs[name])
        tensor: dict[str, Any] = {
            "name": name,
            "datatype": DATATYPES[values.dtype.name],
            "shape": list(values.shape),
        }
        if binary:
            blobs.append(values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes())
            tensor["parameters"] = {"binary_data_size": len(blobs[-1])}
        else:
            tensor["data"] = values.reshape(-1)
        listed.append(tensor)
    header = orjson.dumps(response | {"outputs": listed}, option=orjson.OPT_SERIALIZE_NUMPY)
    if not blobs:
        return header, None
    return b"".join([header, *blobs]), len(header)


def shortened(value: Any) -> str:
    """A value of a request as errors show it: not longer than a line."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
