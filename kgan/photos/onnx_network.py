"""An entry point in an ONNX file of kgan's, run without TensorFlow and Keras."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from kgan.photos.network import Network
from kgan.receptive_field import ReceptiveField
from kgan.runtime.onnx_model import OnnxModel


class OnnxNetwork(Network):
    """What `kgan.export.to_onnx` wrote, by onnxruntime on the CPU.

    Example:
        >>> gan = kgan.zoo.load("pix2pix_emoji")
        >>> path = kgan.export.to_onnx(gan, "drawing.onnx").path
        >>> kgan.photos.OnnxNetwork(path).entry
        'translate'

    Raises:
        UsageError: there is no such file, it is no export of kgan's that takes images, or one of an
            older version, or onnxruntime is missing.
    """

    def __init__(self, path: str | Path, name: str | None = None):
        self._model = model = OnnxModel(path, name)
        field = model.fact("receptive_field", ReceptiveField.from_json)
        signatures = model.input_signature, model.output_signature
        super().__init__(model.name, model.entry, *signatures, field)

    def run(self, batch: Mapping[str, np.ndarray]) -> np.ndarray:
        return self._model(batch)[self.output.name]
