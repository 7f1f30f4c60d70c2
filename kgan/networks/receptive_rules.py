"""What each layer adds to the receptive field of a network.

The arithmetic is that of Araujo, Norris & Sim, "Computing Receptive Fields of Convolutional Neural
Networks", Distill 2019, doi:10.23915/distill.00021, with upsampling and reflected edges.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any


class Unknown(Exception):
    """A layer of which nothing is known; the message says which."""


@dataclasses.dataclass(frozen=True)
class Seen:
    """Of one tensor: place i depends on the input pixels `stride · i + low` to `stride · i + high`.

    Its height and width are `size` modulo `modulus`. `stride` is None for a tensor without places.
    """

    stride: Fraction | None = Fraction(1)
    low: Fraction = Fraction(0)
    high: Fraction = Fraction(0)
    modulus: int = 1
    size: int = 0
    reason: str | None = None


def unknown(layer: Any) -> Unknown:
    """The error for a layer that no rule covers."""
    return Unknown(f"nothing is known of what its {type(layer).__name__} sees")


def first_reason(seen: Sequence[Seen]) -> str | None:
    """Why one of these sees the whole image; None if none does."""
    return next((each.reason for each in seen if each.reason), None)


def same_place(layer: Any, seen: Sequence[Seen]) -> Seen:
    """What is seen at the same place of several tensors."""
    placed = [each for each in seen if each.stride is not None]
    if len({each.stride for each in placed}) > 1:
        raise unknown(layer)
    # They have one size, of which the largest modulus says most.
    surest = max(placed, key=lambda each: each.modulus)
    low, high = min(each.low for each in placed), max(each.high for each in placed)
    return dataclasses.replace(surest, low=low, high=high, reason=first_reason(seen))


def _pixelwise(layer: Any, seen: Seen, node: Any) -> Seen:
    return seen


def _per_channel(layer: Any, seen: Seen, node: Any) -> Seen:
    """Along the last axis alone."""
    axes = getattr(layer, "axis", -1)
    axes = list(axes) if isinstance(axes, (list, tuple)) else [axes]
    if any(axis not in (-1, 3) for axis in axes):
        raise unknown(layer)
    return seen


def _prelu(layer: Any, seen: Seen, node: Any) -> Seen:
    # Else it has a slope per place, and one size.
    if tuple(layer.shared_axes or ()) != (1, 2):
        raise unknown(layer)
    return seen


def _item(layer: Any, seen: Seen, node: Any) -> Seen:
    """A part of the channels."""
    key = node.arguments.args[1]
    key = key if isinstance(key, tuple) else (key,)
    places = key[:-1]
    if (places != (Ellipsis,) and places != (slice(None),) * 3) or not isinstance(key[-1], slice):
        raise unknown(layer)
    return seen


def _windows(
    layer: Any,
    seen: Seen,
    kernels: Any,
    strides: Any = 1,
    dilations: Any = 1,
    padding: str = "same",
) -> Seen:
    """A window that moves over the image; what it sees along either axis."""
    strides, dilations = _pair(strides), _pair(dilations)
    if strides[0] != strides[1]:
        raise unknown(layer)
    spans = [(size - 1) * rate + 1 for size, rate in zip(_pair(kernels), dilations, strict=True)]
    return same_place(layer, [_window(layer, seen, span, strides[0], padding) for span in spans])


def _window(layer: Any, seen: Seen, span: int, stride: int, padding: str) -> Seen:
    assert seen.stride is not None
    if padding not in ("same", "valid"):
        raise unknown(layer)
    if stride > 1 and (seen.modulus % stride or (padding == "same" and seen.size % stride)):
        # How the edges are filled would depend on the size.
        raise Unknown(f"its {type(layer).__name__} steps over sizes that need not be multiples")
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


def _convolution(layer: Any, seen: Seen, node: Any) -> Seen:
    return _windows(
        layer, seen, layer.kernel_size, layer.strides, layer.dilation_rate, layer.padding
    )


def _grouped(layer: Any, seen: Seen, node: Any) -> Seen:
    return _windows(layer, seen, layer.kernel_size)


def _pooling(layer: Any, seen: Seen, node: Any) -> Seen:
    return _windows(layer, seen, layer.pool_size, layer.strides, padding=layer.padding)


def _upsampled(seen: Seen, factor: int, before: int = 0, after: int = 0) -> Seen:
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


def _upsampling(layer: Any, seen: Seen, node: Any) -> Seen:
    factors = _pair(layer.size)
    reach = {"nearest": 0, "bilinear": 1, "bicubic": 2}.get(layer.interpolation)
    if factors[0] != factors[1] or reach is None:
        raise unknown(layer)
    return _upsampled(seen, factors[0], reach, reach)


def _bilinear(layer: Any, seen: Seen, node: Any) -> Seen:
    return _upsampled(seen, layer.scale, 1, 1)


def _depth_to_space(layer: Any, seen: Seen, node: Any) -> Seen:
    return _upsampled(seen, layer.scale)


def _transposed(layer: Any, seen: Seen, node: Any) -> Seen:
    """Place j takes from the places i with `j = stride · i - before + a`, a within the kernel."""
    assert seen.stride is not None
    kernels, strides = _pair(layer.kernel_size), _pair(layer.strides)
    alike = kernels[0] == kernels[1] and strides[0] == strides[1] <= kernels[0]
    if layer.padding != "same" or not alike or _pair(layer.dilation_rate) != (1, 1):
        raise unknown(layer)
    made = _upsampled(seen, strides[0])
    assert made.stride is not None
    before = (kernels[0] - strides[0]) // 2
    low = seen.low + (before - kernels[0] + 1) * made.stride
    return dataclasses.replace(made, low=low, high=seen.high + before * made.stride)


def _reflected(seen: Seen, before: int, modulus: int, size: int) -> Seen:
    """Beyond its edges it shows the reflection, which is as far from the edge on the other side.

    So what is seen is made symmetric. The last row of a stride stands for pixels up to the edge.
    """
    assert seen.stride is not None
    radius = max(-seen.low, seen.high) + max(2 * seen.stride - 2, Fraction(0))
    shift = before * seen.stride
    low, high = -radius - shift, radius - shift
    return dataclasses.replace(seen, low=low, high=high, modulus=modulus, size=size)


def _reflection(layer: Any, seen: Seen, node: Any) -> Seen:
    size = (seen.size + 2 * layer.padding) % seen.modulus
    return _reflected(seen, layer.padding, seen.modulus, size)


def _to_multiple(layer: Any, seen: Seen, node: Any) -> Seen:
    return _reflected(seen, 0, layer.multiple, 0)


def _pull_push(layer: Any, seen: Seen, node: Any) -> Seen:
    """Halved and doubled again; beyond its edges it shows the edge, which a reflection covers."""
    sizes = [_reflected(seen, 0, layer.multiple, 0)]
    for _ in range(layer.levels):
        sizes.append(_window(layer, sizes[-1], 2, 2, "same"))
    made = sizes.pop()
    while sizes:
        made = same_place(layer, [sizes.pop(), _upsampled(made, 2, 1, 1)])
    return _cropped(layer, made, node)


def _zeros(layer: Any, seen: Seen, node: Any) -> Seen:
    ((top, bottom), (left, right)) = layer.padding
    if not top == bottom == left == right:
        raise unknown(layer)
    assert seen.stride is not None
    shift, size = top * seen.stride, (seen.size + 2 * top) % seen.modulus
    return dataclasses.replace(seen, low=seen.low - shift, high=seen.high - shift, size=size)


def _cropped(layer: Any, seen: Seen, node: Any) -> Seen:
    """The upper left part, in the size of another image."""
    return dataclasses.replace(seen, modulus=1, size=0)


def _pair(value: Any) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else tuple(value)


Rule = Callable[[Any, Seen, Any], Seen]
# By the names of Keras's layers and operations, and of those in kgan.layers.
RULES: dict[str, Rule] = {
    **dict.fromkeys(
        (
            *("Activation", "ReLU", "LeakyReLU", "ELU", "Dropout", "SpatialDropout2D", "Identity"),
            *("GaussianNoise", "GaussianDropout", "Rescaling", "Dense"),
            *("ClipImages", "GatedActivation", "KeepKnown", "ChromaToRGB", "Branches"),
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
    **dict.fromkeys(
        ("Conv2D", "DilatedConv2D", "DepthwiseConv2D", "SeparableConv2D"), _convolution
    ),
    "GroupedConv2D": _grouped,
    **dict.fromkeys(("MaxPooling2D", "AveragePooling2D"), _pooling),
    "PReLU": _prelu,
    "GetItem": _item,
    "UpSampling2D": _upsampling,
    "BilinearUpsampling": _bilinear,
    "DepthToSpace": _depth_to_space,
    "Conv2DTranspose": _transposed,
    "ReflectionPadding2D": _reflection,
    "ReflectToMultiple": _to_multiple,
    "PullPush": _pull_push,
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
