"""The program of a step: the nodes of an ONNX graph as one list for the native code, and where all of it lies.

Nodes that only look at a value in another way (a split, a slice, another shape) are views and cost nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from rtsep.model.gate import StepFile
from rtsep.native.arena import Memory
from rtsep.native.bindings import KINDS, NODE, address
from rtsep.native.extents import check_rows
from rtsep.native.packing import BLOCK, TILE, Packing, packed

Array = NDArray[np.float32]
OLDEST_OPSET = 18  # whose forms of ReduceMean, Softmax and Split are those known here
_PLAIN = ("Mul", "Add", "Sub", "Div", "Relu", "Sigmoid", "Tanh", "Log", "Sqrt", "Softmax")  # of no other numbers


class UnknownNode(Exception):
    """The native code cannot run this graph."""


class Program:
    """A step model for the native code.

    Parameters
    ----------
    model
        Through the gate.
    packing
        Of the native code that will run it.
    memory
        Where all of it will lie; None for memory of its own.

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
    clear
        Of `NODE`, one for each state: what makes it as new.
    weight_bytes
        Size of all weights; a step reads each of them once.
    memory
        Where all of it lies, with room for what belongs to it.

    Raises
    ------
    UnknownNode
        When the graph has a node that the native code does not know.
    """

    def __init__(self, model: StepFile, packing: Packing, memory: Memory | None = None) -> None:
        versions = [entry.version for entry in model.model.opset_import if entry.domain in ("", "ai.onnx")]
        if min(versions, default=0) < OLDEST_OPSET:
            raise UnknownNode(f"operators of opset {versions}")
        graph = model.model.graph
        self._packing = packing
        self.memory = Memory() if memory is None else memory
        self._rows: list[NDArray[Any]] = []
        self.weight_bytes = 0
        self._shapes = model.shapes
        self._values: dict[str, NDArray[Any]] = {weight.name: _constant(weight) for weight in graph.initializer}
        self.inputs = {name: self.memory.array(shape) for name, shape in model.inputs.items()}
        self.states = {name: self.memory.array(shape) for name, shape in model.states.items()}
        self._values |= self.inputs | self.states
        for node in graph.node:
            self._add(node)
        self.estimates: Array = self._own(self._values["estimates"])
        self._carry_states()
        self.nodes = np.array(self._rows)
        self.clear = self._cleared()
        check_rows(self.nodes, self.memory)
        check_rows(self.clear, self.memory)

    def _carry_states(self) -> None:
        """Copy what the states become, at the end; first aside where that lies in a state, which may change before."""
        after = {name: self._values[f"{name}_out"] for name in self.states}
        after = {name: self._own(value) for name, value in after.items()}
        for name, state in self.states.items():
            self._node("copy", state, after[name])

    def _cleared(self) -> NDArray[Any]:
        """Return nodes that copy zeros into the states."""
        self._rows = []
        zeros = self.memory.array((max((state.size for state in self.states.values()), default=0),))
        for state in self.states.values():
            self._node("copy", state, zeros[:state.size].reshape(state.shape))
        return np.array(self._rows, NODE)

    def _own(self, value: Array) -> Array:
        """Return a value that the step makes itself: a copy where it is a part of an input, a state or a weight."""
        given = (*self.inputs.values(), *self.states.values())
        if not self._is_constant(value) and not any(np.may_share_memory(value, other) for other in given):
            return value
        out = self.memory.array(value.shape)
        self._node("copy", out, value)
        return out

    def _add(self, node: onnx.NodeProto) -> None:
        """Look at the operands in another way, or add nodes for the native code."""
        operands: list[Any] = [self._values[name] if name else None for name in node.input]
        options = {option.name: onnx.helper.get_attribute_value(option) for option in node.attribute}
        try:
            if node.op_type == "Constant":
                results = [_constant(options.pop("value"), **options)]
            elif node.op_type == "Reshape":
                results = [_reshaped(operands[0], self._shapes[node.output[0]])]
            elif node.op_type in _VIEWS:
                results = _VIEWS[node.op_type](*operands, **options)
            else:
                results = [self._computed(node.op_type, operands, options)]
            made = dict(zip(node.output, results, strict=True))
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            raise UnknownNode(f"{node.op_type} {options}: {error}") from None
        for name, value in made.items():
            if value.shape != self._shapes[name]:
                raise UnknownNode(f"{node.op_type}: {value.shape} instead of {self._shapes[name]}")
        self._values |= made

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
            raise ValueError("not known to the native code")
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
        if weight.ndim != 2 or not self._is_constant(weight) or self._is_constant(value):
            raise ValueError("only of a value by a constant matrix")
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
        """MatMulNBits by packed weights; the result has room for whole tiles."""
        weights, scales, zero_points, group, bias = operands + [None] * (5 - len(operands))
        if ((bits, block_size, accuracy_level, zero_points, group) != (8, BLOCK, 4, None, None)
                or value.shape != (1, K) or K > self._packing.most_inputs):
            raise ValueError("other blocks")
        padded = N + -N % TILE
        offset = np.zeros((1, padded), np.float32)
        offset[0, :N] = 0.0 if bias is None else bias
        out = self.memory.array((1, padded))
        stream = packed(weights.reshape(N, -1, BLOCK), scales, self._packing)
        self._node("MatMulNBits", out, value, self._weights(offset), inputs=K, weights=self._weights(stream))
        return out[:, :N]

    def _mean(self, value: Array, axes: NDArray[Any], keepdims: int = 1) -> Array:
        if axes.tolist() not in ([-1], [value.ndim - 1]) or not keepdims:
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


def _reshaped(value: Array, shape: Sequence[int]) -> Array:
    return np.reshape(value, tuple(shape), copy=False)


def _split(value: Array, sizes: NDArray[Any] | None = None, axis: int = 0, num_outputs: int = 0) -> list[Array]:
    if axis not in (-1, value.ndim - 1):
        raise ValueError("only along the last axis")
    if sizes is None:
        if num_outputs < 1 or value.shape[-1] % num_outputs:
            raise ValueError("only in equal parts")
        return np.split(value, num_outputs, axis=-1)
    return np.split(value, np.cumsum(sizes)[:-1], axis=-1)


def _slice(value: Array, starts: NDArray[Any], ends: NDArray[Any], axes: NDArray[Any]) -> list[Array]:
    if axes.tolist() not in ([-1], [value.ndim - 1]):
        raise ValueError("only along the last axis")
    return [value[..., int(starts[0]):int(ends[0])]]


_VIEWS: dict[str, Callable[..., list[Array]]] = {"Split": _split, "Slice": _slice,
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
