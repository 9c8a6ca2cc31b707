"""Shapes of everything in a graph, found node by node, and how much work they are.

ONNX's own inference for a whole graph ends the process at lengths below 1 that some nodes make. So a node is looked at
only when all that it reads has fixed lengths of 1 or more.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import onnx
from onnx import TensorProto, TypeProto, helper

NUMBERS = {getattr(TensorProto, name) for name in (
    "FLOAT", "FLOAT16", "BFLOAT16", "DOUBLE", "INT8", "UINT8", "INT16", "UINT16", "INT32", "INT64", "BOOL")}
Shape = tuple[int, ...]


class UnfitShape(Exception):
    """A shape that no graph for rtsep has; the message says whose."""


def infer_shapes(model: onnx.ModelProto) -> dict[str, Shape]:
    """Find the shape of every value of a graph that the checker of ONNX has passed.

    Raises
    ------
    UnfitShape
        When one is not fixed, or has a length below 1, or is another than the graph says.
    Exception
        Of several kinds, from ONNX, when operands do not fit together.
    """
    graph = model.graph
    types = {value.name: value.type for value in graph.input}
    data = {weight.name: weight for weight in graph.initializer}
    types |= {name: _type_of(weight) for name, weight in data.items()}
    shapes = {value.name: fixed(value.name, value.type) for value in graph.input}
    for node in graph.node:
        made = _constant(node, data) or _inferred(model, node, types, data)
        shapes |= {name: fixed(name, type_) for name, type_ in made.items()}
        types |= made
    for value in graph.output:
        said, found = fixed(value.name, value.type), shapes.get(value.name)
        if said != found:
            raise UnfitShape(f"{value.name!r:.60} is said to be {list(said)}, and is {found and list(found)}")
    return shapes


def _type_of(weight: TensorProto) -> TypeProto:
    return helper.make_tensor_type_proto(weight.data_type, list(weight.dims))


def _constant(node: onnx.NodeProto, data: dict[str, TensorProto]) -> dict[str, TypeProto]:
    """Note a constant of the graph, whose numbers may be a shape; return its type, nothing for other nodes."""
    if node.op_type != "Constant" or [option.name for option in node.attribute] != ["value"]:
        return {}
    data[node.output[0]] = node.attribute[0].t
    return {node.output[0]: _type_of(node.attribute[0].t)}


def _inferred(model: onnx.ModelProto, node: onnx.NodeProto, types: Mapping[str, TypeProto],
              data: Mapping[str, TensorProto]) -> dict[str, TypeProto]:
    """Infer what a node makes."""
    domain = "" if node.domain == "ai.onnx" else node.domain
    version = next(entry.version for entry in model.opset_import if entry.domain.removeprefix("ai.onnx") == domain)
    operands = [name for name in node.input if name]
    unknown = [name for name in operands if name not in types]
    if unknown:
        raise UnfitShape(f"{node.op_type} reads {unknown[0]!r:.60}, which nothing has made")
    parts = next((option.i for option in node.attribute if option.name == "num_outputs"), len(node.output))
    if node.op_type == "Split" and parts != len(node.output):  # for which inference would make room
        raise UnfitShape(f"a Split of {len(node.output)} outputs says that it has {parts}")
    made = onnx.shape_inference.infer_node_outputs(
        onnx.defs.get_schema(node.op_type, version, domain), node, {name: types[name] for name in operands},
        {name: data[name] for name in operands if name in data}, opset_imports=list(model.opset_import),
        ir_version=model.ir_version)
    missing = [name for name in node.output if name and name not in made]
    if missing:
        raise UnfitShape(f"the shape of {missing[0]!r:.60} is not known: rtsep runs graphs of fixed shapes")
    return made


def fixed(name: str, type_: TypeProto) -> Shape:
    """Return the shape of a type; UnfitShape where it is not that of a tensor with numbers for all lengths."""
    tensor = type_.tensor_type
    lengths = tuple(axis.dim_value for axis in tensor.shape.dim)
    if (not type_.HasField("tensor_type") or not tensor.HasField("shape") or min(lengths, default=1) < 1
            or tensor.elem_type not in NUMBERS):
        axes = [axis.dim_param or axis.dim_value for axis in tensor.shape.dim]
        raise UnfitShape(f"{name!r:.60} has shape {axes!r:.80}; a graph has numbers of 1 or more for all lengths")
    return lengths


def count_of(shape: Iterable[int]) -> int:
    """Count the numbers in a tensor."""
    return math.prod(map(int, shape))


def work_of(node: onnx.NodeProto, shapes: Mapping[str, Shape]) -> int:
    """Return about how many multiplications a node takes, rather too many."""
    made = sum(count_of(shapes[name]) for name in node.output if name)
    first, *others = [shapes[name] for name in node.input if name] or [()]
    if node.op_type in ("GRU", "LSTM", "RNN"):
        return first[0] * first[1] * sum(map(count_of, others[:2]))
    if node.op_type in ("Conv", "ConvTranspose", "ConvInteger"):
        return max(made, count_of(first)) * count_of(others[0]) // max(others[0][0], 1)
    if node.op_type in ("MatMul", "Gemm", "MatMulInteger", "Einsum"):
        return made * max(first, default=1)
    return made
