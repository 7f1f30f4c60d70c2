"""Generators as ONNX files, for any runtime without TensorFlow."""

from __future__ import annotations

import importlib
import logging
import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from kgan.checks import check_integer
from kgan.errors import UsageError, unknown_name
from kgan.files import atomic_write
from kgan.models.players_model import PlayersModel

from .half_precision import halve
from .proof import TOLERANCES, Export, ExportError, prove
from .signature import Serving

OPSETS = range(9, 19)


def to_onnx(
    gan: PlayersModel,
    path: str | Path,
    opset: int = 18,
    entry: str | None = None,
    precision: str = "float32",
) -> Export:
    """Write an entry point as an ONNX file, by default `generate`: the averaged generator.

    The input `latent` is float32 (batch, latent_dim) from `kgan.latent.sample`, the output
    `image` float32 (batch, height, width, channels) in [-1, 1]; the batch is free. The file's
    metadata holds `latent_dim`, `image_shape`, `prior` (the NumPy line that makes latents),
    `model` (the class), `entry`, `inputs` and `outputs` (the fields as JSON), from images to images
    `receptive_field`, and `kgan_version`. The file is kept only if onnxruntime, in a fresh process
    without TensorFlow, agrees with Keras to 1e-4, in half precision to 2e-2. An older ONNX file is
    replaced.

    Further inputs are those that the generator has, and so is their metadata:

    - `label`, int32 (batch,); `classes` is their number. Check labels before: one that is not in
      0..classes-1 raises no error, but gives a meaningless image.
    - `condition`, float32 (batch, condition_dim); `condition_dim`.
    - `code` of an InfoGAN, float32 (batch, n): one-hot vectors of the lengths `categorical`, then
      `continuous` numbers in [-1, 1], both in the JSON object `code`; `code_prior` is the NumPy
      line that makes the codes of `gan.generate`.

    Args:
        gan: The model, a `kgan.GAN` or a `kgan.Pix2Pix`.
        path: The file to write; its name ends in `.onnx`.
        opset: The ONNX operator set, 9 to 18.
        entry: A name in `gan.entry_points()`; the first one by default.
        precision: Of weights and features, "float32" or "float16", which halves the file. CPUs
            compute in float32 nevertheless. Inputs and outputs are the same.

    Example:
        >>> kgan.export.to_onnx(gan, "generator.onnx").max_difference < 1e-4
        True

    Raises:
        UsageError: `gan` is not a model of kgan, or `path`, `opset` or `precision` is not as
            above.
        ExportError: onnx, tf2onnx or onnxruntime is missing, or the export does not run or
            differs from Keras; nothing is left behind.
        OSError: `path` cannot be written.
    """
    return write_onnx(Serving(gan, entry), Path(path), opset, precision)


def write_onnx(serving: Serving, path: Path, opset: int = 18, precision: str = "float32") -> Export:
    """Write a traced entry point."""
    if path.suffix != ".onnx" or path.is_dir():
        raise UsageError(f"path={str(path)!r} must be a file whose name ends in .onnx.", "path")
    check_integer("opset", opset, OPSETS[0], OPSETS[-1])
    if precision not in TOLERANCES:
        raise unknown_name("precision", precision, TOLERANCES)
    for name in ("onnx", "tf2onnx", "onnxruntime"):
        _require(name)
    with _Errors() as errors, atomic_write(path) as temporary:
        _convert(serving, temporary, opset, precision)
        try:
            difference = prove("onnx", temporary, *serving.cases, tolerance=TOLERANCES[precision])
        except ExportError as error:
            # tf2onnx only logs what it could not convert and reports success.
            raise ExportError(" tf2onnx: ".join([str(error), *errors])) from error
    return Export(path, path.stat().st_size, difference)


