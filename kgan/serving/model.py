"""A model that is served: its checks, its calls, its batches."""

from __future__ import annotations

import copy
import re
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from kgan import runtime
from kgan.errors import UsageError, unknown_name
from kgan.photos.network import ENTRIES, Network
from kgan.receptive_field import ReceptiveField
from kgan.runtime import OnnxModel
from kgan.serving import metrics
from kgan.serving.batching import Arrays, Batcher
from kgan.serving.limits import Limits
from kgan.signature.facts import Other

VERSION = "1"  # of each model, in the protocol
VALUES = 2**27  # numbers in the largest tensor of a call, about: 512 MiB
_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")


class ServedNetwork(Network):
    """A model's entry point for photographs, whose tiles go where those of others go.

    `ask` answers a batch; by default it is the model itself.
    """

    def __init__(self, model: OnnxModel):
        field = model.fact("receptive_field", ReceptiveField.from_json)
        signatures = model.input_signature, model.output_signature
        super().__init__(model.name, model.entry, *signatures, field)
        self.ask: Callable[[Arrays], Arrays] = model
        _ = self.scale  # found once, not for each request

    def through(self, ask: Callable[[Arrays], Arrays]) -> ServedNetwork:
        """The same network, whose batches `ask` answers."""
        other = copy.copy(self)
        other.ask = ask
        return other

    def run(self, batch: Mapping[str, np.ndarray]) -> np.ndarray:
        return self.ask(dict(batch))[self.output.name]


class ServedModel:
    """A model by its name in the server.

    Attributes:
        model: what answers.
        network: the same for photographs; None for other entry points.
        most_pixels: of all images of one call, so that its memory is bounded; None without images.

    Raises:
        UsageError: its inputs are of a kind that this kgan cannot check.
    """

    def __init__(self, name: str, model: OnnxModel, limits: Limits):
        self.name, self.model, self.limits = name, model, limits
        unknown = [each for each in model.input_signature.values() if isinstance(each, Other)]
        if unknown:
            raise UsageError(
                f"MODEL={model.name!r} must take inputs that this version of kgan can check; it "
                f"takes {unknown[0].brief()}. Export the model again."
            )
        self.network = ServedNetwork(model) if model.entry in ENTRIES else None
        self.most_pixels: int | None = None
        if model.input_signature.image is not None:
            field = model.fact("receptive_field", ReceptiveField.from_json)
            self.most_pixels = int(VALUES / max(field.values, 1))
        self._batcher = Batcher(self._run)

    def most_rows(self, shapes: Mapping[str, Sequence[int]]) -> int:
        """How many rows one call may have, of the inputs' shapes; 0 if one row is too large."""
        image = self.model.input_signature.image
        if image is None or self.most_pixels is None:
            return self.limits.rows
        height, width = shapes[image.name][1:3]
        return min(self.limits.rows, self.most_pixels // max(height * width, 1))

    async def ask(self, inputs: Arrays) -> Arrays:
        """The outputs by name for checked inputs, answered together with those of others.

        Raises:
            UsageError: onnxruntime refuses them, or makes NaN or infinity of them.
        """
        made = await self._batcher.submit(
            inputs, self.most_rows({name: each.shape for name, each in inputs.items()})
        )
        for name, values in made.items():
            if not np.isfinite(values).all():
                raise UsageError(
                    f"{' and '.join(inputs)} must be such that {self.name} gives finite numbers; "
                    f"{name} holds NaN or infinity. Use values as in training.",
                    next(iter(inputs)),
                )
        return made

    def close(self) -> None:
        """End its thread."""
        self._batcher.close()

    def _run(self, inputs: Arrays) -> Arrays:
        began = time.perf_counter()
        try:
            made = self.model(inputs)
        # Whatever the shapes of the inputs lead the runtime to.
        except Exception as error:
            cause = str(error).strip().splitlines()[0][:200]
            raise UsageError(
                f"{' and '.join(inputs)} must be such that {self.name} can run them; onnxruntime "
                f"says {cause!r}. Use other sizes.",
                next(iter(inputs)),
            ) from error
        metrics.CALL_SECONDS.labels(self.name).observe(time.perf_counter() - began)
        metrics.CALL_ROWS.labels(self.name).observe(len(next(iter(inputs.values()))))
        return made


def load_models(
    models: Sequence[str], limits: Limits, threads: int | None = None
) -> dict[str, ServedModel]:
    """The models by their names in the server: `NAME=MODEL`, or by the name of preset or file.

    Raises:
        UsageError: as `kgan.runtime.load`; or two models of one name, or a name that does not fit
            into an address.
    """
    served: dict[str, ServedModel] = {}
    for given in models:
        name, equals, path = given.partition("=")
        if not equals or "/" in name:
            path = given
            # A folder may be "." or end in a slash.
            name = Path(given).resolve().name.removesuffix(".onnx")
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"MODEL={given!r} must have a name of letters, digits, '.', '_' and '-'; received "
                f"{name!r}. Write NAME=MODEL."
            )
        if name in served:
            raise UsageError(
                f"MODEL={given!r} must have a name of its own in the server; {name!r} is taken. "
                "Write NAME=MODEL."
            )
        served[name] = ServedModel(name, runtime.load(path, threads), limits)
    return served


def that_can(served: Mapping[str, ServedModel], entry: str, name: str | None) -> ServedModel:
    """The model of that name, or the only one, among those that have this entry point.

    Raises:
        UsageError: there is none, or there are several and `name` is None.
    """
    able = {each: model for each, model in served.items() if model.model.entry == entry}
    if name is None and len(able) > 1:
        raise UsageError(f"model must be given: one of {', '.join(sorted(able))}.", "model")
    if name is None:
        (name,) = able
    if name not in able:
        raise unknown_name("model", name, able)
    return able[name]
