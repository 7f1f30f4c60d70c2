"""ONNX models in half precision: half the file, for GPUs and browsers that compute in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

# Of the operators that have such inputs, those that say how many, where or how large.
_SIZES: Mapping[str, tuple[int, ...]] = {
    "ConstantOfShape": (0,),
    "Expand": (1,),
    "Gather": (1,),
    "OneHot": (1,),
    "Pad": (1,),
    "Range": (0, 1, 2),
    "ReduceMean": (1,),
    "ReduceSum": (1,),
    "Reshape": (1,),
    "Resize": (1, 2, 3),
    "Slice": (1, 2, 3, 4),
    "Squeeze": (1,),
    "Tile": (1,),
    "Unsqueeze": (1,),
}


def halve(model: Any) -> None:
    """Give a model float16 weights and features, in place; inputs and outputs keep their types.

    What computes sizes and places stays as it is: half precision counts to 2,048 only.
    """
    from onnx import TensorProto, helper

    graph, whole, half = model.graph, TensorProto.FLOAT, TensorProto.FLOAT16
    sizes = _of_sizes(graph)
    # The float32 tensors that nodes of features take from outside, and their halves.
    outside = {tensor.name for tensor in graph.initializer if tensor.data_type == whole}
    fed = {value.name for value in graph.input if value.type.tensor_type.elem_type == whole}
    halves = {name: f"{name}_half" for name in (*outside, *fed)}
    taken = set()
    for node in graph.node:
        if node.name in sizes:
            continue
        for index, name in enumerate(node.input):
            if name in halves and index not in _SIZES.get(node.op_type, ()):
                node.input[index] = halves[name]
                taken.add(name)
        for attribute in node.attribute:
            if attribute.name == "to" and attribute.i == whole:
                attribute.i = half
            if attribute.HasField("t") and attribute.t.data_type == whole:
                attribute.t.CopyFrom(_halved(attribute.t, attribute.t.name))
    kept = {name for node in graph.node for name in node.input}
    tensors = list(graph.initializer)
    del graph.initializer[:]
    graph.initializer.extend(tensor for tensor in tensors if tensor.name in kept)
    graph.initializer.extend(
        _halved(tensor, halves[tensor.name]) for tensor in tensors if tensor.name in taken
    )
    casts = [helper.make_node("Cast", [name], [halves[name]], to=half) for name in fed & taken]
    made = {value.name for value in graph.output if value.type.tensor_type.elem_type == whole}
    for node in graph.node:
        for names in (node.input, node.output):
            names[:] = [f"{name}_half" if name in made else name for name in names]
    nodes = [*casts, *graph.node]
    nodes += [helper.make_node("Cast", [f"{name}_half"], [name], to=whole) for name in made]
    del graph.node[:], graph.value_info[:]
    graph.node.extend(nodes)


def _halved(tensor: Any, name: str) -> Any:
    """A float32 tensor in float16."""
    from onnx import numpy_helper

    return numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), name)


def _of_sizes(graph: Any) -> set[str]:
    """The names of the nodes that compute sizes and places, from the shapes of tensors on.

    Every node has a name afterwards.
    """
    for number, node in enumerate(graph.node):
        node.name = node.name or f"node_{number}"
    makers = {name: node for node in graph.node for name in node.output}
    found = set()
    pending = [
        node.input[index]
        for node in graph.node
        for index in _SIZES.get(node.op_type, ())
        if index < len(node.input)
    ]
    while pending:
        node = makers.get(pending.pop())
        if node is not None and node.name not in found and node.op_type != "Shape":
            found.add(node.name)
            pending += node.input
    return found
