"""A signature as the inputs of a Keras model."""

from __future__ import annotations

from typing import Any

import keras

from kgan.errors import UsageError
from kgan.signature import Image, Signature


def input_tensors(inputs: Signature) -> dict[str, Any]:
    """A Keras input tensor per field."""
    return {
        field.name: keras.Input(field.shape, dtype=field.dtype, name=field.name)
        if field.dtype != "float32"
        else keras.Input(field.shape, name=field.name)
        for field in inputs.values()
    }


def structured(tensors: dict[str, Any]) -> Any:
    """The inputs of a Keras model: the single tensor, or a dict of several."""
    return next(iter(tensors.values())) if len(tensors) == 1 else tensors


def image_field(inputs: Signature) -> Image:
    """The first image of a signature.

    Raises:
        UsageError: it has none.
    """
    image = inputs.image
    if image is None:
        raise UsageError(f"inputs must hold an Image; received {inputs!r}.", "inputs")
    return image
