"""The plan of a step: the nodes of an ONNX graph as one list for the kernels, with everything at its place in memory.

Nodes that only look at a value in another way (a split, a slice, another shape) are views and cost nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from rtsep.native.arena import Memory
from rtsep.native.library import NODE, address
from rtsep.native.packing import BLOCK, TILE, tiled

Array = NDArray[np.float32]
KINDS = ("Mul", "Add", "Sub", "Div", "Relu", "Sigmoid", "Tanh", "Log", "Sqrt", "copy", "ReduceMean", "Softmax",
         "MatMul", "MatMulNBits")  # in the order of node.h
_PLAIN = ("Mul", "Add", "Sub", "Div", "Relu", "Sigmoid", "Tanh", "Log", "Sqrt", "Softmax")  # of no other numbers


class UnknownNode(Exception):
    """The kernels cannot run this graph."""


class Plan:
    """An ONNX step graph for the kernels.

    Parameters
    ----------
    graph
        Of a step model.
    most_inputs, together, zero
        Of the kernels: the longest input of an 8-bit product, how many tiles of it they sum at once, and the byte that
        stands for 0.

    Attributes
    ----------
    inputs
        The graph's inputs but the states, by name: what they hold is read by the next step.
    states
        Recurrent states, carried from step to step.
    estimates
        What the latest step wrote, float32 (1, stems, bins).
    nodes
        Of `NODE`, in the order in which they are run.
    weight_bytes
        Size of all weights; a step reads each of them once.
    memory
        Where all of it lies, with room for what belongs to it.

    Raises
    ------
    UnknownNode
        When the graph has a node that the kernels do not know.
    """

    def __init__(self, graph: onnx.GraphProto, most_inputs: int, together: int, zero: int) -> None:
        self._most_inputs, self._together, self._zero = most_inputs, together, zero
        self.memory = Memory()
        self._rows: list[NDArray[Any]] = []
        self.weight_bytes = 0
        self._values: dict[str, NDArray[Any]] = {weight.name: _constant(weight) for weight in graph.initializer}
        shapes = {value.name: [axis.dim_value for axis in value.type.tensor_type.shape.dim] for value in graph.input}
        given = {name: self.memory.array(shape) for name, shape in shapes.items()}
        self._values |= given
        for node in graph.node:
            self._add(node)
        self.inputs = {name: value for name, value in given.items() if not name.startswith("state_")}
        self.states = {name: value for name, value in given.items() if name.startswith("state_")}
        for name, state in self.states.items():
            self._node("copy", state, self._values[f"{name}_out"])
        self.estimates: Array = self._values["estimates"]
        self.nodes = np.array(self._rows)

    def _add(self, node: onnx.NodeProto) -> None:
        """Look at the operands in another way, or add nodes for the kernels."""
        operands = [self._values[name] if name else None for name in node.input]
        options = {option.name: onnx.helper.get_attribute_value(option) for option in node.attribute}
        try:
            results = (_VIEWS[node.op_type](*operands, **options) if node.op_type in _VIEWS
                       else [self._computed(node.op_type, operands, options)])
        except (KeyError, TypeError, ValueError) as error:
            raise UnknownNode(f"{node.op_type} {options}: {error}") from None
        self._values.update(zip(node.output, results, strict=True))

    def _computed(self, operator: str, operands: list[Any], options: dict[str, Any]) -> Array:
        first = operands[0]
        if operator == "Concat":
            return self._joined(operands, **options)
        if operator == "MatMul":
            return self._banded(first, *operands[1:])
        if operator == "MatMulNBits":
            return self._blocks(first, operands[1:], **options)
        if operator == "ReduceMean":
            return self._mean(first, *operands[1:], **options)
        if operator not in _PLAIN or (operator == "Softmax" and (first.ndim, options) != (3, {"axis": 1})):
            raise ValueError("not known to the kernels")
        out = self.memory.array(np.broadcast_shapes(*(operand.shape for operand in operands)))
        self._node(operator, out, *operands)
        return out

    def _joined(self, parts: list[Array], axis: int) -> Array:
        """Concat along the last axis."""
        if axis not in (-1, parts[0].ndim - 1):
            raise ValueError("only side by side")
        ends = np.cumsum([part.shape[-1] for part in parts])
        out = self.memory.array((*parts[0].shape[:-1], int(ends[-1])))
        for part, piece in zip(parts, np.split(out, ends[:-1], axis=-1), strict=True):
            self._node("copy", piece, part)
        return out

    def _banded(self, value: Array, weight: Array) -> Array:
        """MatMul by constant weights, of which the zeros above and below each column's band are left out."""
        if weight.ndim != 2 or not self._is_constant(weight):
            raise ValueError("only by a constant matrix")
        first = np.argmax(weight != 0.0, axis=0)
        end = len(weight) - np.argmax(weight[::-1] != 0.0, axis=0)
        bands = np.concatenate([weight[begin:stop, column] for column, (begin, stop)
                                in enumerate(zip(first, end, strict=True))])
        out = self.memory.array((*value.shape[:-1], weight.shape[1]))
        self._node("MatMul", out, value, inputs=value.shape[-1], weights=self._weights(bands),
                   spans=self._weights(np.stack([first, end - first], axis=1).astype(np.int32)))
        return out

    def _blocks(self, value: Array, operands: list[Any], K: int, N: int, bits: int, block_size: int,
                accuracy_level: int = 0) -> Array:
        """MatMulNBits by weights in tiles; the result has room for whole tiles."""
        weights, scales, zero_points, group, bias = operands + [None] * (5 - len(operands))
        if ((bits, block_size, accuracy_level, zero_points, group) != (8, BLOCK, 4, None, None)
                or value.shape != (1, K) or K > self._most_inputs):
            raise ValueError("other blocks")
        room = N + -N % TILE
        offset = np.zeros((1, room), np.float32)
        offset[0, :N] = 0.0 if bias is None else bias
        out = self.memory.array((1, room))
        self._node("MatMulNBits", out, value, self._weights(offset), inputs=K,
                   weights=self._weights(tiled(weights, scales, self._together, self._zero)))
        return out[:, :N]

    def _mean(self, value: Array, axes: NDArray[Any], keepdims: int = 1) -> Array:
        if axes.tolist() != [-1] or not keepdims:
            raise ValueError("only of the last axis")
        out = self.memory.array((*value.shape[:-1], 1))
        self._node("ReduceMean", out, value, inputs=value.shape[-1])
        return out

    def _node(self, kind: str, out: Array, a: Array, b: Array | None = None, inputs: int = 0, **pointers: Any) -> None:
        """Add a node; operands that are read number by number are repeated like numpy does."""
        row = np.zeros((), NODE)
        rows = matrix(out)
        row["kind"], row["inputs"] = KINDS.index(kind), inputs
        row["rows"], row["columns"] = rows.shape
        row["out"], (row["out_row"], _) = address(out), steps(rows)
        for name, operand in (("a", a), ("b", b)):
            if operand is None:
                continue
            kept = self._kept(operand)
            seen = matrix(kept if inputs else np.broadcast_to(kept, out.shape))
            row[name] = address(kept)
            row[f"{name}_row"], row[f"{name}_column"] = steps(seen)
        for name, array in pointers.items():
            row[name] = address(array)
        self._rows.append(row)

    def _weights(self, array: NDArray[Any]) -> NDArray[Any]:
        """Keep weights where the step will read them."""
        self.weight_bytes += array.nbytes
        return self.memory.copy(array)

    def _kept(self, operand: NDArray[Any]) -> Array:
        """Return the operand, or for a constant a copy that stays at its place."""
        if operand.dtype != np.float32:
            raise ValueError(f"{operand.dtype} instead of float32")
        return self._weights(operand) if self._is_constant(operand) else operand

    def _is_constant(self, operand: NDArray[Any]) -> bool:
        return not operand.flags.writeable


