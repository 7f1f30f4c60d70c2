"""Weights of networks that others trained: fetched once, and put into a Keras model."""

from __future__ import annotations

import http.client
import shutil
import urllib.error
import urllib.request
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kgan.checks import Given
from kgan.errors import UsageError
from kgan.files import atomic_write, sha256

if TYPE_CHECKING:
    import keras

_TIMEOUT_SECONDS = 60  # without a byte
# What PyTorch calls a layer's weights, what Keras calls them, and PyTorch's axes in Keras's order.
_BIAS = ("bias", "bias", (0,))
_WEIGHTS = {
    "Conv2D": (("weight", "kernel", (2, 3, 1, 0)), _BIAS),
    "DepthwiseConv2D": (("weight", "kernel", (2, 3, 0, 1)), _BIAS),
    "Dense": (("weight", "kernel", (1, 0)), _BIAS),
    "BatchNormalization": (
        ("weight", "gamma", (0,)),
        ("bias", "beta", (0,)),
        ("running_mean", "moving_mean", (0,)),
        ("running_var", "moving_variance", (0,)),
    ),
}


def folder() -> Path:
    """Where fetched weights are kept: `weights` in KGAN_HOME, which is ~/.cache/kgan by default."""
    from kgan.data import cache

    return cache.folder("weights")


def fetch(
    url: str, digest: str, path: Path | None = None, otherwise: str = "pass weights=PATH"
) -> Path:
    """The file at `url` with this SHA-256, downloaded unless an earlier call left it at `path`.

    That is in `folder()` by default. The file appears whole and verified, or not at all. One that
    is there but damaged is fetched again, with a warning. Errors say what to do `otherwise`.

    Raises:
        OSError: it cannot be reached or written, or what came is another file (a ConnectionError).
    """
    path = path or folder() / url.rpartition("/")[2]
    if path.is_file():
        if sha256(path) == digest:
            return path
        warnings.warn(f"{path} is damaged (its SHA-256); it is fetched again.", stacklevel=2)
    with atomic_write(path) as temporary:
        size = _download(url, temporary, otherwise)
        found = sha256(temporary)
        if found != digest:
            raise ConnectionError(
                f"{url} must have the SHA-256 {digest}; received {found} ({size} bytes), a "
                f"download that was cut short or another file. Try again, or {otherwise}."
            )
    return path


def _download(url: str, path: Path, otherwise: str) -> int:
    """Write what is at `url` to the new file `path`; its number of bytes."""
    with open(path, "wb") as file:
        try:
            with urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS) as answer:
                shutil.copyfileobj(answer, file)
        except (OSError, http.client.HTTPException, ValueError) as error:
            cause = error.reason if type(error) is urllib.error.URLError else error
            raise ConnectionError(
                f"{url} cannot be fetched ({cause}). Connect this machine, or fetch the file "
                f"elsewhere and {otherwise}."
            ) from error
        return file.tell()


def assign(
    model: keras.Model,
    state: Mapping[str, np.ndarray],
    given: Given,
    ignored: tuple[str, ...] = (),
    partial: bool = False,
) -> None:
    """Load the weights of a PyTorch module whose submodules have the names of the model's layers.

    Args:
        state: `kgan.metrics.extractors.torch_file.read_state_dict` gives it. Underscores before
            its names are left out, since TensorFlow's names cannot begin with one.
        given: the argument and the file that the errors name.
        ignored: names in `state` that the model does not use; BatchNorm's batch counts are always
            ignored.
        partial: whether `state` may hold further submodules, of which the model is a part.

    Raises:
        UsageError: a name is missing or unknown, a shape is another, or NaN or infinity.
    """
    state = {name.lstrip("_"): value for name, value in state.items()}
    expected = dict(_named(model))
    found = {name for name in state if not name.endswith(".num_batches_tracked")} - set(ignored)
    if partial:
        own = tuple(f"{layer.name}." for layer in model.layers if layer.weights)
        found = {name for name in found if name.startswith(own)}
    for what, names in (("lacks", expected.keys() - found), ("also has", found - expected.keys())):
        if names:
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            raise UsageError(
                f"{given} must hold the weights of {model.name}; it {what} {min(names)}{more}. "
                "Pass the file of that network.",
                given.argument,
            )
    for name, (variable, axes) in expected.items():
        value = np.asarray(state[name])
        if value.ndim != len(axes) or value.transpose(axes).shape != tuple(variable.shape):
            raise UsageError(
                f"{given} must hold the weights of {model.name}; {name} has the shape "
                f"{value.shape}. Pass the file of that network.",
                given.argument,
            )
        if not np.isfinite(value).all():
            raise UsageError(
                f"{given} must hold finite weights; {name} has NaN or infinity.", given.argument
            )
        variable.assign(value.transpose(axes))


def _named(model: keras.Model) -> Iterator[tuple[str, tuple[Any, tuple[int, ...]]]]:
    """PyTorch's names of the model's variables, each with the order of PyTorch's axes."""
    for layer in model.layers:
        for name, attribute, axes in _WEIGHTS.get(type(layer).__name__, ()):
            variable = getattr(layer, attribute)
            if variable is not None:
                yield f"{layer.name}.{name}", (variable, axes)
