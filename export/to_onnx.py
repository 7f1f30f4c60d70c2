"""Generators as ONNX files, for any runtime without TensorFlow."""

from __future__ import annotations

import importlib
import json
import logging
from pathlib import Path

import kgan
from kgan import latent
from kgan.checks import check_integer
from kgan.errors import UsageError
from kgan.files import replacing

from .signature import Serving
from .verify import BATCHES, Export, ExportError, verify

OPSETS = range(9, 19)
PRIOR = "numpy.random.RandomState(seed).standard_normal((n, latent_dim)).astype('float32')"


def to_onnx(gan: kgan.GAN, path: str | Path, opset: int = 18) -> Export:
    """Write the averaged generator as an ONNX file.

    The input `latent` is float32 (batch, latent_dim) from `kgan.latent.sample`, the output
    `image` float32 (batch, height, width, channels) in [-1, 1]; the batch is free. The file's
    metadata holds `latent_dim`, `image_shape`, `prior` (the NumPy line that makes latents) and
    `kgan_version`. The file gets its name only after onnxruntime has run it in a fresh process
    without TensorFlow and agreed with Keras to 1e-4. An older ONNX file is replaced.

    Args:
        gan: The GAN whose averaged generator is exported.
        path: The file to write; its name ends in `.onnx`.
        opset: The ONNX operator set, 9 to 18.

    Raises:
        UsageError: `gan` is not a `kgan.GAN`, or `path` or `opset` is not as above.
        ExportError: onnx, tf2onnx or onnxruntime is missing, or the export does not run or
            differs from Keras; nothing is left behind.
        OSError: `path` cannot be written.
    """
    path = Path(path)
    if path.suffix != ".onnx" or path.is_dir():
        raise UsageError(f"path={str(path)!r} must be a file whose name ends in .onnx.")
    check_integer("opset", opset, OPSETS[0], OPSETS[-1])
    for name in ("onnx", "tf2onnx", "onnxruntime"):
        _require(name)
    serving = Serving(gan)
    latents = latent.sample(max(BATCHES), serving.latent_dim, seed=0)
    with _Errors() as errors, replacing(path) as temporary:
        _convert(serving, temporary, opset)
        try:
            difference = verify("onnx", temporary, latents, serving.reference(latents))
        except ExportError as error:
            # tf2onnx only logs what it could not convert and reports success.
            raise ExportError(" tf2onnx: ".join([str(error), *errors])) from error
    return Export(path, path.stat().st_size, difference)


def _convert(serving: Serving, path: Path, opset: int) -> None:
    """Write `serving` to `path`, with names for the free batch and the metadata."""
    import onnx
    import tf2onnx

    signature = serving.serve.input_signature
    try:
        model, _ = tf2onnx.convert.from_function(serving.serve, signature, opset=opset)
    except Exception as error:
        raise ExportError(f"tf2onnx cannot convert the generator: {error}") from error
    for value, shape in (
        (model.graph.input[0], (serving.latent_dim,)),
        (model.graph.output[0], serving.image_shape),
    ):
        named = onnx.helper.make_tensor_value_info(
            value.name, onnx.TensorProto.FLOAT, ("batch", *shape)
        )
        value.CopyFrom(named)
    metadata = {
        "latent_dim": str(serving.latent_dim),
        "image_shape": json.dumps(serving.image_shape),
        "prior": PRIOR,
        "kgan_version": kgan.__version__,
    }
    onnx.helper.set_model_props(model, metadata)
    onnx.save(model, path)


class _Errors(logging.Handler):
    """While it is entered, tf2onnx's log stays off the screen and its errors are kept."""

    def __init__(self):
        super().__init__(logging.ERROR)
        self.messages: list[str] = []
        self.logger = logging.getLogger("tf2onnx")

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())

    def __enter__(self) -> list[str]:
        self.propagated, self.logger.propagate = self.logger.propagate, False
        self.logger.addHandler(self)
        return self.messages

    def __exit__(self, *error: object) -> None:
        self.logger.removeHandler(self)
        self.logger.propagate = self.propagated


def _require(name: str) -> None:
    try:
        importlib.import_module(name)
    except ImportError as error:
        raise ExportError(
            f'ONNX export needs {name}, not found here ({error}): pip install "kgan[onnx]"'
        ) from error
