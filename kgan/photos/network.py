"""What runs a photograph: one entry point of a model, by ONNX or by Keras."""

from __future__ import annotations

import functools
from collections.abc import Mapping

import numpy as np

from kgan.errors import UsageError, unknown_name
from kgan.receptive_field import ReceptiveField
from kgan.signature import Field, Image, Signature

ENTRIES = ("upscale", "translate", "translate_back", "inpaint", "colorize", "segment")
_PROBE = 16  # pixels of a side, at least, to find a scale


def words(entry: str) -> str:
    """An entry point as a message names it."""
    return entry.replace("_", " ")


def command(entry: str) -> str:
    """The command that runs an entry point."""
    return f"kgan {entry.replace('_', ' --')}"


class Network:
    """Base class: an entry point that makes an image, or classes of pixels, from an image.

    Attributes:
        name: what errors call the model.
        entry: one of "upscale", "translate", "translate_back", "inpaint", "colorize", "segment".
        inputs: its fields: an image, "inpaint" also a mask; a latent where it takes one.
        outputs: its fields, of which the first is used.
        field: its receptive field.

    Example:
        >>> class Negative(kgan.photos.Network):
        ...     def run(self, batch):
        ...         return -batch["image"]
        >>> image = kgan.signature.Signature(kgan.signature.Image((None, None, 3)))
        >>> negative = Negative("mine", "translate", image, image, kgan.networks.ReceptiveField(0))
        >>> made = kgan.photos.process(negative, kgan.photos.read("photo.jpg"))

    Raises:
        UsageError: an entry point of another kind.
    """

    def __init__(
        self,
        name: str,
        entry: str,
        inputs: Signature,
        outputs: Signature,
        field: ReceptiveField,
    ):
        if entry not in ENTRIES:
            raise unknown_name("entry", entry, ENTRIES)
        self.name, self.entry, self.field = name, entry, field
        self.inputs, self.outputs = inputs, outputs
        kinds = sorted(each.kind for each in inputs.values() if each.kind != "latent")
        expected = ["image", "mask"] if entry == "inpaint" else ["image"]
        if kinds != expected:
            raise UsageError(
                f"{name} must {words(entry)} from {' and '.join(expected)}, and a latent if need "
                f"be; it takes {', '.join(each.brief() for each in inputs.values())}."
            )

    @property
    def flattens(self) -> bool:
        """Whether transparent images are laid on white, unless the network takes alpha."""
        return self.entry in ("translate", "translate_back", "segment")

    def run(self, batch: Mapping[str, np.ndarray]) -> np.ndarray:
        """The first output for a batch of the inputs by name."""
        raise NotImplementedError

    @property
    def source(self) -> Image:
        """The image that it takes."""
        return next(each for each in self.inputs.images if each.kind == "image")

    @property
    def mask(self) -> Image | None:
        """The mask that it takes: 1 where a pixel is known."""
        return next((each for each in self.inputs.images if each.kind == "mask"), None)

    @property
    def output(self) -> Field:
        return next(iter(self.outputs.values()))

    @functools.cached_property
    def scale(self) -> int:
        """The pixels of the output per pixel of the source, along each side.

        Raises:
            UsageError: there is no such whole number.
        """
        if self.field.scale is not None:
            return self.field.scale
        side = max(self.source.smallest, _PROBE)
        shape = [size or side for size in self.source.shape[:2]]
        made = self.run(self.examples(*shape)).shape[1:3]
        scales = {new / old for new, old in zip(made, shape, strict=True)}
        if len(scales) > 1 or not (scale := scales.pop()).is_integer() or scale < 1:
            raise UsageError(
                f"{self.name} must make images a whole number of times as high and wide; of "
                f"{shape[1]}x{shape[0]} it makes {made[1]}x{made[0]}."
            )
        return int(scale)

    def examples(self, height: int, width: int) -> dict[str, np.ndarray]:
        """Inputs of this size."""
        return {name: each.examples(1, 0, (height, width)) for name, each in self.inputs.items()}

    def latents(self, seed: int) -> dict[str, np.ndarray]:
        """The latent of a seed, where it takes one."""
        latent = self.inputs.latent
        return {} if latent is None else {latent.name: latent.default(1, seed)}

    def check_size(self, height: int, width: int) -> None:
        """Check that it takes images of this size.

        Raises:
            UsageError: it does not; the message begins with "images".
        """
        self.source.check_size((1, height, width, 1), "images")
        sizes = zip(self.source.shape[:2], (height, width), strict=True)
        if any(own not in (None, given) for own, given in sizes):
            own = "x".join(str(size or "?") for size in reversed(self.source.shape[:2]))
            raise UsageError(
                f"images must be {own} pixels for {self.name}; received {width}x{height}. Resize "
                "or crop them.",
                "images",
            )
