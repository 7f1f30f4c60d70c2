"""An entry point of a model as a traced function, which every format exports."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import keras
import numpy as np
import tensorflow as tf

import kgan
from kgan.errors import UsageError, unknown_name
from kgan.models.entry_point import EntryPoint
from kgan.models.players_model import PlayersModel
from kgan.networks import receptive_field
from kgan.precision import float32_clone
from kgan.signature import as_json

from .proof import BATCHES, Case


class Serving(tf.Module):
    """An entry point in float32 and inference mode; `serve` takes its inputs by name.

    Batch, and height and width where they are free, are dynamic. `serve` returns the outputs by
    name.

    Raises:
        UsageError: `gan` is not a model of kgan, or it has no entry point of that name.
    """

    def __init__(self, gan: PlayersModel, entry: str | None = None):
        super().__init__(name="kgan")
        self.entry = point = entry_point(gan, entry)
        network = float32_clone(point.network)
        self.metadata = metadata(point) | {
            "model": type(gan).__name__,
            "weights_sha256": weights_sha256(network),
        }
        # Only the bare variables are tracked: tracking the model, too, stores each of them twice.
        self.weights = [variable.value for variable in network.variables]
        self.serve = named_function(lambda inputs: point.function(network, inputs), self.specs)
        # Hidden in a closure: an attribute would be tracked.
        self._reference = lambda inputs: point.function(network, inputs)

    @property
    def specs(self) -> dict[str, tf.TensorSpec]:
        """The inputs by name, in order."""
        return {
            name: tf.TensorSpec((None, *field.shape), field.dtype, name)
            for name, field in self.entry.inputs.items()
        }

    def examples(self, n: int, size: tuple[int, int] | None = None) -> dict[str, np.ndarray]:
        """Inputs for n examples, always the same, over the whole range of each field.

        `size` is the height and width of images where they are free.
        """
        return {
            name: field.examples(n, seed, size)
            for seed, (name, field) in enumerate(self.entry.inputs.items())
        }

    def reference(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The outputs by name that Keras itself gives for these inputs, computed on the CPU.

        A GPU would round convolutions to TF32 and differ from every other runtime by more than
        the tolerance.
        """
        with tf.device("/CPU:0"):
            return {name: np.asarray(value) for name, value in self._reference(inputs).items()}

    @cached_property
    def cases(self) -> list[Case]:
        """Inputs and Keras's outputs, on which an export must agree.

        Where height and width are free, two cases of different sizes.
        """
        n = max(BATCHES)
        inputs = [self.examples(n)]
        free = [image for image in self.entry.inputs.images if None in image.shape]
        if free:
            least = max(image.smallest for image in free)
            inputs.append(self.examples(n, (least + 3, least + least // 2 + 1)))
        return [(each, self.reference(each)) for each in inputs]


def named_function(
    function: Callable[[dict[str, Any]], dict[str, Any]], specs: Mapping[str, tf.TensorSpec]
) -> Callable:
    """A traced function whose arguments have the names of the tensors, in each format."""

    def serve(*values):
        return function(dict(zip(specs, values, strict=True)))

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    serve.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter(name, kind) for name in specs]
    )
    return tf.function(serve, input_signature=list(specs.values()))


def entry_point(gan: PlayersModel, name: str | None) -> EntryPoint:
    """The entry point of that name; the model's first one for None.

    Raises:
        UsageError: `gan` is not a model of kgan, or it has none of that name.
    """
    if not isinstance(gan, PlayersModel):
        raise UsageError(
            "gan must be a model of kgan, a kgan.GAN or a kgan.Pix2Pix; received "
            f"{type(gan).__name__}.",
            "gan",
        )
    points = gan.entry_points()
    name = next(iter(points)) if name is None else name
    if name not in points:
        raise unknown_name("entry", name, points)
    return points[name]


def metadata(point: EntryPoint) -> dict[str, str]:
    """What a user of an exported file needs to make its inputs and read its outputs.

    `inputs` and `outputs` are the fields as JSON, from images to images with `receptive_field`.
    `layout` and `range` are those of images.
    """
    image = point.outputs.image
    shape = {} if image is None else {"image_shape": as_json(image.shape)}
    images = point.inputs.images or point.outputs.images
    form = {"layout": "batch, height, width, channels", "range": "[-1, 1]"} if images else {}
    field = receptive_field(point.network) if point.inputs.images else None
    return {
        **shape,
        **form,
        **point.inputs.metadata(),
        **point.outputs.metadata(),
        "entry": point.name,
        "inputs": point.inputs.to_json(),
        "outputs": point.outputs.to_json(),
        **({} if field is None else {"receptive_field": field.to_json()}),
        "kgan_version": kgan.__version__,
    }


def weights_sha256(network: keras.Model) -> str:
    """The SHA-256 of a network's float32 variables, one after the other."""
    digest = hashlib.sha256()
    for variable in network.variables:
        digest.update(np.asarray(variable, np.float32).tobytes())
    return digest.hexdigest()
