"""What is known about generated and real images when a metric is computed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from kgan.batches import batches, num_rows
from kgan.data.decode import over_white
from kgan.images import to_uint8

if TYPE_CHECKING:
    from kgan.models import GAN

_BATCH = 100  # images in memory at once


class Fakes(NamedTuple):
    """What is known about fakes: features and logits `(n, …)`, and the classes asked for.

    Each is None where it was not needed, or where the model has no classes.
    """

    features: Any = None
    logits: Any = None
    labels: Any = None


@dataclasses.dataclass(frozen=True)
class Evidence:
    """All that a measure may look at in one repeat.

    Attributes:
        gan: the model.
        generator: what makes its images of a dict of inputs.
        inputs: these inputs, by name, `(n, …)` each.
        fake: the features of these images.
        seed: of this repeat.
        real: the `Reference` of the real images.
        data: the real images themselves, an `ImageDataset`.
        extractor: what gave the features, an `Extractor`.
    """

    gan: GAN
    generator: Callable[[dict[str, np.ndarray]], Any]
    inputs: dict[str, np.ndarray]
    fake: Fakes
    seed: int
    # None unless a measure needs it.
    real: Any
    data: Any
    extractor: Any

    def first(self, count: int) -> Iterator[np.ndarray]:
        """The first `count` of the generated images, in batches, on white where transparent."""
        rows = {name: part[:count] for name, part in self.inputs.items()}
        return map(over_white, dataclasses.replace(self, inputs=rows).images())

    @property
    def num_fake(self) -> int:
        """How many images are generated."""
        return num_rows(self.inputs)

    @property
    def labels(self) -> np.ndarray | None:
        """The class that each image was asked for; None for a model without classes."""
        label = self.gan.input_signature.label
        return None if label is None else self.inputs[label.name]

    def images(self) -> Iterator[np.ndarray]:
        """The generated images, in batches, rounded to 8 bits as files hold them.

        They are generated again on each call.
        """
        for rows in batches(self.inputs, _BATCH):
            pixels = to_uint8(np.asarray(self.generator(rows), np.float32))
            yield pixels / np.float32(127.5) - np.float32(1)
