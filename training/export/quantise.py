"""Weights of a step graph in blocks of few bits, and read back."""

from __future__ import annotations

import logging

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

from training.nets.step_graph import StepGraph

BLOCK = 64  # weights of a column that share a scale; 128 is faster with AVX-512, far slower with AVX2
INT8_ARITHMETIC = 4  # accuracy level of MatMulNBits; level 0 computes 8-bit weights in float32, thirty times slower
ZERO = 128  # stored for a weight of zero


def in_blocks(graph: StepGraph, bits: int = 8) -> onnx.ModelProto:
    """Store the weights of all large products in blocks of 8 or 4 bit, with a scale a block.

    Their inputs are brought to 8 bit at every hop, in blocks too. Biases are added by the same operator.
    """
    logging.getLogger("onnxruntime.quantization.matmul_nbits_quantizer").setLevel(logging.WARNING)
    full = graph.model()
    others = [node.name for node in full.graph.node if node.name not in graph.products]
    quantizer = MatMulNBitsQuantizer(full, bits, BLOCK, is_symmetric=True, accuracy_level=INT8_ARITHMETIC,
                                     nodes_to_exclude=others)
    quantizer.process()
    model: onnx.ModelProto = quantizer.model.model
    _take_in_biases(model.graph)
    return model


def read_weight(stored: dict[str, NDArray[np.float32]], name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Decode a weight to float32, whether it is stored so or in blocks of 8 bit.

    Parameters
    ----------
    stored
        All weights of a graph by name.
    name
        As in `StepGraph.origins`.
    shape
        Of the torch parameter that it came from.

    Returns
    -------
    weight
        With the axes of the torch parameter.

    Raises
    ------
    KeyError
        When there is no such weight.
    """
    if name in stored:
        return stored[name].T.copy()
    blocks = stored[f"{name}_Q8"].astype(np.float32) - ZERO
    columns = (blocks * stored[f"{name}_scales"][..., np.newaxis]).reshape(len(blocks), -1)
    return columns[:, :shape[1]]


def _take_in_biases(graph: onnx.GraphProto) -> None:
    """Make the addition of a bias a part of the product before it."""
    additions = {node.input[0]: node for node in graph.node if node.op_type == "Add"}
    for product in [node for node in graph.node if node.op_type == "MatMulNBits"]:
        addition = additions[product.output[0]]
        product.input.extend(["", "", addition.input[1]])  # neither zero points nor an order of the rows
        product.output[0] = addition.output[0]
        graph.node.remove(addition)
