"""An entry point in an ONNX file of kgan's, run without TensorFlow and Keras."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from kgan.errors import UsageError
from kgan.photos.network import Network
from kgan.receptive_field import ReceptiveField
from kgan.signature import Signature


class OnnxNetwork(Network):
    """What `kgan.export.to_onnx` wrote, by onnxruntime on the CPU.

    Example:
        >>> gan = kgan.zoo.load("pix2pix_emoji")
        >>> path = kgan.export.to_onnx(gan, "drawing.onnx").path
        >>> kgan.photos.OnnxNetwork(path).entry
        'translate'

    Raises:
        UsageError: there is no such file, it is no export of kgan's or one of an older version, or
            onnxruntime is missing.
    """

    def __init__(self, path: str | Path, name: str | None = None):
        name = name or str(path)
        if not Path(path).is_file():
            raise UsageError(f"MODEL={name!r} must be an ONNX file; there is none.")
        if not available():
            raise UsageError(
                f'MODEL={name!r} is an ONNX file, which needs onnxruntime: pip install "kgan[onnx]"'
            )
        import onnxruntime

        options = onnxruntime.SessionOptions()
        # The arena would keep the largest tensors of each shape of tile.
        options.enable_cpu_mem_arena = False
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        # Whatever a damaged file leads the runtime to.
        except Exception as error:
            cause = str(error).strip().splitlines()[0] if str(error).strip() else "no reason given"
            raise UsageError(f"MODEL={name!r} must be an ONNX file: {cause}") from None
        facts = self._session.get_modelmeta().custom_metadata_map
        try:
            entry = facts["entry"]
            inputs = Signature.from_json(facts["inputs"])
            outputs = Signature.from_json(facts["outputs"])
            field = ReceptiveField.from_json(facts["receptive_field"])
        except (KeyError, ValueError) as error:
            raise UsageError(
                f"MODEL={name!r} must be an ONNX file that this version of kgan exported, since "
                f"its metadata say what it takes and gives; they lack {str(error)[:80]}. Export "
                "the model again: kgan export MODEL --format onnx --out FILE."
            ) from None
        super().__init__(name, entry, inputs, outputs, field)

    def run(self, batch: Mapping[str, np.ndarray]) -> np.ndarray:
        return self._session.run([self.output.name], dict(batch))[0]


def available() -> bool:
    """Whether onnxruntime is installed."""
    return importlib.util.find_spec("onnxruntime") is not None
