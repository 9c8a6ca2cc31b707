"""Step graphs in ONNX: one hop of a network as MatMul, gate and element-wise nodes, with explicit state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

OPSET = 21
PIECE_COST = 20_000  # weights that take as long to read as one slice and one product more take to start
Array = NDArray[np.float32]


@dataclass(frozen=True)
class Origin:
    """Where a stored weight comes from: `parameter * gain + offset`; matrices are stored transposed.

    Parameters
    ----------
    parameter
        Of the torch network.
    gain, offset
        One number; a gain may be one an input, and the offset of a bias one a unit.
    """

    parameter: Tensor
    gain: Array | float = 1.0
    offset: Array | float = 0.0

    def stored(self) -> Array:
        """Return what the graph keeps, with the axes of the parameter."""
        stored: Array = (self.parameter.detach().numpy() * self.gain + self.offset).astype(np.float32)
        return stored

    def restored(self, stored: Array) -> Array:
        """Return the parameter that a stored weight comes from."""
        restored: Array = ((stored - self.offset) / self.gain).astype(np.float32)
        return restored


class StepGraph:
    """Builder of a step graph; every method adds nodes and returns the name of their result.

    Attributes
    ----------
    products
        Names of the matrix products whose weights may be stored in 8 bit.
    origins
        Where each weight of a torch layer comes from, by the weight's name.
    """

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._weights: list[onnx.TensorProto] = []
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []
        self._output_names: dict[str, str] = {}
        self._states = 0
        self.products: list[str] = []
        self.origins: dict[str, Origin] = {}

    def input(self, name: str, shape: Sequence[int]) -> str:
        """Declare a float32 input."""
        self._inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape)))
        return name

    def state(self, size: int) -> str:
        """Declare the next recurrent state, shape (1, size), zero at the start."""
        self._states += 1
        return self.input(f"state_{self._states - 1}", (1, size))

    def next_state(self, name: str, value: str, size: int) -> None:
        """Declare a value as what a state is at the next hop."""
        self.output(f"{name}_out", value, (1, size))

    def output(self, name: str, value: str, shape: Sequence[int]) -> None:
        """Declare the result of a node as a float32 output."""
        self._output_names[value] = name
        self._outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape)))

    def constant(self, value: NDArray[np.floating[Any]] | float) -> str:
        """Store float32 weights."""
        return self._store(np.asarray(value, np.float32))

    def integers(self, *values: int) -> str:
        """Store int64 numbers: a shape, axes, or an end of a slice."""
        return self._store(np.array(values, np.int64))

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add one node with one result."""
        return self.nodes(operator, *inputs, outputs=1, **attributes)[0]

    def nodes(self, operator: str, *inputs: str, outputs: int, **attributes: Any) -> list[str]:
        """Add one node with several results."""
        name = f"{operator.lower()}_{len(self._nodes)}"
        results = [f"{name}_{index}" for index in range(outputs)]
        self._nodes.append(helper.make_node(operator, list(inputs), results, name=name, **attributes))
        return results

    def torch_linear(self, value: str, layer: nn.Linear, before: Array | float = 1.0, after: float = 1.0,
                     offset: Array | float = 0.0) -> str:
        """Add a torch layer; its product may be stored in 8 bit.

        Parameters
        ----------
        value
            (1, inputs).
        layer
            Gives weights and biases.
        before, after, offset
            What `value` (one number, or one an input) and the result are multiplied by, and what is then added to the
            result, one number or one a unit: weights and biases take them in, which saves nodes.
        """
        return self._affine(value, Origin(layer.weight, before * after), Origin(layer.bias, after, offset))

    def torch_gru(self, value: str, layer: nn.GRU) -> str:
        """Add a one-layer torch GRU, which resets after the matrix product, with its state; returns its output."""
        hidden = layer.hidden_size
        state = self.state(hidden)
        weight_ih, weight_hh, bias_ih, bias_hh = layer.parameters()
        sizes = self.integers(2 * hidden, hidden)
        gates_i, candidate_i = self.nodes("Split", self._affine(value, Origin(weight_ih), Origin(bias_ih)),
                                            sizes, outputs=2, axis=1)
        gates_h, candidate_h = self.nodes("Split", self._affine(state, Origin(weight_hh), Origin(bias_hh)),
                                            sizes, outputs=2, axis=1)
        gates = self.node("Sigmoid", self.node("Add", gates_i, gates_h))
        reset, update = self.nodes("Split", gates, outputs=2, axis=1, num_outputs=2)
        candidate = self.node("Tanh", self.node("Add", candidate_i, self.node("Mul", reset, candidate_h)))
        after = self.node("Add", candidate, self.node("Mul", update, self.node("Sub", state, candidate)))
        self.next_state(state, after, hidden)
        return after

    def banded(self, value: str, weight: Array) -> list[str]:
        """Multiply by a matrix whose columns reach over few neighbouring rows each, without most of its zeros.

        The result comes in pieces along its last axis, to be joined.

        Parameters
        ----------
        value
            (..., inputs).
        weight
            (inputs, outputs); far from the diagonal it is zero, and no column is.
        """
        pieces = []
        for rows, columns in band_pieces(weight):
            part = value
            if rows != slice(0, len(weight)):
                part = self.node("Slice", value, *(self.integers(number) for number in (rows.start, rows.stop, -1)))
            pieces.append(self.node("MatMul", part, self.constant(np.ascontiguousarray(weight[rows, columns]))))
        return pieces

    def join(self, pieces: Sequence[str]) -> str:
        """Put values side by side along their last axis."""
        return self.node("Concat", *pieces, axis=-1) if len(pieces) > 1 else pieces[0]

    def reshape(self, value: str, shape: Sequence[int]) -> str:
        """Change the shape of a value."""
        return self.node("Reshape", value, self.integers(*shape))

    def mean(self, value: str) -> str:
        """Mean over the last axis, kept as size one."""
        return self.node("ReduceMean", value, self.integers(-1), keepdims=1)

    def model(self) -> onnx.ModelProto:
        """Close the graph and check it."""
        nodes = [self._named(node) for node in self._nodes]
        graph = helper.make_graph(nodes, "step", self._inputs, self._outputs, self._weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
        onnx.checker.check_model(model)
        return model

    def _named(self, node: onnx.NodeProto) -> onnx.NodeProto:
        """Copy a node, with the names of outputs for what was declared as such."""
        named = onnx.NodeProto()
        named.CopyFrom(node)
        named.input[:] = [self._output_names.get(value, value) for value in node.input]
        named.output[:] = [self._output_names.get(value, value) for value in node.output]
        return named

    def _affine(self, value: str, weight: Origin, bias: Origin) -> str:
        columns, row = self.constant(np.ascontiguousarray(weight.stored().T)), self.constant(bias.stored())
        self.origins |= {columns: weight, row: bias}
        product = self.node("MatMul", value, columns)
        self.products.append(self._nodes[-1].name)
        return self.node("Add", product, row)

    def _store(self, value: NDArray[np.float32] | NDArray[np.int64]) -> str:
        name = f"weight_{len(self._weights)}"
        self._weights.append(numpy_helper.from_array(value, name))
        return name


def band_pieces(weight: Array) -> list[tuple[slice, slice]]:
    """Cut a banded matrix into dense pieces of neighbouring columns, as cheap as possible.

    Parameters
    ----------
    weight
        As in `StepGraph.banded`; the first and the last row that is not zero rise from column to column.

    Returns
    -------
    pieces
        Rows and columns of each piece, for which the sum of weights and of `PIECE_COST` is the least.
    """
    first = np.argmax(weight != 0.0, axis=0)
    end = len(weight) - np.argmax(weight[::-1] != 0.0, axis=0)
    costs, begins = [0], [0]  # of the cheapest cut up to a column, and where its last piece begins
    for column in range(1, weight.shape[1] + 1):
        sizes = (end[column - 1] - first[:column]) * np.arange(column, 0, -1)
        totals = np.array(costs) + PIECE_COST + sizes
        begins.append(int(np.argmin(totals)))
        costs.append(int(totals[begins[-1]]))
    pieces, column = [], weight.shape[1]
    while column:
        begin = begins[column]
        pieces.append((slice(int(first[begin]), int(end[column - 1])), slice(begin, column)))
        column = begin
    return pieces[::-1]
