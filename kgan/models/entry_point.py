"""What a model can be asked, as functions with signatures: what is run and exported."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import keras

from kgan.signature import Signature


@dataclasses.dataclass(frozen=True)
class EntryPoint:
    """What a model can be asked, such as `generate`: a function with its signatures.

    `function(network, batch)` gives the outputs by name, in inference mode.
    `network` is an argument, so that an export can pass a float32 copy. `batch` and the outputs are
    dicts of tensors under the names of `inputs` and `outputs`.

    Example:
        >>> generate = gan.entry_points()["generate"]
        >>> list(generate.inputs), list(generate.outputs)
        (['latent'], ['image'])
        >>> images = generate({"latent": kgan.latent.sample(16, gan.latent_dim)})["image"]
    """

    name: str
    network: keras.Model
    function: Callable[[keras.Model, dict[str, Any]], dict[str, Any]]
    inputs: Signature
    outputs: Signature

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        return self.function(self.network, batch)
