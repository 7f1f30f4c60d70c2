"""What an output pixel of a network depends on, read off its layers.

From this follows how an image can be processed in tiles that give the same pixels as the whole: how
far a tile must reach beyond the part that is kept, and where tiles may begin.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import keras

from kgan.networks.receptive_rules import (
    RULES,
    WHOLE,
    Seen,
    Unknown,
    first_reason,
    same_place,
    unknown,
)
from kgan.receptive_field import ReceptiveField as ReceptiveField


def receptive_field(network: keras.Model) -> ReceptiveField:
    """The receptive field of a network from images to an image.

    Layers that see the whole image, such as instance normalization, leave no radius, and so do
    layers of which nothing is known.

    Example:
        >>> networks = kgan.networks.UNet(width=4, depth=2, normalization="batch")
        >>> gan = kgan.Pix2Pix(channels=3, generator_network=networks)
        >>> kgan.networks.receptive_field(gan.generator)
        ReceptiveField(radius=9, multiple=4, scale=1, values=8.0, reason=None)
    """
    walk = _Walk()
    try:
        found = walk.outputs(network, None)[0]
        if found.stride is None or not walk.values:
            raise Unknown("it makes no image")
    except Unknown as error:
        return ReceptiveField(None, scale=None, reason=str(error))
    scale = int(1 / found.stride) if found.stride.numerator == 1 else None
    multiple = math.lcm(*walk.multiples)
    if found.reason is not None or scale is None:
        reason = found.reason or f"it makes {1 / found.stride} pixels of each"
        return ReceptiveField(None, multiple, scale, walk.values, reason)
    radius = max(-found.low, found.high + 1 - found.stride, Fraction(0))
    return ReceptiveField(math.ceil(radius), multiple, scale, walk.values)


class _Walk:
    """Goes through a network's graph, from the inputs to the outputs."""

    def __init__(self) -> None:
        self.multiples = {1}
        self.values = 0.0

    def outputs(self, network: Any, given: Sequence[Seen] | None) -> list[Seen]:
        """What is seen at the outputs; by default the inputs are images, or vectors."""
        graph = getattr(network, "_functional", None) or network
        if not hasattr(graph, "_nodes_by_depth"):
            raise Unknown(f"nothing is known of the layers of its {type(network).__name__}")
        if given is None:
            given = [_image(tensor) if _is_image(tensor) else Seen(None) for tensor in graph.inputs]
        else:
            images = [each.stride is not None for each in given]
            if images != [_is_image(each) for each in graph.inputs]:
                raise Unknown(f"nothing is known of the inputs of its {network.name}")
            # All images see what any sees, so that their order does not matter.
            if any(images):
                merged = same_place(network, given)
                given = [
                    merged if image else each for image, each in zip(images, given, strict=True)
                ]
        known = {id(tensor): seen for tensor, seen in zip(graph.inputs, given, strict=True)}
        for depth in sorted(graph._nodes_by_depth, reverse=True):
            for node in graph._nodes_by_depth[depth]:
                if node.is_input:
                    continue
                seen = [known[id(tensor)] for tensor in node.arguments.keras_tensors]
                made = self._made(node, seen)
                for tensor, each in zip(node.output_tensors, made, strict=True):
                    known[id(tensor)] = each
                    self._note(tensor, each)
        return [known[id(tensor)] for tensor in graph.outputs]

    def _made(self, node: Any, seen: list[Seen]) -> list[Seen]:
        """What is seen at the outputs of a node."""
        layer, outputs = node.operation, node.output_tensors
        if isinstance(layer, (keras.Model, keras.Sequential)):
            return self.outputs(layer, seen)
        if all(each.stride is None for each in seen):
            # Vectors stay vectors: a map made of them would have places of its own.
            if any(None in tensor.shape[1:] for tensor in outputs):
                raise unknown(layer)
            return [dataclasses.replace(seen[0], reason=first_reason(seen))] * len(outputs)
        if getattr(layer, "data_format", "channels_last") != "channels_last":
            raise unknown(layer)
        merged = same_place(layer, seen)
        name, module = type(layer).__name__, type(layer).__module__
        own = module.startswith(("keras.", "kgan.layers."))
        if own and name in WHOLE:
            reason = f"its {name} sees the whole image"
            stride = merged.stride if _is_image(outputs[0]) and WHOLE[name] else None
            return [dataclasses.replace(merged, stride=stride, reason=reason)] * len(outputs)
        if not own or name not in RULES:
            raise unknown(layer)
        assert merged.stride is not None
        self.multiples.add(getattr(layer, "multiple", 1) * merged.stride.numerator)
        return [RULES[name](layer, merged, node)] * len(outputs)

    def _note(self, tensor: Any, seen: Seen) -> None:
        if seen.stride is not None:
            self.multiples.add(seen.stride.numerator)
            area = float(seen.stride) ** 2
            self.values = max(self.values, (tensor.shape[-1] or 1) / area)


def _is_image(tensor: Any) -> bool:
    return len(tensor.shape) == 4


def _image(tensor: Any) -> Seen:
    """An input of images of any size."""
    if None not in tensor.shape[1:3]:
        height, width = tensor.shape[1:3]
        raise Unknown(f"it takes images of {width}x{height} pixels only")
    return Seen()
