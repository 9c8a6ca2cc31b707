"""A graph without its weights, for ONNX's own checker and inference of shapes: quick, however large the weights are.

Products in blocks, which ONNX does not define, stand there as the plain products that they are.
"""

from __future__ import annotations

import math

import onnx
from onnx import TensorProto, helper

FEW = 64  # numbers of a weight that may be a shape, axes or ends, which inference reads
BLOCKS = "MatMulNBits"


def outline_of(model: onnx.ModelProto) -> onnx.ModelProto:
    """Copy a model, with inputs in place of its weights.

    Raises
    ------
    ValueError
        When a product in blocks has weights of other sizes than it says.
    """
    graph = model.graph
    weights = {weight.name: weight for weight in graph.initializer}
    few = [weight for weight in graph.initializer if math.prod(weight.dims) <= FEW]
    inputs = [*graph.input, *(helper.make_tensor_value_info(weight.name, weight.data_type, list(weight.dims))
                              for weight in graph.initializer if math.prod(weight.dims) > FEW)]
    nodes = []
    for index, node in enumerate(graph.node):
        if node.op_type == BLOCKS and node.domain == "com.microsoft":
            inner, outer = sizes_of_blocks(node, weights)
            inputs.append(helper.make_tensor_value_info(f"{BLOCKS} {index}", TensorProto.FLOAT, [inner, outer]))
            node = helper.make_node("MatMul", [node.input[0], f"{BLOCKS} {index}"], node.output)
        nodes.append(node)
    return helper.make_model(helper.make_graph(nodes, graph.name or "graph", inputs, graph.output, few),
                             opset_imports=model.opset_import, ir_version=model.ir_version)


def sizes_of_blocks(node: onnx.NodeProto, weights: dict[str, onnx.TensorProto]) -> tuple[int, int]:
    """Return inputs and outputs of a product in blocks.

    Raises
    ------
    ValueError
        When its weights are not stored, or of other sizes than it says.
    """
    options = {option.name: option.i for option in node.attribute}
    inner, outer, bits, size = (options.get(name, 0) for name in ("K", "N", "bits", "block_size"))
    if min(inner, outer) < 1 or bits not in (2, 4, 8) or size not in (16, 32, 64, 128, 256) or len(node.output) != 1:
        raise ValueError(f"{BLOCKS} with K={inner}, N={outer}, bits={bits}, block_size={size}")
    blocks = -(-inner // size)
    packed = outer * -(-blocks * bits // 8)
    expected = ((outer * blocks * size * bits // 8,), (outer * blocks,), (packed, outer * blocks), (inner, 0),
                (outer,))  # weights, scales, zero points, order of the inputs, bias
    if not 3 <= len(node.input) <= 6:
        raise ValueError(f"{BLOCKS} of {len(node.input)} operands")
    for name, counts in zip(node.input[1:], expected, strict=False):
        if name and (name not in weights or math.prod(weights[name].dims) not in counts):
            raise ValueError(f"{BLOCKS}: {name!r:.60} is not stored, or has another size than K, N and the blocks say")
    return inner, outer