def _convert(serving: Serving, path: Path, opset: int, precision: str) -> None:
    """Write `serving` to `path`, with names for the free batch and the metadata."""
    import onnx
    import tf2onnx

    try:
        model, _ = tf2onnx.convert.from_function(
            serving.serve, list(serving.specs.values()), opset=opset
        )
    except Exception as error:
        raise ExportError(f"tf2onnx cannot convert the generator: {error}") from error
    fields = {**serving.entry.inputs, **serving.entry.outputs}
    for value in (*model.graph.input, *model.graph.output):
        shape = fields[value.name].shape
        free = [size or f"{value.name}_{axis}" for axis, size in enumerate(shape, 1)]
        named = onnx.helper.make_tensor_value_info(
            value.name, value.type.tensor_type.elem_type, ("batch", *free)
        )
        value.CopyFrom(named)
    _squeeze_outputs(model, opset)
    _group_convolutions(model)
    if precision == "float16":
        halve(model)
    onnx.helper.set_model_props(model, serving.metadata)
    onnx.save(model, path)


def _squeeze_outputs(model: Any, opset: int) -> None:
    """Remove leading axes of size 1 that the outputs have beyond their rank.

    tf2onnx writes a transpose of one channel as a Reshape to (1, batch, …) and a Squeeze. It loses
    the Squeeze if the Reshape already is the output, which depends on the order of its sets.
    """
    from onnx import helper, numpy_helper

    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    producers = {name: node for node in model.graph.node for name in node.output}
    for value in model.graph.output:
        node = producers[value.name]
        if node.op_type != "Reshape" or node.input[1] not in constants:
            continue
        shape = numpy_helper.to_array(constants[node.input[1]])
        axes = list(range(len(shape) - len(value.type.tensor_type.shape.dim)))
        if not axes or any(shape[axes] != 1):
            continue
        node.output[0] = f"{value.name}_unsqueezed"
        if opset < 13:
            squeeze = helper.make_node("Squeeze", node.output, [value.name], axes=axes)
        else:
            of_squeeze = numpy_helper.from_array(np.array(axes), f"{value.name}_axes")
            model.graph.initializer.append(of_squeeze)
            squeeze = helper.make_node("Squeeze", [*node.output, of_squeeze.name], [value.name])
        model.graph.node.append(squeeze)


def _group_convolutions(model: Any) -> None:
    """Leave out the zeros with which `kgan.layers.GroupedConv2D` fills its kernels.

    A kernel that is zero between groups of channels is stored and run as a grouped one.
    """
    from onnx import helper, numpy_helper

    kernels = {tensor.name: tensor for tensor in model.graph.initializer}
    uses = Counter(name for node in model.graph.node for name in node.input)
    for node in model.graph.node:
        if node.op_type != "Conv" or node.input[1] not in kernels or uses[node.input[1]] > 1:
            continue
        stored = kernels[node.input[1]]
        kernel = numpy_helper.to_array(stored)
        groups = _groups(kernel)
        plain = all(attribute.i == 1 for attribute in node.attribute if attribute.name == "group")
        if groups == 1 or not plain:
            continue
        outputs, inputs, *size = kernel.shape
        blocks = kernel.reshape(groups, outputs // groups, groups, inputs // groups, *size)
        each = np.arange(groups)
        kernel = blocks[each, :, each].reshape(outputs, inputs // groups, *size)
        stored.CopyFrom(numpy_helper.from_array(kernel, stored.name))
        others = [attribute for attribute in node.attribute if attribute.name != "group"]
        del node.attribute[:]
        node.attribute.extend([*others, helper.make_attribute("group", groups)])


def _groups(kernel: np.ndarray) -> int:
    """The most groups between which a kernel `(outputs, inputs, …)` has nothing but zeros."""
    outputs, inputs = kernel.shape[:2]
    filled = np.asarray(kernel.reshape(outputs, inputs, -1).any(-1))
    most = math.gcd(outputs, inputs)
    for groups in (count for count in range(most, 1, -1) if most % count == 0):
        of_output = np.arange(outputs) // (outputs // groups)
        of_input = np.arange(inputs) // (inputs // groups)
        if not filled[of_output[:, None] != of_input].any():
            return groups
    return 1


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