def _constant(weight: onnx.TensorProto) -> NDArray[Any]:
    """Return a weight, not to be written, which also says that it is one."""
    array: NDArray[Any] = onnx.numpy_helper.to_array(weight)
    array.flags.writeable = False
    return array


def _split(value: Array, sizes: NDArray[Any] | None = None, axis: int = 0, num_outputs: int = 0) -> list[Array]:
    if axis not in (-1, value.ndim - 1):
        raise ValueError("only along the last axis")
    if sizes is None:
        return np.split(value, num_outputs, axis=-1)
    return np.split(value, np.cumsum(sizes)[:-1], axis=-1)


def _slice(value: Array, starts: NDArray[Any], ends: NDArray[Any], axes: NDArray[Any]) -> list[Array]:
    if axes.tolist() != [-1]:
        raise ValueError("only along the last axis")
    return [value[..., int(starts[0]):int(ends[0])]]


def _reshape(value: Array, shape: NDArray[Any]) -> list[Array]:
    return [np.reshape(value, tuple(shape), copy=False)]


_VIEWS: dict[str, Callable[..., list[Array]]] = {"Split": _split, "Slice": _slice, "Reshape": _reshape,
                                                 "Identity": lambda value: [value]}


def matrix(value: NDArray[Any]) -> NDArray[Any]:
    """Return (rows, columns) of the same numbers, where they lie."""
    if value.ndim > 2:
        return np.reshape(value, (-1, value.shape[-1]), copy=False)
    return np.atleast_2d(value)


def steps(value: NDArray[Any]) -> tuple[int, int]:
    """Return floats from one row to the next, and from one column to the next."""
    rows, columns = value.strides
    return rows // 4 * (value.shape[0] > 1), columns // 4 * (value.shape[1] > 1)
