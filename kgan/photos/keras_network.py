"""An entry point of a model in Keras."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from kgan.errors import unknown_name
from kgan.photos.network import ENTRIES, Network

if TYPE_CHECKING:
    from kgan.models.stored_model import StoredModel


class KerasNetwork(Network):
    """An entry point of a model, by default its first that makes an image from an image.

    Example:
        >>> gan = kgan.Pix2Pix(channels=3, generator_network=kgan.networks.UNet(width=4, depth=2))
        >>> kgan.photos.KerasNetwork(gan).field.reason
        'its InstanceNormalization sees the whole image'

    Raises:
        UsageError: the model has no such entry point.
    """

    def __init__(self, gan: StoredModel, entry: str | None = None, name: str | None = None):
        from kgan.networks import receptive_field

        points = {key: point for key, point in gan.entry_points().items() if key in ENTRIES}
        name = name or f"this {type(gan).__name__}"
        if entry is None:
            entry = next(iter(points), "")
        if entry not in points:
            raise unknown_name(f"entry of {type(gan).__name__}", entry, points)
        self._point = point = points[entry]
        super().__init__(name, entry, point.inputs, point.outputs, receptive_field(point.network))

    def run(self, batch: Mapping[str, np.ndarray]) -> np.ndarray:
        from keras import ops

        tensors = {name: ops.convert_to_tensor(values) for name, values in batch.items()}
        return np.asarray(self._point(tensors)[self.output.name])
