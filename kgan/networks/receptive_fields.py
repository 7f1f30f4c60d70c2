"""What an output pixel of a network depends on, read off its layers.

From this follows how an image can be processed in tiles that give the same pixels as the whole: how
far a tile must reach beyond the part that is kept, and where tiles may begin. The arithmetic is
that of Araujo, Norris & Sim, "Computing Receptive Fields of Convolutional Neural Networks", Distill
2019, doi:10.23915/distill.00021, with upsampling and reflected edges.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import keras

from kgan.receptive_field import ReceptiveField as ReceptiveField


class _Unknown(Exception):
    """A layer of which nothing is known; the message says which."""


@dataclasses.dataclass(frozen=True)
class _Seen:
    """Of one tensor: place i depends on the input pixels `stride · i + low` to `stride · i + high`.

    Its height and width are `size` modulo `modulus`. `stride` is None for a tensor without places.
    """

    stride: Fraction | None = Fraction(1)
    low: Fraction = Fraction(0)
    high: Fraction = Fraction(0)
    modulus: int = 1
    size: int = 0
    reason: str | None = None


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
            raise _Unknown("it makes no image")
    except _Unknown as unknown:
        return ReceptiveField(None, scale=None, reason=str(unknown))
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

    def outputs(self, network: Any, given: Sequence[_Seen] | None) -> list[_Seen]:
        """What is seen at the outputs; by default the inputs are images, or vectors."""
        graph = getattr(network, "_functional", None) or network
        if not hasattr(graph, "_nodes_by_depth"):
            raise _Unknown(f"nothing is known of the layers of its {type(network).__name__}")
        if given is None:
            given = [
                _image(tensor) if _is_image(tensor) else _Seen(None) for tensor in graph.inputs
            ]
        elif len(set(given)) > 1 or len(given) != len(graph.inputs):
            raise _Unknown(f"nothing is known of the inputs of its {network.name}")
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

    def _made(self, node: Any, seen: list[_Seen]) -> list[_Seen]:
        """What is seen at the outputs of a node."""
        layer, outputs = node.operation, node.output_tensors
        if isinstance(layer, (keras.Model, keras.Sequential)):
            return self.outputs(layer, seen)
        if all(each.stride is None for each in seen):
            # Vectors stay vectors: a map made of them would have places of its own.
            if any(None in tensor.shape[1:] for tensor in outputs):
                raise _unknown(layer)
            return [dataclasses.replace(seen[0], reason=_reason(seen))] * len(outputs)
        if getattr(layer, "data_format", "channels_last") != "channels_last":
            raise _unknown(layer)
        merged = _merged(layer, seen)
        name, module = type(layer).__name__, type(layer).__module__
        own = module.startswith(("keras.", "kgan.layers."))
        if own and name in WHOLE:
            reason = f"its {name} sees the whole image"
            stride = merged.stride if _is_image(outputs[0]) and WHOLE[name] else None
            return [dataclasses.replace(merged, stride=stride, reason=reason)] * len(outputs)
        if not own or name not in RULES:
            raise _unknown(layer)
        return [RULES[name](layer, merged, node)] * len(outputs)

    def _note(self, tensor: Any, seen: _Seen) -> None:
        if seen.stride is not None:
            self.multiples.add(seen.stride.numerator)
            area = float(seen.stride) ** 2
            self.values = max(self.values, (tensor.shape[-1] or 1) / area)


def _is_image(tensor: Any) -> bool:
    return len(tensor.shape) == 4


def _image(tensor: Any) -> _Seen:
    """An input of images of any size."""
    if None not in tensor.shape[1:3]:
        height, width = tensor.shape[1:3]
        raise _Unknown(f"it takes images of {width}x{height} pixels only")
    return _Seen()


def _unknown(layer: Any) -> _Unknown:
    return _Unknown(f"nothing is known of what its {type(layer).__name__} sees")


def _reason(seen: Sequence[_Seen]) -> str | None:
    return next((each.reason for each in seen if each.reason), None)


def _merged(layer: Any, seen: Sequence[_Seen]) -> _Seen:
    """What is seen at the same place of several tensors."""
    placed = [each for each in seen if each.stride is not None]
    if len({each.stride for each in placed}) > 1:
        raise _unknown(layer)
    # They have one size, of which the largest modulus says most.
    surest = max(placed, key=lambda each: each.modulus)
    low, high = min(each.low for each in placed), max(each.high for each in placed)
    return dataclasses.replace(surest, low=low, high=high, reason=_reason(seen))


# -- the layers --------------------------------------------------------------------------------


def _pixelwise(layer: Any, seen: _Seen, node: Any) -> _Seen:
    return seen


def _per_channel(layer: Any, seen: _Seen, node: Any) -> _Seen:
    """Along the last axis alone."""
    axes = getattr(layer, "axis", -1)
    axes = list(axes) if isinstance(axes, (list, tuple)) else [axes]
    if any(axis not in (-1, 3) for axis in axes):
        raise _unknown(layer)
    return seen


def _prelu(layer: Any, seen: _Seen, node: Any) -> _Seen:
    # Else it has a slope per place, and one size.
    if tuple(layer.shared_axes or ()) != (1, 2):
        raise _unknown(layer)
    return seen


def _item(layer: Any, seen: _Seen, node: Any) -> _Seen:
    """A part of the channels."""
    key = node.arguments.args[1]
    key = key if isinstance(key, tuple) else (key,)
    places = key[:-1]
    if (places != (Ellipsis,) and places != (slice(None),) * 3) or not isinstance(key[-1], slice):
        raise _unknown(layer)
    return seen


def _windows(
    layer: Any,
    seen: _Seen,
    kernels: Any,
    strides: Any = 1,
    dilations: Any = 1,
    padding: str = "same",
) -> _Seen:
    """A window that moves over the image; what it sees along either axis."""
    strides, dilations = _pair(strides), _pair(dilations)
    if strides[0] != strides[1]:
        raise _unknown(layer)
    spans = [(size - 1) * rate + 1 for size, rate in zip(_pair(kernels), dilations, strict=True)]
    return _merged(layer, [_window(layer, seen, span, strides[0], padding) for span in spans])


def _window(layer: Any, seen: _Seen, span: int, stride: int, padding: str) -> _Seen:
    assert seen.stride is not None
    if padding not in ("same", "valid"):
        raise _unknown(layer)
    if stride > 1 and (seen.modulus % stride or (padding == "same" and seen.size % stride)):
        # How the edges are filled would depend on the size.
        raise _Unknown(f"its {type(layer).__name__} steps over sizes that need not be multiples")
    before = max(span - stride, 0) // 2 if padding == "same" else 0
    size = seen.size // stride if padding == "same" else (seen.size - span) // stride + 1
    modulus = seen.modulus // stride
    return dataclasses.replace(
        seen,
        stride=seen.stride * stride,
        low=seen.low - before * seen.stride,
        high=seen.high + (span - 1 - before) * seen.stride,
        modulus=modulus,
        size=size % modulus,
    )


def _convolution(layer: Any, seen: _Seen, node: Any) -> _Seen:
    return _windows(
        layer, seen, layer.kernel_size, layer.strides, layer.dilation_rate, layer.padding
    )


def _grouped(layer: Any, seen: _Seen, node: Any) -> _Seen:
    return _windows(layer, seen, layer.kernel_size)


def _pooling(layer: Any, seen: _Seen, node: Any) -> _Seen:
    return _windows(layer, seen, layer.pool_size, layer.strides, padding=layer.padding)


def _upsampled(seen: _Seen, factor: int, before: int = 0, after: int = 0) -> _Seen:
    """`factor` places for each, that see so many further ones before and after it."""
    assert seen.stride is not None
    stride = seen.stride / factor
    return dataclasses.replace(
        seen,
        stride=stride,
        low=seen.low - before * seen.stride - (factor - 1) * stride,
        high=seen.high + after * seen.stride,
        modulus=seen.modulus * factor,
        size=seen.size * factor,
    )


def _upsampling(layer: Any, seen: _Seen, node: Any) -> _Seen:
    factors = _pair(layer.size)
    reach = {"nearest": 0, "bilinear": 1, "bicubic": 2}.get(layer.interpolation)
    if factors[0] != factors[1] or reach is None:
        raise _unknown(layer)
    return _upsampled(seen, factors[0], reach, reach)


def _depth_to_space(layer: Any, seen: _Seen, node: Any) -> _Seen:
    return _upsampled(seen, layer.scale)


def _transposed(layer: Any, seen: _Seen, node: Any) -> _Seen:
    """Place j takes from the places i with `j = stride · i - before + a`, a within the kernel."""
    assert seen.stride is not None
    kernels, strides = _pair(layer.kernel_size), _pair(layer.strides)
    alike = kernels[0] == kernels[1] and strides[0] == strides[1] <= kernels[0]
    if layer.padding != "same" or not alike or _pair(layer.dilation_rate) != (1, 1):
        raise _unknown(layer)
    made = _upsampled(seen, strides[0])
    assert made.stride is not None
    before = (kernels[0] - strides[0]) // 2
    low = seen.low + (before - kernels[0] + 1) * made.stride
    return dataclasses.replace(made, low=low, high=seen.high + before * made.stride)


def _reflected(seen: _Seen, before: int, modulus: int, size: int) -> _Seen:
    """Beyond its edges it shows the reflection, which is as far from the edge on the other side.

    So what is seen is made symmetric. The last row of a stride stands for pixels up to the edge.
    """
    assert seen.stride is not None
    radius = max(-seen.low, seen.high) + max(2 * seen.stride - 2, Fraction(0))
    shift = before * seen.stride
    low, high = -radius - shift, radius - shift
    return dataclasses.replace(seen, low=low, high=high, modulus=modulus, size=size)


def _reflection(layer: Any, seen: _Seen, node: Any) -> _Seen:
    size = (seen.size + 2 * layer.padding) % seen.modulus
    return _reflected(seen, layer.padding, seen.modulus, size)


def _to_multiple(layer: Any, seen: _Seen, node: Any) -> _Seen:
    return _reflected(seen, 0, layer.multiple, 0)


def _zeros(layer: Any, seen: _Seen, node: Any) -> _Seen:
    ((top, bottom), (left, right)) = layer.padding
    if not top == bottom == left == right:
        raise _unknown(layer)
    assert seen.stride is not None
    shift, size = top * seen.stride, (seen.size + 2 * top) % seen.modulus
    return dataclasses.replace(seen, low=seen.low - shift, high=seen.high - shift, size=size)


def _cropped(layer: Any, seen: _Seen, node: Any) -> _Seen:
    """The upper left part, in the size of another image."""
    return dataclasses.replace(seen, modulus=1, size=0)


def _pair(value: Any) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else tuple(value)


Rule = Callable[[Any, _Seen, Any], _Seen]
# By the names of Keras's layers and operations, and of those in kgan.layers.
RULES: dict[str, Rule] = {
    **dict.fromkeys(
        (
            *("Activation", "ReLU", "LeakyReLU", "ELU", "Dropout", "SpatialDropout2D", "Identity"),
            *("GaussianNoise", "GaussianDropout", "Rescaling", "Dense", "ClipImages"),
            *("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"),
            *("TrueDivide", "Negative", "Absolute", "Square", "Sqrt", "Exp", "Clip", "Cast"),
            *("Relu", "LeakyRelu", "Silu", "Gelu", "Tanh", "Sigmoid", "Softplus", "OnesLike"),
            *("ZerosLike", "Where", "Greater", "GreaterEqual", "Less", "LessEqual"),
        ),
        _pixelwise,
    ),
    **dict.fromkeys(
        ("BatchNormalization", "LayerNormalization", "Concatenate", "Softmax", "Split"),
        _per_channel,
    ),
    **dict.fromkeys(("Conv2D", "DepthwiseConv2D", "SeparableConv2D"), _convolution),
    "GroupedConv2D": _grouped,
    **dict.fromkeys(("MaxPooling2D", "AveragePooling2D"), _pooling),
    "PReLU": _prelu,
    "GetItem": _item,
    "UpSampling2D": _upsampling,
    "DepthToSpace": _depth_to_space,
    "Conv2DTranspose": _transposed,
    "ReflectionPadding2D": _reflection,
    "ReflectToMultiple": _to_multiple,
    "ZeroPadding2D": _zeros,
    "CropLike": _cropped,
}
# Those that see the whole image, and whether they leave each pixel at its place.
WHOLE = {
    "InstanceNormalization": True,
    "GroupNormalization": True,
    "GlobalAveragePooling2D": False,
    "GlobalMaxPooling2D": False,
}
